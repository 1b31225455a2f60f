package integration_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// backBy is by how much the clock is set back at least, in place of the hour of the end of summer time.
const backBy = 25 * time.Second

// setBackIn gives a server a time zone, for all its clients, whose clock is set back once, at a
// moment soon to come: time zones are rows of its own tables.
func setBackIn(t *testing.T, s *servers.Server, soon, by time.Duration) (at time.Time) {
	t.Helper()
	db := s.DB(t, "mysql")
	at = time.Now().Add(soon).Truncate(time.Second)
	exec(t, db, "INSERT INTO time_zone (Time_zone_id, Use_leap_seconds) VALUES (9001, 'N')",
		"INSERT INTO time_zone_name (Name, Time_zone_id) VALUES ('Test/Back', 9001)",
		fmt.Sprintf("INSERT INTO time_zone_transition_type (Time_zone_id, Transition_type_id, `Offset`, Is_DST, "+
			"Abbreviation)"+
			" VALUES (9001, 0, %d, 1, 'SUM'), (9001, 1, 3600, 0, 'WIN')", 3600+int(by.Seconds())),
		fmt.Sprintf("INSERT INTO time_zone_transition (Time_zone_id, Transition_time, Transition_type_id) VALUES "+
			"(9001, 0, 0), (9001, %d, 1)", at.Unix()),
		"SET GLOBAL time_zone = 'Test/Back'")
	return at
}

// writeAll writes a row into each of the tables, again and again, until ctx ends.
func writeAll(ctx context.Context, conn *sql.Conn, tables ...string) error {
	for id := 1; pause(ctx, 20*time.Millisecond); id++ {
		for _, table := range tables {
			if _, err := conn.ExecContext(context.WithoutCancel(ctx),
				fmt.Sprintf("INSERT INTO %s (id) VALUES (%d)", table, id)); err != nil {
				return err
			}
		}
	}
	return nil
}

// A setBackSource has tables, and a clock that is set back at a moment.
type setBackSource struct {
	*product
	back time.Time
	by   time.Duration
}

var setBackTables = []string{"local", "bare", "stamped"}

// startSetBack loads the tables before the source's clock is set back: on a slow machine, that is later.
func startSetBack(t *testing.T, shared *servers.Server, by time.Duration) setBackSource {
	t.Helper()
	for soon := by; ; soon *= 2 {
		s := servers.Private(t, shared.Flavor)
		z := setBackSource{back: setBackIn(t, s, soon, by), by: by}
		z.product = start(t, options{source: s, target: shared, tables: strings.Join([]string{
			fmt.Sprintf("- { name: FROM.local, target: TO.local, cursor: at, overlap: %s }", by+15*time.Second),
			"- { name: FROM.bare, target: TO.bare, cursor: at, overlap: 0s }",
			"- { name: FROM.stamped, target: TO.stamped, cursor: at, overlap: 0s }",
		}, "\n")})
		for _, table := range setBackTables {
			z.load(table)
		}
		if time.Now().Before(z.back.Add(-2 * time.Second)) {
			return z
		}
		t.Logf("the clock was set back too early: %s were too short", soon)
	}
}

// load makes a table and loads it for the first time.
func (z setBackSource) load(table string) {
	z.t.Helper()
	kind := "DATETIME(3)"
	if table == "stamped" {
		kind = "TIMESTAMP(3)"
	}
	exec(z.t, z.src,
		"CREATE TABLE "+table+" (id INT PRIMARY KEY, at "+kind+" NOT NULL DEFAULT CURRENT_TIMESTAMP(3), KEY (at))",
		"INSERT INTO "+table+" VALUES (0, '2024-01-01')")
	r, err := z.try(workflows.SyncTableInput{Table: z.table(table)})
	if time.Now().After(z.back) {
		return // it does not count
	}
	require.NoError(z.t, err)
	warnings := strings.Join(r.Warnings, "\n")
	if table == "stamped" {
		require.NotContains(z.t, warnings, "comes twice")
		return
	}
	require.Contains(z.t, warnings, "column at has local times of Test/Back: when summer time ends, an hour of it "+
		"comes twice")
}

// tryBare runs the table without an overlap, and says whether its watermark was ahead of the source.
func (z setBackSource) tryBare() (ahead bool) {
	z.t.Helper()
	_, err := z.try(workflows.SyncTableInput{Table: z.table("bare")})
	if err != nil {
		requireFailure(z.t, err, failure.WatermarkAhead)
	}
	return err != nil
}

// acrossSetBack runs the tables while the clock is set back, and says how often the one without an overlap was ahead of
// its source.
func (z setBackSource) acrossSetBack() (ahead int) {
	z.t.Helper()
	for time.Now().Before(z.back.Add(8*time.Second)) || ahead == 0 && time.Now().Before(z.back.Add(z.by)) {
		if z.tryBare() {
			ahead++
		}
		if before := time.Until(z.back); before > 0 && before < 6*time.Second {
			pause(z.t.Context(), poll) // its watermark is close to the moment, and it is the first to run after it
			continue
		}
		z.once("local")
		z.once("stamped")
		pause(z.t.Context(), time.Second)
	}
	return ahead
}

// meetSetBack writes rows while the clock is set back. On a slow machine no run is close to the moment: then it begins
// again, with a clock that is set back by more.
func meetSetBack(t *testing.T, shared *servers.Server) setBackSource {
	t.Helper()
	for by := backBy; ; by *= 2 {
		z := startSetBack(t, shared, by)
		ctx, stop := context.WithCancel(t.Context())
		wrote := make(chan error, 1)
		writer := session(t, z.src)
		go func() { wrote <- writeAll(ctx, writer, setBackTables...) }()
		ahead := z.acrossSetBack()
		stop()
		require.NoError(t, <-wrote)
		if ahead > 0 {
			return z
		}
		t.Logf("no run was close to the moment: %s were too short", by)
	}
}

// The clock of the server's zone is set back while rows are written: local times come twice. A
// TIMESTAMP does not know of it, a DATETIME with an overlap that is longer waits, one without is
// ahead of its source for as long. Nothing is lost in either case.
func TestAClockThatIsSetBackIsCoveredByTheOverlap(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, shared *servers.Server) {
		p := meetSetBack(t, shared)
		require.Equal(t, "1", scalar(t, p.src, "SELECT MAX(a.at) > MIN(b.at) FROM local a JOIN local b ON b.id = "+
			"a.id + 1"), "no clock was set back")
		p.settled("stamped")
		p.equal("stamped", []string{"id"}, "at")
		// Until the second time is over, for the server's clock and for the watermarks.
		const local = "CONVERT_TZ(UTC_TIMESTAMP(3), '+00:00', @@GLOBAL.time_zone)"
		holds(t, p.src, "SELECT "+local+" > MAX(at) + INTERVAL 1 SECOND FROM local")
		now := scalar(t, p.src, "SELECT CAST("+local+" AS CHAR)")
		require.Eventually(t, func() bool { return p.once("local").Watermark >= now }, timeout, runPoll)
		caughtUp := func() bool { return !p.tryBare() && p.state("bare").Watermark >= now }
		require.Eventually(t, caughtUp, timeout, runPoll)
		p.equal("local", []string{"id"}, "at")
		p.equal("bare", []string{"id"}, "at")
	})
}
