package mysqlerr_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// endless is a SELECT that would run for hours.
const endless = "SELECT COUNT(*) FROM information_schema.columns a, information_schema.columns b," +
	" information_schema.columns c"

// provoked is one error number and how to come by it.
type provoked struct {
	number uint16
	// on is the only flavor that says it; empty is both.
	on    servers.Flavor
	class mysqlerr.Class
	// says is a part of the sentence; it names what is wrong, and for a name of theirs holds it.
	says string
	by   func(p *dbtest.Provoker) error
}

// requireProvoked holds an error against what the table of errors promises of its number.
func requireProvoked(t *testing.T, want provoked, err error) {
	t.Helper()
	require.Error(t, err)
	safe := mysqlerr.Safe(err)
	require.Equal(t, want.number, mysqlerr.NumberOf(safe), "%v", err)
	require.Equal(t, want.class, mysqlerr.Classify(safe), "%v", err)
	require.ErrorContains(t, safe, want.says)
	require.ErrorContains(t, safe, fmt.Sprintf("(error %d)", want.number))
	require.NotContains(t, safe.Error(), "s3cret")
	permanent := want.class == mysqlerr.ClassConfiguration || want.class == mysqlerr.ClassRowData
	require.Equal(t, permanent, mysqlerr.IsPermanent(safe))
	if permanent || want.class == mysqlerr.ClassCapacity || want.class == mysqlerr.ClassFailover {
		require.NotEmpty(t, mysqlerr.Describe(safe).Remedy, "no remedy")
	}
}

// shouldSay runs a table of errors, each as a subtest with the number's name.
func shouldSay(t *testing.T, s *servers.Server, table []provoked) {
	for _, c := range table {
		if c.on != "" && c.on != s.Flavor {
			continue
		}
		name := fmt.Sprint(c.number)
		t.Run(name, func(t *testing.T) { requireProvoked(t, c, c.by(dbtest.NewProvoker(t, s))) })
	}
}

// Every number that two sessions and a login can provoke, one by one, on real servers.
func TestEachErrorNumberIsWhatItsClassSays(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for _, table := range [][]provoked{provokedByOthers, provokedByGrants, provokedByNames, provokedByRows} {
			shouldSay(t, s, table)
		}
	})
}

// A connection that is gone has no number in Go: what C clients call 2006 and 2013.
func TestEachWayToLoseAConnectionIsRetried(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for name, by := range map[string]func(p *dbtest.Provoker) error{
			"2013, killed during a statement": func(p *dbtest.Provoker) error { return p.WhileWaiting("KILL ID") },
			"2006, killed between statements": func(p *dbtest.Provoker) error {
				var id int
				require.NoError(p, p.Target.QueryRowContext(p.Context(), "SELECT CONNECTION_ID()").Scan(&id))
				dbtest.Exec(p, p.Admin, fmt.Sprintf("KILL %d", id))
				return p.UntilError("DO 1")
			},
			"4031, idle for too long": func(p *dbtest.Provoker) error {
				require.NoError(p, p.Say("SET wait_timeout = 1"))
				var id int
				require.NoError(p, p.Target.QueryRowContext(p.Context(), "SELECT CONNECTION_ID()").Scan(&id))
				there := fmt.Sprintf("SELECT COUNT(*) FROM information_schema.processlist WHERE id = %d", id)
				require.Eventually(p, func() bool { return dbtest.Texts(p, p.Admin, there)[0] == "0" }, dbtest.Soon,
					50*time.Millisecond)
				return p.UntilError("DO 1")
			},
		} {
			t.Run(name, func(t *testing.T) {
				p := dbtest.NewProvoker(t, s)
				err := mysqlerr.Safe(by(p))
				t.Log(err)
				require.Equal(t, mysqlerr.ClassRetry, mysqlerr.Classify(err), "%v", err)
				number := mysqlerr.NumberOf(err)
				require.Contains(t, []uint16{0, 1317, 1927, 4031}, number, "%v", err)
				require.NotContains(t, err.Error(), "s3cret")
				require.NoError(t, p.SayAs(p.Session(""), "UPDATE t SET v = '' WHERE id = 2"), "a new connection")
			})
		}
	})
}
