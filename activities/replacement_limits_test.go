package activities_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// writes gives the steps another pool of the target.
func (r *replacing) writes(db *mysqldb.DB) {
	to := target.New(db)
	r.deps.Target = func(context.Context, string) (*target.Target, error) { return to, nil }
	r.restart()
}

// as gives the steps a login that has these privileges on the target's schema.
func (r *replacing) as(s *servers.Server, privileges ...string) {
	r.t.Helper()
	grant := strings.Join(privileges, ", ") + " ON `" + r.To + "`.*"
	r.logins++
	user := fmt.Sprintf("th_%s_%d", r.To[max(0, len(r.To)-16):], r.logins)
	dbtest.WithGrants(r.t, s, user, grant)
	db, err := mysqldb.Open(r.t.Context(), user+":pw@tcp("+s.Addr()+")/",
		mysqldb.Options{Role: mysqldb.Target, Name: "warehouse"})
	require.NoError(r.t, err)
	r.t.Cleanup(func() { require.NoError(r.t, db.Close()) })
	r.writes(db)
}

// findings previews a run, and returns what it has found.
func (r *replacing) findings() string {
	r.t.Helper()
	var text strings.Builder
	for _, f := range r.previewed().Findings {
		fmt.Fprintln(&text, f.Level, f.Text, f.Remedy)
	}
	return text.String()
}

// Each privilege that the tables beside a target take is asked for by name, before anything is written.
func TestAReplacementNamesTheGrantThatIsMissing(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		r := newReplacing(t, s)
		r.replaced()
		r.deps.Client = &stateClient{}
		all := []string{"SELECT", "INSERT", "UPDATE", "CREATE", "ALTER", "DROP"}
		for _, missing := range all {
			r.as(s, slices.DeleteFunc(slices.Clone(all), func(p string) bool { return p == missing })...)
			require.Contains(t, r.findings(), "GRANT "+missing+" ON `"+r.To+"`.* TO '")
			var ignored any
			requireType(t, r.step("PlanRun", r.planInput(), &ignored), failure.UnsupportedTable)
			require.Equal(t, "t", r.tables())
		}
		r.as(s, all...)
		require.NotContains(t, r.findings(), "GRANT")
		r.replaced()
	})
}

// A server whose RENAME of two tables is not atomic in a crash is refused, unless that is allowed.
func TestAServerWithoutAnAtomicRenameIsReplacedWhereAllowed(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		r := newReplacing(t, s)
		r.replaced()
		old := *r.Dst
		if old.Server.Major, old.Server.Minor = 5, 7; s.Flavor == servers.FlavorMariaDB {
			old.Server.Major, old.Server.Minor = 10, 5
		}
		r.writes(&old)
		var ignored any
		err := r.step("PlanRun", r.planInput(), &ignored)
		requireType(t, err, failure.UnsupportedTable)
		require.ErrorContains(t, err, "does not rename two tables at once safely")
		require.ErrorContains(t, err, "allowUnsafeSwap")
		r.settings.Replace.AllowUnsafe = true
		r.deps.Client = &stateClient{}
		r.restart()
		require.Contains(t, r.findings(), "the target is missing until the step is repeated")
		r.AtSource("DELETE FROM t WHERE id < 50")
		require.True(t, r.replaced().Kept)
		require.Equal(t, "200 29900", r.rows("t"))
	})
}

// A foreign key of the target to itself follows it: it never refers to the former table. Columns that only the target
// has are named before they are emptied.
func TestAForeignKeyOfTheTargetToItselfIsCarried(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		r := newReplacing(t, s)
		r.AtSource("ALTER TABLE t ADD above INT", "UPDATE t SET above = 249 - id",
			"ALTER TABLE t ADD CONSTRAINT up FOREIGN KEY (above) REFERENCES t (id)")
		r.AtTarget("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20), updated_at TIMESTAMP(6) NOT NULL, above INT, " +
			"mine INT DEFAULT 1, twice INT AS (mine * 2) STORED, CONSTRAINT up FOREIGN KEY (above) REFERENCES t (id))")
		r.deps.Client = &stateClient{}
		r.restart()
		require.Contains(t, r.findings(), "columns that only the target has get their default in every row, what "+
			"others have written there is lost: mine ")
		for range 2 {
			require.True(t, r.replaced().Kept)
			require.Contains(t, r.create("t"), "FOREIGN KEY (`above`) REFERENCES `t` (`id`)")
			require.Equal(t, "250 31125", r.rows("t"))
		}
		r.settings.Replace.KeepOld = 0
		require.True(t, r.replaced().Kept)
		require.True(t, r.dropOld().Dropped)
		_, err := s.DB(t, r.To).ExecContext(t.Context(),
			"INSERT INTO t (id, updated_at, above) VALUES (999, NOW(), 998)")
		require.ErrorContains(t, err, "1452", "the key holds")
	})
}

// Rows that the target refuses are set aside, and are no difference of the load.
func TestAReplacementSetsRefusedRowsAside(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		r := newReplacing(t, s)
		r.settings.Quarantine = &activities.QuarantineSettings{MaxRows: 5, MaxShare: 1}
		r.AtTarget("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20), updated_at TIMESTAMP(6) NOT NULL, " +
			"CONSTRAINT good CHECK (v NOT LIKE 'bad%'))")
		r.AtSource("UPDATE t SET v = 'bad' WHERE id IN (3, 7)")
		plan, in := r.begun()
		check := r.loaded(plan, in)
		require.EqualValues(t, 248, check.Rows)
		var found activities.CheckReplacementResult
		require.NoError(t, r.step("CheckReplacement", check, &found))
		require.True(t, r.swap(in).Kept)
		require.Equal(t, "248 31115", r.rows("t"))
		require.Equal(t, [2]int{1, 1}, r.quarantineFiles())
		r.AtSource("UPDATE t SET v = 'ok'")
		r.replaced()
		require.Equal(t, "250 31125", r.rows("t"))
	})
}

// Where the login may not see the transactions of others, the table is rebuilt at once: an older one gets an error
// instead of a part of the rows.
func TestWithoutProcessOlderTransactionsGetAnError(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		r := newReplacing(t, s)
		r.AtTarget("CREATE TABLE other (id INT)")
		r.as(s, "SELECT", "INSERT", "UPDATE", "CREATE", "ALTER", "DROP")
		r.replaced()
		reader := dbtest.Session(t, s.DB(t, r.To))
		dbtest.Run(t, reader, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
			"START TRANSACTION WITH CONSISTENT SNAPSHOT", "SELECT * FROM other")
		require.True(t, r.replaced().Rebuilt)
		var rows int
		err := reader.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM t").Scan(&rows)
		require.ErrorContains(t, err, "1412")
		dbtest.Run(t, reader, "COMMIT", "SELECT * FROM t")
	})
}
