package scan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// Pages of a table whose key is a unique one stay ranges of its index: each row is looked at about once, whether InnoDB
// keeps the rows in that order or not. It looks at counters of the server, so that nothing may run beside it.
func TestPagesGoAlongAUniqueKey(t *testing.T) {
	const rows, page = 3000, 100
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		name := s.Schema(t)
		admin := dbtest.Lenient(t, s, name)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		for tbl, c := range map[string]struct{ keys, cursor string }{
			"alone":    {"UNIQUE KEY k (a, b)", ""},
			"beside":   {"PRIMARY KEY (id), UNIQUE KEY k (a, b)", ""},
			"windowed": {"PRIMARY KEY (id), UNIQUE KEY k (a, b), KEY (u)", "u"},
			"rowless":  {"UNIQUE KEY k (a, b), KEY (u)", "u"},
		} {
			dbtest.Exec(t, admin, "CREATE TABLE "+tbl+" (id INT NOT NULL, a INT NOT NULL, b VARCHAR(20) NOT NULL, "+
				"u INT NOT NULL, v VARCHAR(100), "+c.keys+")")
			dbtest.Fill(t, admin, tbl, rows, "n * 7919 MOD 100003, n DIV 10, CONCAT('b', n), n DIV 3, REPEAT('x', 90)")
			analyze(t, admin, tbl)
			src, ok := dbtest.Introspect(t, db, name, tbl).WithKey([]string{"b", "a"})
			require.True(t, ok)
			require.Equal(t, "k", src.KeyName())
			spec := scan.ReadSpec{
				Table: src, Columns: table.Carried(src.Values()), ByKey: c.cursor == "", Cursor: c.cursor,
				Limits: scan.PageLimits{Rows: page},
			}
			seen := map[string]bool{}
			before := dbtest.HandlerReads(t, s)
			_, err := scan.ReadPages(t.Context(), db, spec, func(got *table.Rows) error {
				for r := range got.Len() {
					seen[string(got.Value(r, 2))] = true
				}
				return nil
			})
			require.NoError(t, err, tbl)
			require.Len(t, seen, rows, tbl)
			require.Less(t, dbtest.HandlerReads(t, s)-before, 4*rows, tbl)
		}
	})
}
