package scan_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// busyCounter updates row 1 of a table again and again until the test ends, and waits for the first
// update. What it returns is how many there have been, at least.
func busyCounter(t testing.TB, s *servers.Server, schema, update string, pause time.Duration) (count func() int64) {
	t.Helper()
	db := s.DB(t, schema)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		for {
			if _, err := db.ExecContext(ctx, update); err != nil && ctx.Err() == nil {
				done <- err
				return
			}
			select {
			case <-ctx.Done():
				done <- nil
				return
			case <-time.After(pause):
			}
		}
	}()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-done)
	})
	count = func() (n int64) {
		require.NoError(t, db.QueryRowContext(t.Context(), "SELECT n FROM t WHERE id = 1").Scan(&n))
		return n
	}
	require.Eventually(t, func() bool { return count() > 0 }, dbtest.Soon, 10*time.Millisecond)
	return count
}

const stampedRow = "u TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6), KEY k (u)"

// A row that changes all the time is above every window's end, and is read all the same, once it
// is the last that is read: in a version from during the read.
func TestReadPagesUpToNowMeetsARowThatChangesAllTheTime(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for name, byKey := range map[string]bool{"along the cursor": false, "by key": true} {
			t.Run(name, func(t *testing.T) {
				schema := s.Schema(t)
				admin := dbtest.Lenient(t, s, schema)
				db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
				dbtest.Exec(
					t,
					admin,
					"CREATE TABLE t (id INT PRIMARY KEY, n BIGINT NOT NULL DEFAULT 0, "+stampedRow+")",
				)
				dbtest.Fill(t, admin, "t", 3000, "n, 0, NOW(6) - INTERVAL 1 HOUR + INTERVAL n SECOND")
				count := busyCounter(t, s, schema, "UPDATE t SET n = n + 1 WHERE id = 1", time.Millisecond)
				tbl := dbtest.Introspect(t, db, schema, "t")
				spec := scan.ReadSpec{
					Table: tbl, Cursor: "u", ByKey: byKey, Limits: scan.PageLimits{Rows: 100, MaxRows: 100},
					Window: table.Window{Hi: dbtest.Texts(t, admin, "SELECT NOW(6) - INTERVAL 1 MINUTE")[0]},
				}
				for range 5 {
					before := count()
					spec.ToNow = true
					rows, _ := dbtest.ReadAll(t, db, spec)
					require.GreaterOrEqual(t, newest(t, rows), before, "as it was before the read, or later")
				}
				spec.ToNow = false
				rows, _ := dbtest.ReadAll(t, db, spec)
				require.EqualValues(t, -1, newest(t, rows), "a closed read does not see it")
			})
		}
	})
}

// newest is the largest n of row 1, -1 for none.
func newest(t testing.TB, rows []string) int64 {
	t.Helper()
	found := int64(-1)
	for _, row := range rows {
		if cells := strings.Split(row, "|"); cells[0] == "1" {
			var n int64
			_, err := fmt.Sscan(cells[1], &n)
			require.NoError(t, err)
			found = max(found, n)
		}
	}
	return found
}

// Each kind of cursor is read up to its own now, in its own zone, and rows of the future are not.
func TestReadPagesUpToNowInEveryKindOfCursor(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := dbtest.Lenient(t, s, schema)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		const east = 5*time.Hour + 30*time.Minute
		for name, c := range map[string]struct {
			column, now, hi string
			zone            time.Duration
			noFuture        bool
		}{
			"timestamp":  {"TIMESTAMP NULL", "NOW()", "NOW() - INTERVAL 1 HOUR", 0, false},
			"timestamp6": {"TIMESTAMP(6) NULL", "NOW(6)", "NOW(6) - INTERVAL 1 HOUR", 0, false},
			"datetime":   {"DATETIME", "NOW()", "NOW() - INTERVAL 1 HOUR", 0, false},
			"datetime3":  {"DATETIME(3)", "NOW(3)", "NOW(3) - INTERVAL 1 HOUR", 0, false},
			"local": {"DATETIME(6)", "NOW(6) + INTERVAL 330 MINUTE", "NOW(6) + INTERVAL 270" +
				" MINUTE", east, false},
			"date":         {"DATE", "CURRENT_DATE", "CURRENT_DATE - INTERVAL 1 DAY", 0, false},
			"bigint":       {"BIGINT", "7000", "6000", 0, true},
			"hi above now": {"DATETIME(6)", "NOW(6) + INTERVAL 2 MINUTE", "NOW(6) + INTERVAL 3 MINUTE", 0, false},
		} {
			t.Run(name, func(t *testing.T) {
				dbtest.Exec(t, admin, "DROP TABLE IF EXISTS t",
					"CREATE TABLE t (id INT PRIMARY KEY, u "+c.column+", KEY k (u))")
				dbtest.Exec(t, admin, "SET @hi = "+c.hi, "INSERT INTO t VALUES (2, "+c.now+")")
				future := []string{
					"INSERT INTO t SELECT 3, u + INTERVAL 2 DAY FROM t WHERE id = 2",
					"INSERT INTO t SELECT 4, '2037-01-01'",
				}
				if c.noFuture {
					future = []string{"INSERT INTO t VALUES (3, 1), (4, 2)"}
				}
				dbtest.Exec(t, admin, future...)
				tbl := dbtest.Introspect(t, db, schema, "t")
				hi := dbtest.Texts(t, admin, "SELECT CAST(@hi AS CHAR)")[0]
				for _, byKey := range []bool{false, true} {
					spec := scan.ReadSpec{
						Table: tbl, Columns: tbl.Values()[:1], Cursor: "u", ByKey: byKey, ToNow: true,
						ZoneOffset: c.zone, Window: table.Window{Lo: "2020-01-01", Hi: hi},
					}
					if c.noFuture {
						spec.Window.Lo = "100"
					}
					rows, _ := dbtest.ReadAll(t, db, spec)
					require.Equal(t, []string{"2"}, rows, "by key: %v", byKey)
				}
			})
		}
	})
}

// Where rows are written faster than they are read, the read ends: what is left is the next one's.
func TestReadPagesUpToNowEndsWhereWritersAreFaster(t *testing.T) {
	scan.SetMaxRowsAfterClock(t, 500)
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := dbtest.Lenient(t, s, schema)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		dbtest.Exec(t, admin, "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, "+stampedRow+")")
		dbtest.Fill(t, admin, "t", 300, "NULL, NOW(6) - INTERVAL 1 HOUR + INTERVAL n SECOND")
		tbl := dbtest.Introspect(t, db, schema, "t")
		spec := scan.ReadSpec{
			Table:   tbl,
			Columns: tbl.Values(),
			Cursor:  "u",
			ToNow:   true,
			Limits:  scan.PageLimits{Rows: 100, MaxRows: 100},
		}
		seen, pages := 0, 0
		stats, err := scan.ReadPages(t.Context(), db, spec, func(rows *table.Rows) error {
			seen += rows.Len()
			if pages++; pages > 60 {
				return fmt.Errorf("it goes on for ever")
			}
			// Two pages of rows for each that is read, all stamped later than any before.
			dbtest.Fill(t, admin, "t", 200, fmt.Sprintf("NULL, NOW(6) + INTERVAL %d MICROSECOND", pages))
			return nil
		})
		require.NoError(t, err)
		require.Nil(t, stats.Next)
		require.Greater(t, seen, 300)
	})
}
