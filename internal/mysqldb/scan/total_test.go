package scan_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// A read that knows how many rows it wants sends no statement for more, and the next one goes on behind it.
func TestReadPagesEndsAfterItsTotal(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := dbtest.Lenient(t, s, schema)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		dbtest.Exec(t, admin, "CREATE TABLE t (a INT, b INT, u DATETIME(6) NOT NULL, PRIMARY KEY (a, b), KEY (u))")
		dbtest.Fill(t, admin, "t", 1000, "n DIV 300, n, '2024-01-01' + INTERVAL (n DIV 7) SECOND")
		tbl := dbtest.Introspect(t, db, schema, "t")
		for _, c := range []struct {
			spec  scan.ReadSpec
			exact bool
		}{
			{scan.ReadSpec{ByKey: true}, true},
			{scan.ReadSpec{Cursor: "u"}, true},
			// By bounded pages:
			{scan.ReadSpec{ByKey: true, Cursor: "u", Window: table.Window{Lo: "2023-01-01"}}, false},
		} {
			spec := c.spec
			spec.Table, spec.Limits = tbl, scan.PageLimits{Rows: 100, MaxRows: 100, TotalRows: 250}
			whole, _ := dbtest.ReadAll(t, db, scan.ReadSpec{
				Table: tbl, ByKey: spec.ByKey, Cursor: spec.Cursor, Window: spec.Window,
			})
			require.Len(t, whole, 1000)
			var all []string
			for {
				rows, stats := dbtest.ReadAll(t, db, spec)
				all = append(all, rows...)
				if spec.Start = stats.Next; spec.Start == nil {
					break
				}
				if c.exact {
					require.Len(t, rows, 250)
				}
				require.LessOrEqual(t, stats.Pages, 6)
				require.Positive(t, stats.PageRows)
			}
			require.Equal(t, whole, all)
		}
	})
}

// busy is a server that other clients use.
type busy struct {
	*mysqldb.DB
	turns *atomic.Int64
}

func (busy) OtherTrafficActive(context.Context) bool { return true }

func (b busy) AcquireReadSlot(ctx context.Context) (func(), error) {
	b.turns.Add(1)
	return b.DB.AcquireReadSlot(ctx)
}

// Beside other clients a reader rests after each page, the first one included.
func TestReadPagesRestsBesideOthers(t *testing.T) {
	s := servers.MySQL(t)
	schema := s.Schema(t)
	admin := dbtest.Lenient(t, s, schema)
	db := busy{dbtest.Open(t, s, mysqldb.Options{Name: "src"}), &atomic.Int64{}}
	dbtest.Exec(t, admin, "CREATE TABLE t (a INT PRIMARY KEY)")
	dbtest.Fill(t, admin, "t", 15, "n")
	spec := scan.ReadSpec{
		Table: dbtest.Introspect(t, db.DB, schema, "t"), ByKey: true,
		Limits: scan.PageLimits{Rows: 10, MaxRows: 10, Rest: 1e9}, // as long as a rest may be
	}
	began := time.Now()
	rows, stats := dbtest.ReadAll(t, db, spec)
	require.Len(t, rows, 15)
	require.Equal(t, 2, stats.Pages)
	require.Equal(t, int64(2), db.turns.Load())
	require.GreaterOrEqual(t, stats.Rested, time.Second)
	require.GreaterOrEqual(t, time.Since(began), stats.Rested)

	// It is asked after each page with more behind it whether the rest is in the way of others.
	asked := 0
	spec.Limits.Behind = func() bool {
		asked++
		return asked > 1
	}
	spec.Limits.Rows, spec.Limits.MaxRows = 5, 5
	began = time.Now()
	rows, stats = dbtest.ReadAll(t, db, spec)
	require.Len(t, rows, 15)
	require.GreaterOrEqual(t, stats.Pages, 3)
	require.GreaterOrEqual(t, asked, 2)
	require.GreaterOrEqual(t, stats.Rested, time.Second, "the first page has a rest")
	require.GreaterOrEqual(t, time.Since(began), stats.Rested)
}
