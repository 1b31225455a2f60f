package scan_test

import (
	"errors"
	"fmt"
	"strconv"
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

func TestReadPagesCutsAPageWhereRowsGrow(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := dbtest.Lenient(t, s, schema)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		dbtest.Exec(t, admin, "CREATE TABLE t (id INT PRIMARY KEY, v LONGTEXT)")
		dbtest.Fill(t, admin, "t", 600, "n, IF(n < 500, 'x', REPEAT('y', 100000))")
		tbl := dbtest.Introspect(t, db, schema, "t")
		const limit = 1 << 20
		var ids, largest int
		stats, err := scan.ReadPages(t.Context(), db, scan.ReadSpec{
			Table: tbl, ByKey: true, Columns: tbl.Values(),
			Limits: scan.PageLimits{Rows: 400, MaxBytes: limit},
		}, func(rows *table.Rows) error {
			for r := range rows.Len() {
				require.Equal(t, strconv.Itoa(ids), string(rows.Value(r, 0)))
				ids++
			}
			largest = max(largest, rows.Bytes())
			return nil
		})
		require.NoError(t, err)
		require.Equal(t, 600, ids)
		require.LessOrEqual(t, largest, limit+200000)
		require.Less(t, stats.Statements, 60)
	})
}

func TestReadPagesReadsLessWhenTimeRunsOut(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := dbtest.Lenient(t, s, schema)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		dbtest.Exec(t, admin, "CREATE TABLE t (id INT PRIMARY KEY, u DATETIME(6) NOT NULL, v VARCHAR(200), KEY (u))")
		const n = 30000
		dbtest.Fill(t, admin, "t", n, "n, '2024-01-01' + INTERVAL (n DIV 50) SECOND, REPEAT('x', 200)")
		tbl := dbtest.Introspect(t, db, schema, "t")
		for _, byKey := range []bool{true, false} {
			rows, stats := dbtest.ReadAll(t, db, scan.ReadSpec{
				Table: tbl, ByKey: byKey, Cursor: "u",
				Limits: scan.PageLimits{Rows: n, MaxTime: 2 * time.Millisecond},
			})
			require.Len(t, rows, n)
			require.Greater(t, stats.Statements, 2)
			seen := map[string]bool{}
			for _, r := range rows {
				require.False(t, seen[r])
				seen[r] = true
			}
		}
	})
}

func TestReadPagesStopsWhenYieldFails(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := dbtest.Lenient(t, s, schema)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		dbtest.Exec(t, admin, "CREATE TABLE t (id INT PRIMARY KEY)")
		dbtest.Fill(t, admin, "t", 100, "n")
		tbl := dbtest.Introspect(t, db, schema, "t")
		enough := errors.New("enough")
		stats, err := scan.ReadPages(t.Context(), db, scan.ReadSpec{
			Table: tbl, ByKey: true, Columns: tbl.Values(),
			Limits: scan.PageLimits{Rows: 10},
		}, func(*table.Rows) error { return enough })
		require.ErrorIs(t, err, enough)
		require.Equal(t, 1, stats.Pages)
	})
}

func TestReadPagesLooksAtEachRowAboutOnce(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := dbtest.Lenient(t, s, schema)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		const n = 20000
		for name, c := range map[string]struct{ cols, exprs, cursor string }{
			"bykey":     {"id INT PRIMARY KEY, u INT", "n, n", ""},
			"composite": {"a INT, b INT, c INT, u INT, PRIMARY KEY (a, b, c)", "n DIV 1000, n DIV 50, n, n", ""},
			"mixed":     {"a INT, b INT, u INT, PRIMARY KEY (a DESC, b)", "n DIV 1000, n, n", ""},
			"word":      {"a VARCHAR(20) CHARACTER SET latin1, u INT, PRIMARY KEY (a)", "CONCAT('é', n), n", ""},
			"cursor": {"id INT PRIMARY KEY, u DATETIME(6) NOT NULL, KEY (u)", "n, '2024-01-01' + INTERVAL n" +
				" MICROSECOND", "u"},
			"ties": {"id INT PRIMARY KEY, u DATETIME NOT NULL, KEY (u)", "n, '2024-01-01' + INTERVAL (n DIV" +
				" 5000) SECOND", "u"},
			"loose":    {"id INT PRIMARY KEY, u INT NOT NULL, x INT, KEY (u, x)", "n, n DIV 3, n", "u"},
			"backward": {"id INT PRIMARY KEY, u INT NOT NULL, KEY (u DESC)", "n, n DIV 3", "u"},
			"noindex":  {"id INT PRIMARY KEY, u INT NOT NULL", "n, n", "u"},
		} {
			dbtest.Exec(t, admin, "CREATE TABLE t_"+name+" ("+c.cols+")")
			dbtest.Fill(t, admin, "t_"+name, n, c.exprs)
			analyze(t, admin, "t_"+name)
			tbl := dbtest.Introspect(t, db, schema, "t_"+name)
			spec := scan.ReadSpec{
				Table:  tbl,
				ByKey:  c.cursor == "",
				Cursor: c.cursor,
				Limits: scan.PageLimits{Rows: 500, MaxBytes: 20000},
			}
			if name == "noindex" {
				spec.Window = table.Window{Lo: "10000", Hi: "10100"}
			}
			before := dbtest.HandlerReads(t, s)
			rows, stats := dbtest.ReadAll(t, db, spec)
			looked := dbtest.HandlerReads(t, s) - before
			if name == "noindex" {
				require.Len(t, rows, 100)
				require.Equal(t, "PRIMARY", stats.Index)
				require.LessOrEqual(t, looked, 3*n, name) // once for the bounds of pages, once for the rows
				continue
			}
			require.Len(t, rows, n, name)
			require.Greater(t, stats.Pages, 10, name)
			require.LessOrEqual(t, looked, n*5/4, "%s: %+v", name, stats)
		}
	})
}

func TestReadPagesOfAWindowReadsWhatTheWindowHolds(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := dbtest.Lenient(t, s, schema)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		for name, key := range map[string]string{"indexed": ", KEY (u)", "bare": ""} {
			dbtest.Exec(t, admin, "CREATE TABLE "+name+" (id INT PRIMARY KEY, u TIMESTAMP(3) NOT NULL"+key+")")
			dbtest.Fill(t, admin, name, 5000, "n, '2024-01-01' + INTERVAL (n * 7 % 5000) * 1000 MICROSECOND")
			tbl := dbtest.Introspect(t, db, schema, name)
			for _, w := range []table.Window{
				{Lo: "2024-01-01 00:00:01.000", Hi: "2024-01-01 00:00:02.000"},
				{Lo: "2024-01-01 00:00:04.990"},
				{Hi: "2024-01-01 00:00:00.000"},
				{Lo: "2024-02-01 00:00:00.000"},
				{},
			} {
				for _, byKey := range []bool{true, false} {
					var where []string
					if w.Lo != "" {
						where = append(where, "u > '"+w.Lo+"'")
					}
					if w.Hi != "" {
						where = append(where, "u <= '"+w.Hi+"'")
					}
					order := "u, id"
					if byKey || key == "" {
						order = "id"
					}
					query := "SELECT id FROM " + name
					if len(where) > 0 {
						query += " WHERE " + strings.Join(where, " AND ")
					}
					spec := scan.ReadSpec{
						Table: tbl, Columns: tbl.Values()[:1], Cursor: "u", Window: w, ByKey: byKey,
						Limits: scan.PageLimits{Rows: 77, MaxRows: 100},
					}
					want := dbtest.Texts(t, admin, query+" ORDER BY "+order)
					got, _ := dbtest.ReadAll(t, db, spec)
					require.Equal(t, want, got, fmt.Sprint(name, w, byKey))
					got, _ = dbtest.ReadInPieces(t, db, spec, 5)
					require.Equal(t, want, got, fmt.Sprint(name, w, byKey, " in pieces"))
				}
			}
		}
	})
}
