package target_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// A created target that stamped its own rows would keep them from the source for ever.
func TestACreatedTargetDoesNotStampItsRows(t *testing.T) {
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		p.AtSource("CREATE TABLE stamps (id INT PRIMARY KEY, note INT, own DATETIME ON UPDATE CURRENT_TIMESTAMP," +
			" bare TIMESTAMP NOT NULL, u TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE " +
			"CURRENT_TIMESTAMP(6))")
		plan := p.Apply("stamps")
		require.NotContains(t, strings.ToUpper(plan.Statements[0]), "ON UPDATE")
		target := dbtest.Introspect(t, p.Dst, p.To, "stamps")
		for _, c := range target.Columns {
			require.Empty(t, c.OnUpdate, c.Name)
		}
	})
}

func TestATargetThatStampsItsRowsIsWarnedOf(t *testing.T) {
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		const ddl = "CREATE TABLE stamps (id INT PRIMARY KEY, u TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) " +
			"ON UPDATE CURRENT_TIMESTAMP(6))"
		p.AtSource(ddl)
		p.AtTarget(ddl)
		warned := func() (out []table.Finding) {
			plan, err := target.New(p.Dst).Compare(
				t.Context(), p.Src, dbtest.Introspect(t, p.Src, p.From, "stamps"),
				table.Name{Schema: p.To, Table: "stamps"}, target.Options{Cursor: "u"},
			)
			require.NoError(t, err)
			for _, f := range plan.Findings {
				if f.Column == "u" && f.Level == table.LevelWarn {
					out = append(out, f)
				}
			}
			return out
		}
		found := warned()
		require.Len(t, found, 1)
		require.Contains(t, found[0].Text, "ON UPDATE on the target")
		p.AtTarget(found[0].Remedy) // what it advises cures it
		require.Empty(t, warned())
	})
}

// A zero date lies below every watermark, as NULL does.
func TestAZeroDateInTheCursorIsRefusedAsNullIs(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := dbtest.Lenient(t, s, schema)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		for _, typ := range []string{"DATE", "DATETIME", "DATETIME(6)", "TIMESTAMP", "TIMESTAMP(3)"} {
			for _, index := range []string{"", ", KEY (u)"} {
				zero := "'0000-00-00 00:00:00'"
				if typ == "DATE" {
					zero = "'0000-00-00'"
				}
				dbtest.Exec(t, admin, "DROP TABLE IF EXISTS zeros",
					"CREATE TABLE zeros (id INT PRIMARY KEY, u "+typ+" NOT NULL DEFAULT "+zero+index+")",
					"INSERT INTO zeros VALUES (1, '2024-05-01')")
				check := func(level table.Level) string {
					return strings.Join(
						dbtest.Found(
							t, db, dbtest.Introspect(t, db, schema, "zeros"),
							source.CheckSpec{Cursor: "u", Zone: "+00:00"}, level,
						),
						"\n",
					)
				}
				require.NotContains(t, check(table.LevelRefuse), "zero date", typ)
				require.Contains(t, check(table.LevelWarn), "may be the zero date, now it never is", typ)
				dbtest.Exec(t, admin, "INSERT INTO zeros (id) VALUES (2)")
				require.Contains(t, check(table.LevelRefuse), "the cursor u is the zero date in some rows", typ)
			}
		}
	})
}

func TestACursorInThePrimaryKeyIsWarnedOf(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := dbtest.Lenient(t, s, schema)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		dbtest.Exec(t, admin, "CREATE TABLE moving (u DATETIME(6) NOT NULL, id INT, PRIMARY KEY (u, id))",
			"CREATE TABLE versions (id INT, v INT, PRIMARY KEY (id, v), KEY (v))",
			"CREATE TABLE ids (id BIGINT PRIMARY KEY)", "CREATE TABLE numbered (k INT, id INT AUTO_INCREMENT, "+
				"PRIMARY KEY (id, k))")
		warned := func(name, cursor string) bool {
			return strings.Contains(strings.Join(
				dbtest.Found(
					t, db, dbtest.Introspect(t, db, schema, name), source.CheckSpec{Cursor: cursor, Zone: "+00:00"},
					table.LevelWarn,
				),
				"\n",
			),
				"is part of the primary key")
		}
		require.True(t, warned("moving", "u"))
		require.True(t, warned("versions", "v"))
		require.False(t, warned("ids", "id"))
		require.False(t, warned("numbered", "id"))
	})
}
