package mysqldb_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// A created target that stamped its own rows would keep them from the source for ever.
func TestACreatedTargetDoesNotStampItsRows(t *testing.T) {
	eachPair(t, func(t *testing.T, p *pair) {
		p.atSource("CREATE TABLE stamps (id INT PRIMARY KEY, note INT, own DATETIME ON UPDATE CURRENT_TIMESTAMP," +
			" bare TIMESTAMP NOT NULL, u TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6))")
		plan := p.apply("stamps")
		require.NotContains(t, strings.ToUpper(plan.Statements[0]), "ON UPDATE")
		target := introspect(t, p.dst, p.to, "stamps")
		for _, c := range target.Columns {
			require.Empty(t, c.OnUpdate, c.Name)
		}
	})
}

func TestATargetThatStampsItsRowsIsWarnedOf(t *testing.T) {
	eachPair(t, func(t *testing.T, p *pair) {
		const ddl = "CREATE TABLE stamps (id INT PRIMARY KEY, u TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6))"
		p.atSource(ddl)
		p.atTarget(ddl)
		warned := func() (out []table.Finding) {
			plan, err := p.dst.PlanTarget(t.Context(), p.src, introspect(t, p.src, p.from, "stamps"), table.Name{Schema: p.to, Table: "stamps"}, mysqldb.TargetOptions{Cursor: "u"})
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
		p.atTarget(found[0].Remedy) // what it advises cures it
		require.Empty(t, warned())
	})
}

// A zero date lies below every watermark, as NULL does.
func TestAZeroDateInTheCursorIsRefusedAsNullIs(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := lenient(t, s, schema)
		db := open(t, s, mysqldb.Options{Name: "src"})
		for _, typ := range []string{"DATE", "DATETIME", "DATETIME(6)", "TIMESTAMP", "TIMESTAMP(3)"} {
			for _, index := range []string{"", ", KEY (u)"} {
				zero := "'0000-00-00 00:00:00'"
				if typ == "DATE" {
					zero = "'0000-00-00'"
				}
				exec(t, admin, "DROP TABLE IF EXISTS zeros", "CREATE TABLE zeros (id INT PRIMARY KEY, u "+typ+" NOT NULL DEFAULT "+zero+index+")",
					"INSERT INTO zeros VALUES (1, '2024-05-01')")
				check := func(level table.Level) string {
					return strings.Join(found(t, db, introspect(t, db, schema, "zeros"), mysqldb.SourceCheck{Cursor: "u", Zone: "+00:00"}, level), "\n")
				}
				require.NotContains(t, check(table.LevelRefuse), "zero date", typ)
				require.Contains(t, check(table.LevelWarn), "may be the zero date, now it never is", typ)
				exec(t, admin, "INSERT INTO zeros (id) VALUES (2)")
				require.Contains(t, check(table.LevelRefuse), "the cursor u is the zero date in some rows", typ)
			}
		}
	})
}

func TestACursorInThePrimaryKeyIsWarnedOf(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := lenient(t, s, schema)
		db := open(t, s, mysqldb.Options{Name: "src"})
		exec(t, admin, "CREATE TABLE moving (u DATETIME(6) NOT NULL, id INT, PRIMARY KEY (u, id))",
			"CREATE TABLE versions (id INT, v INT, PRIMARY KEY (id, v), KEY (v))",
			"CREATE TABLE ids (id BIGINT PRIMARY KEY)", "CREATE TABLE numbered (k INT, id INT AUTO_INCREMENT, PRIMARY KEY (id, k))")
		warned := func(name, cursor string) bool {
			return strings.Contains(strings.Join(found(t, db, introspect(t, db, schema, name), mysqldb.SourceCheck{Cursor: cursor, Zone: "+00:00"}, table.LevelWarn), "\n"),
				"is part of the primary key")
		}
		require.True(t, warned("moving", "u"))
		require.True(t, warned("versions", "v"))
		require.False(t, warned("ids", "id"))
		require.False(t, warned("numbered", "id"))
	})
}
