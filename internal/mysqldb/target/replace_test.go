package target_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

func TestReplaceIsRefusedWhereRowsWouldPushEachOtherOut(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		const columns = "(id INT PRIMARY KEY, u VARCHAR(30) COLLATE utf8mb4_bin, v VARCHAR(30) COLLATE utf8mb4_bin " +
			"NOT NULL, g VARCHAR(9) AS (LEFT(v, 3)) STORED, at DATETIME(6)"
		from, to := s.Schema(t), s.Schema(t)
		raw, db := s.DB(t, to), dbtest.OpenTarget(t, s)
		src := dbtest.Open(t, s, mysqldb.Options{Role: mysqldb.Source})
		for _, c := range []struct{ source, target, refused, warned string }{
			{"UNIQUE (u)", "UNIQUE same (u)", "", ""},
			{"UNIQUE (u)", "UNIQUE wider (v, u)", "", ""},
			{"UNIQUE (u(5))", "UNIQUE longer (u(7))", "", ""},
			{"UNIQUE (u(5))", "UNIQUE whole (u)", "", ""},
			{"UNIQUE (u)", "UNIQUE k (u(5))", "unique key k that the source does not keep", ""},
			{"UNIQUE (u, v)", "UNIQUE k (u)", "unique key k that the source does not keep", ""},
			{"KEY (u)", "UNIQUE k (u)", "unique key k that the source does not keep", ""},
			{"KEY (u)", "UNIQUE with_key (id, u)", "", ""},
			{"UNIQUE (g)", "UNIQUE k (g)", "", "cannot look rows up by the target's unique key k"},
		} {
			dbtest.Exec(
				t, raw, "CREATE TABLE "+sqltext.Ident(from)+".t "+columns+", "+c.source+")",
				"CREATE TABLE t "+columns+", "+c.target+")",
			)
			requireReplace(t, db, src, from, to, c.source+" to "+c.target, c.refused, c.warned)
			dbtest.Exec(t, raw, "DROP TABLE t, "+sqltext.Ident(from)+".t")
		}
		dbtest.Exec(t, raw, "CREATE TABLE "+sqltext.Ident(from)+".t "+columns+", UNIQUE (u))",
			"CREATE TABLE t "+strings.Replace(columns, "utf8mb4_bin", "utf8mb4_general_ci", 1)+", UNIQUE k (u))")
		requireReplace(
			t, db, src, from, to, "collation", "unique key k that the source does not keep",
			"two different keys could become one row",
		)
		dbtest.Exec(t, raw, "DROP TABLE t", "CREATE TABLE t "+columns+", UNIQUE k (u))",
			"CREATE TABLE child (a INT, FOREIGN KEY (a) REFERENCES t (id) ON DELETE CASCADE)")
		requireReplace(
			t, db, src, from, to, "cascade", "table "+to+".child refers to the target with ON DELETE CASCADE", "",
		)
		dbtest.Exec(t, raw, "DROP TABLE child", "CREATE TABLE child (a INT, FOREIGN KEY (a) REFERENCES t (id))",
			"INSERT INTO t (id, u, v, at) VALUES (1, 's3cret', 'x', NULL)", "INSERT INTO child VALUES (1)")
		requireReplace(
			t, db, src, from, to, "restrict", "", "a row that has to make way and is referred to stops the run",
		)

		target := dbtest.Introspect(t, db, to, "t")
		w := &dbtest.Writing{T: t, Server: s, Schema: to, Db: db, Raw: raw, Spec: upsert.Spec{
			Target: target, Columns: table.Carried(target.Values()), Cursor: "at", Conflicts: upsert.DeleteConflicts,
		}}
		_, err := w.Upsert(dbtest.Row(2, "s3cret", "y", "2024-01-01 00:00:00.000000"))
		require.True(t, mysqlerr.IsPermanent(err), "%v", err)
		require.ErrorContains(t, err, "has to make way")
		require.NotContains(t, err.Error(), "s3cret")
		w.Holds("SELECT id FROM t", "1")
	})
}

// requireReplace plans a target under both policies; only replace may refuse or warn.
func requireReplace(t *testing.T, db, src *mysqldb.DB, from, to, what, refused, warned string) {
	t.Helper()
	source := dbtest.Introspect(t, src, from, "t")
	plan := func(replace bool) target.Diff {
		p, err := target.New(db).Compare(
			t.Context(), src, source, table.Name{Schema: to, Table: "t"},
			target.Options{Cursor: "at", Replace: replace},
		)
		require.NoError(t, err, what)
		return p
	}
	require.False(t, plan(false).Refused(), what)
	p := plan(true)
	require.Equal(t, refused != "", p.Refused(), "%s: %+v", what, p.Findings)
	var text strings.Builder
	for _, f := range p.Findings {
		text.WriteString(f.Text + "\n")
	}
	require.Contains(t, text.String(), refused, what)
	require.Contains(t, text.String(), warned, what)
	if warned == "" {
		require.NotContains(t, text.String(), "stops the run", what)
	}
}
