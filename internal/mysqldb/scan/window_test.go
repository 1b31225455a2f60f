package scan_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// requireWindows proves that windows are w, cut into pieces that rise.
func requireWindows(t testing.TB, tbl *schema.Table, w table.Window, got []table.Window) {
	t.Helper()
	require.Equal(t, w.Lo, got[0].Lo)
	require.Equal(t, w.Hi, got[len(got)-1].Hi)
	for i, piece := range got {
		if i > 0 {
			require.Equal(t, got[i-1].Hi, piece.Lo)
		}
		if piece.Lo != "" && piece.Hi != "" {
			order, err := table.CompareCursor(tbl.Column("u").Column, piece.Lo, piece.Hi)
			require.NoError(t, err, "a bound is the exact text of a value")
			require.Negative(t, order, "%v", got)
		}
	}
}

func TestCutWindowCutsByTheCursor(t *testing.T) {
	t.Parallel()
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := dbtest.Lenient(t, s, schema)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		const n = 20000
		for _, c := range []struct {
			name, cursor, expr, index string
			window                    table.Window
		}{
			{"micros", "DATETIME(6) NOT NULL", "'2024-01-01' + INTERVAL n" +
				" MICROSECOND", "u", table.Window{Lo: "2024-01-01 00:00:00.001999", Hi: "2024-01-01 00:00:00.019000"}},
			{"begin", "DATETIME(3) NOT NULL", "'2024-01-01' + INTERVAL n" +
				" SECOND", "u, x", table.Window{Hi: "2024-01-01 05:00:00.000"}},
			{"stamps", "TIMESTAMP NULL", "IF(n % 50 = 0, NULL, TIMESTAMP'2024-10-27 00:00:00' + INTERVAL n" +
				" SECOND)", "u", table.Window{Hi: "2024-10-27 05:00:00"}},
			{"days", "DATE NOT NULL", "'2020-01-01' + INTERVAL n DIV" +
				" 20 DAY", "u", table.Window{Lo: "2020-01-01", Hi: "2022-08-01"}},
			{"falling", "BIGINT UNSIGNED" +
				" NOT NULL", "n * 1000000007", "u DESC", table.Window{Lo: "2000000000000", Hi: "18446744073709551615"}},
			{"ties", "DATETIME NOT NULL", "'2024-01-01' + INTERVAL IF(n < 10000, n, 10000)" +
				" SECOND", "u", table.Window{Lo: "2023-01-01 00:00:00", Hi: "2025-01-01 00:00:00"}},
			{"skewed", "BIGINT NOT NULL", "IF(n % 1000 = 0, n *" +
				" 400000000000000, n)", "u", table.Window{Lo: "-5", Hi: "9000000000000000000"}},
			{"open", "INT NOT NULL", "n", "u", table.Window{}},
		} {
			t.Run(c.name, func(t *testing.T) {
				dbtest.Exec(
					t,
					admin,
					"CREATE TABLE "+c.name+" (id INT PRIMARY KEY, x INT, u "+c.cursor+", KEY ("+c.index+"))",
				)
				dbtest.Fill(t, admin, c.name, n, "n, n, "+c.expr)
				analyze(t, admin, c.name)
				tbl := dbtest.Introspect(t, db, schema, c.name)
				windows, err := scan.CutWindow(t.Context(), db, tbl, "u", c.window, 8, 100)
				require.NoError(t, err)
				requireWindows(t, tbl, c.window, windows)
				require.Greater(t, len(windows), 3)
				require.LessOrEqual(t, len(windows), 8)
				whole, _ := dbtest.ReadAll(t, db, scan.ReadSpec{Table: tbl, Cursor: "u", Window: c.window})
				var pieces []string
				for _, w := range windows {
					rows, _ := dbtest.ReadAll(t, db, scan.ReadSpec{Table: tbl, Cursor: "u", Window: w})
					pieces = append(pieces, rows...)
					if c.name != "ties" {
						require.LessOrEqual(t, len(rows), 3*len(whole)/len(windows), "%v", windows)
					}
				}
				require.Equal(t, whole, pieces)
			})
		}
	})
}

func TestCutWindowOfWhatNeedsNoCutIsTheWindow(t *testing.T) {
	t.Parallel()
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := dbtest.Lenient(t, s, schema)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		dbtest.Exec(t, admin, "CREATE TABLE t (id INT PRIMARY KEY, u DATETIME NOT NULL, bare INT NOT NULL, KEY (u))")
		dbtest.Fill(t, admin, "t", 5000, "n, '2024-01-01' + INTERVAL n SECOND, n")
		analyze(t, admin, "t")
		tbl := dbtest.Introspect(t, db, schema, "t")
		for _, c := range []struct {
			cursor  string
			window  table.Window
			minRows int64
		}{
			{"bare", table.Window{Lo: "10", Hi: "4000"}, 10},
			{"u", table.Window{Lo: "2024-01-01 00:00:10", Hi: "2024-01-01 00:00:20"}, 100},
			{"u", table.Window{Lo: "2024-01-01 00:00:10", Hi: "2024-01-01 01:00:00"}, 5000},
			{"u", table.Window{Lo: "2030-01-01 00:00:00", Hi: "2031-01-01 00:00:00"}, 1},
			{"u", table.Window{Hi: "2001-01-01 00:00:00"}, 1},
		} {
			got, err := scan.CutWindow(t.Context(), db, tbl, c.cursor, c.window, 8, c.minRows)
			require.NoError(t, err)
			require.Equal(t, []table.Window{c.window}, got)
		}
		_, err := scan.CutWindow(t.Context(), db, tbl, "u", table.Window{Lo: "2024-01-01"}, 8, 1)
		require.ErrorContains(t, err, "YYYY-MM-DD hh:mm:ss")
	})
}

func TestWindowRowsIsWithinTwoOfTheTruth(t *testing.T) {
	t.Parallel()
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := dbtest.Lenient(t, s, schema)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		const n = 61337
		dbtest.Exec(
			t,
			admin,
			"CREATE TABLE t (id INT PRIMARY KEY, u INT NOT NULL, v VARCHAR(100), bare INT NOT NULL, KEY (u))",
		)
		dbtest.Fill(t, admin, "t", n, "n, (n * 7919) % 61337, REPEAT('x', 90), n")
		analyze(t, admin, "t")
		tbl := dbtest.Introspect(t, db, schema, "t")
		for _, w := range [][2]int{{-1, n}, {10, 20}, {100, 1100}, {1000, 4001}, {1000, 11013}, {30000, n}, {
			5000,
			50000,
		}, {n, 2 * n}} {
			got, err := scan.WindowRows(
				t.Context(),
				db,
				tbl,
				"u",
				table.Window{Lo: fmt.Sprint(w[0]), Hi: fmt.Sprint(w[1])},
			)
			require.NoError(t, err)
			real := int64(min(w[1], n-1) - min(w[0], n-1))
			require.LessOrEqual(t, got, 2*real+real/4+2, "%v", w)
			require.GreaterOrEqual(t, got, real/2-real/8, "%v", w)
			t.Logf("%v: %d, in truth %d", w, got, real)
			window := table.Window{Lo: fmt.Sprint(w[0]), Hi: fmt.Sprint(w[1])}
			small, err := scan.IsSmallWindow(t.Context(), db, tbl, "u", window, min(5*real+10, n))
			require.NoError(t, err)
			require.True(t, small || real > 5000, "%v: of more than that the server may say nothing", w)
			small, err = scan.IsSmallWindow(t.Context(), db, tbl, "u", window, real/2)
			require.NoError(t, err)
			require.Equal(t, real == 0, small, "%v: it has more", w)
		}
		got, err := scan.WindowRows(t.Context(), db, tbl, "u", table.Window{})
		require.NoError(t, err)
		require.InDelta(t, n, got, n/3)
		got, err = scan.WindowRows(t.Context(), db, tbl, "bare", table.Window{Lo: "5"})
		require.NoError(t, err)
		require.Zero(t, got)
		small, err := scan.IsSmallWindow(t.Context(), db, tbl, "bare", table.Window{}, 10*n)
		require.NoError(t, err)
		require.True(t, small, "by all that the table has")
	})
}
