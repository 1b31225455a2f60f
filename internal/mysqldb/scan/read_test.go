package scan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// Bounds inside a large group of equal first values must not make each range read on to the
// end of the group. It looks at counters of the server, so that nothing may run beside it.
func TestRangesAreReadAlongTheIndex(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := dbtest.Lenient(t, s, schema)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		const n = 20000
		for _, c := range []keyCase{
			{"enums", "a ENUM('new','open','done'), b INT", "a, b", "IF(n < 10, 1, 3), n"},
			{"sets", "a SET('x','y'), b INT", "a, b", "n % 2, n"},
			{"words", "a VARCHAR(20) COLLATE utf8mb4_general_ci, b INT", "a, b", "ELT(1 + n % 2, 'é', 'y'), n"},
			{"falling", "a INT, b INT", "a DESC, b DESC", "n % 2, n"},
		} {
			dbtest.Exec(t, admin, "CREATE TABLE "+c.name+" ("+c.cols+", v VARCHAR(100), PRIMARY KEY ("+c.key+"))")
			dbtest.Fill(t, admin, c.name, n, c.exprs+", REPEAT('x', 90)")
			analyze(t, admin, c.name)
			tbl := dbtest.Introspect(t, db, schema, c.name)
			ranges, err := scan.CutRanges(t.Context(), db, tbl, 16, 100)
			require.NoError(t, err)
			require.Greater(t, len(ranges), 8)
			before := dbtest.HandlerReads(t, s)
			_, all := readRanges(t, db, tbl, ranges)
			require.Len(t, all, n)
			require.Less(t, dbtest.HandlerReads(t, s)-before, 5*n/2, c.name)
		}
	})
}
