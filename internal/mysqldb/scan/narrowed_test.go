package scan_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// Pages and looks by key of the rows of one source, in a target whose key begins with a column that tells sources
// apart, are ranges of that key: no row of the other source is looked at. Where it ends with that column, each row of
// both is looked at about once. It looks at counters of the server, so that nothing may run beside it.
func TestPagesOfOneSourceAreARangeOfTheKey(t *testing.T) {
	const rows, page = 2000, 100
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		name := s.Schema(t)
		admin := dbtest.Lenient(t, s, name)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "dst"})
		for key, most := range map[string]int{"shard, a, b": 3 * rows, "a, b, shard": 12 * rows} {
			dbtest.Exec(t, admin, "DROP TABLE IF EXISTS t", "CREATE TABLE t (shard VARCHAR(64) COLLATE utf8mb4_bin, "+
				"a INT, b VARCHAR(20), v VARCHAR(100), PRIMARY KEY ("+key+"))")
			const values = "n DIV 10, CONCAT('b', n), REPEAT('x', 90)"
			dbtest.Fill(t, admin, "t", rows, "'eu', "+values)
			dbtest.Fill(t, admin, "t", rows, "'us', "+values)
			dbtest.Fill(t, admin, "t", rows, "'za', "+values)
			analyze(t, admin, "t")
			of, ok := dbtest.Introspect(t, db, name, "t").Narrowed([]string{"shard", "a", "b"}, []string{"a", "b"})
			require.True(t, ok)
			of.Filter, of.Fixed = "shard = 'us'", []string{"shard"}
			require.Equal(t, []string{"a", "b"}, of.PrimaryKey)
			seen, keys := 0, []table.Texts{}
			before := dbtest.HandlerReads(t, s)
			_, err := scan.ReadPages(t.Context(), db, scan.ReadSpec{
				Table: of, Columns: table.Carried(of.Values()), ByKey: true, Limits: scan.PageLimits{Rows: page},
			}, func(got *table.Rows) error {
				for r := range got.Len() {
					require.Equal(t, "us", string(got.Value(r, 0)))
					keys = append(keys, table.Texts{string(got.Value(r, 1)), string(got.Value(r, 2))})
				}
				seen += got.Len()
				return nil
			})
			require.NoError(t, err, key)
			require.Equal(t, rows, seen, key)
			require.Less(t, dbtest.HandlerReads(t, s)-before, most, key)

			before, seen = dbtest.HandlerReads(t, s), 0
			err = scan.ReadKeys(t.Context(), db, scan.KeysSpec{
				Table: of, Columns: table.Carried(of.Values()), Keys: keys[:300],
			}, func(got *table.Rows) error {
				seen += got.Len()
				return nil
			})
			require.NoError(t, err, key)
			require.Equal(t, 300, seen, key)
			require.Less(t, dbtest.HandlerReads(t, s)-before, 2000, key)
			ranges, err := scan.CutRanges(t.Context(), db, of, 4, 100)
			require.NoError(t, err)
			require.Greater(t, len(ranges), 1, fmt.Sprint(key))
		}
	})
}
