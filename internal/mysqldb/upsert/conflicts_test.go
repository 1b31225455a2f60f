package upsert_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

const holders = "(id INT PRIMARY KEY, u VARCHAR(20), at INT, UNIQUE (u))"

// newReplacing is a target whose conflicting rows are deleted, with the cursor "at".
func newReplacing(t *testing.T, s *servers.Server, definition string) *dbtest.Writing {
	t.Helper()
	w := dbtest.NewWriting(t, s, definition)
	w.Spec.Cursor, w.Spec.Conflicts = "at", upsert.DeleteConflicts
	return w
}

// orders calls f with every order of 0 … n-1.
func eachOrder(n int, f func(order []int)) {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	var permute func(k int)
	permute = func(k int) {
		if k == n {
			f(order)
			return
		}
		for i := k; i < n; i++ {
			order[k], order[i] = order[i], order[k]
			permute(k + 1)
			order[k], order[i] = order[i], order[k]
		}
	}
	permute(0)
}

// moves are changes of unique values that a source can make: rows before and rows after.
// Rows that are only before were deleted.
var moves = map[string][2][][]any{
	"swap": {
		{dbtest.Row(1, "a", 1), dbtest.Row(2, "b", 1)}, {dbtest.Row(1, "b", 2), dbtest.Row(2, "a", 2)},
	},
	"rotation": {
		{dbtest.Row(1, "a", 1), dbtest.Row(2, "b", 1), dbtest.Row(3, "c", 1)},
		{dbtest.Row(1, "b", 2), dbtest.Row(2, "c", 2), dbtest.Row(3, "a", 2)},
	},
	"rotation back": {
		{dbtest.Row(1, "a", 1), dbtest.Row(2, "b", 1), dbtest.Row(3, "c", 1)},
		{dbtest.Row(1, "c", 2), dbtest.Row(2, "a", 2), dbtest.Row(3, "b", 2)},
	},
	"shift": {
		{dbtest.Row(1, "a", 1), dbtest.Row(2, "b", 1), dbtest.Row(3, "c", 1)},
		{dbtest.Row(1, "b", 4), dbtest.Row(2, "c", 3), dbtest.Row(3, "d", 2)},
	},
	"shift back": {
		{dbtest.Row(1, "b", 1), dbtest.Row(2, "c", 1), dbtest.Row(3, "d", 1)},
		{dbtest.Row(1, "a", 2), dbtest.Row(2, "b", 3), dbtest.Row(3, "c", 4)},
	},
	"handed on":            {{dbtest.Row(1, "a", 1)}, {dbtest.Row(1, "b", 2), dbtest.Row(5, "a", 3)}},
	"handed back":          {{dbtest.Row(5, "a", 1)}, {dbtest.Row(5, "b", 2), dbtest.Row(1, "a", 3)}},
	"deleted, new key":     {{dbtest.Row(5, "a", 1)}, {dbtest.Row(9, "a", 2)}},
	"deleted, smaller key": {{dbtest.Row(5, "a", 1)}, {dbtest.Row(2, "a", 2)}},
	"swap at one time": {
		{dbtest.Row(1, "a", 7), dbtest.Row(2, "b", 7)}, {dbtest.Row(1, "b", 7), dbtest.Row(2, "a", 7)},
	},
	"chain over a delete": {
		{dbtest.Row(1, "a", 1), dbtest.Row(2, "b", 1), dbtest.Row(3, "c", 1)},
		{dbtest.Row(1, "c", 3), dbtest.Row(2, "a", 4)},
	},
	"to NULL and back": {
		{dbtest.Row(1, "a", 1), dbtest.Row(2, nil, 1)}, {dbtest.Row(1, nil, 2), dbtest.Row(2, "a", 3)},
	},
}

func print(rows [][]any) []string {
	out := make([]string, len(rows))
	for i, r := range rows {
		u := r[1]
		if u == nil {
			u = "NULL"
		}
		out[i] = fmt.Sprintf("%v|%v|%v", r[0], u, r[2])
	}
	return out
}

func TestMovedUniqueValuesConvergeInEveryOrder(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := newReplacing(t, s, holders)
		for name, move := range moves {
			before, after := move[0], move[1]
			eachOrder(len(after), func(order []int) {
				for _, apart := range []bool{false, true} {
					what := fmt.Sprintf("%s, order %v, one chunk each: %v", name, order, apart)
					w.Exec("DELETE FROM t")
					_, err := w.Upsert(before...)
					require.NoError(t, err, what)
					var rows [][]any
					for _, i := range order {
						rows = append(rows, after[i])
						if apart {
							_, err := w.Upsert(after[i])
							require.NoError(t, err, what)
						}
					}
					for range 2 { // and again, which changes nothing
						if !apart {
							res, err := w.Upsert(rows...)
							require.NoError(t, err, what)
							require.Equal(t, int64(len(rows)), res.Inserted+res.Updated+res.Unchanged, what)
							require.False(t, res.Approximate, what)
						}
						// Rows that the source deleted may stay where no other row needs their value.
						contains(w, what, after)
					}
					if !apart {
						// An old chunk that comes late changes nothing.
						_, err = w.Upsert(before...)
						require.NoError(t, err, what)
						if name != "swap at one time" {
							contains(w, what+", after an old chunk", after)
						}
					}
				}
			})
		}
	})
}

// contains asserts that the target has the rows. It may have others.
func contains(w *dbtest.Writing, what string, rows [][]any) {
	w.T.Helper()
	for i, want := range print(rows) {
		var got string
		err := w.Raw.QueryRowContext(
			w.T.Context(), "SELECT CONCAT_WS('|', id, COALESCE(u, 'NULL'), at) FROM t WHERE id = ?", rows[i][0],
		).Scan(&got)
		require.NoError(w.T, err, what)
		require.Equal(w.T, want, got, what)
	}
}

func TestReplacedRowsAreCounted(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := newReplacing(t, s, holders)
		w.Wrote(4, 0, 0, dbtest.Row(1, "a", 1), dbtest.Row(2, "b", 1), dbtest.Row(3, "c", 1), dbtest.Row(7, "x", 1))
		// A swap inside a chunk: one row has to be deleted and inserted again.
		res := w.Wrote(
			1, 2, 1, dbtest.Row(1, "b", 2), dbtest.Row(2, "a", 2), dbtest.Row(3, "c", 1), dbtest.Row(4, "d", 2),
		)
		require.Equal(t, int64(1), res.DeletedConflicts)
		// Row 7 was deleted at the source, and 8 has its value.
		res = w.Wrote(1, 0, 0, dbtest.Row(8, "x", 3))
		require.Equal(t, int64(1), res.DeletedConflicts)
		w.Holds("SELECT * FROM t ORDER BY id", "1|b|2", "2|a|2", "3|c|1", "4|d|2", "8|x|3")
		// A row from before does not come back, and does not take the value either.
		res = w.Wrote(0, 0, 1, dbtest.Row(7, "x", 1))
		require.Equal(t, [2]int64{0, 1}, [2]int64{res.DeletedConflicts, res.SkippedConflicts})
		res = w.Wrote(1, 0, 1, dbtest.Row(7, "x", 2), dbtest.Row(9, nil, 1))
		require.Equal(t, [2]int64{0, 1}, [2]int64{res.DeletedConflicts, res.SkippedConflicts})
		w.Holds("SELECT id FROM t ORDER BY id", "1", "2", "3", "4", "8", "9")
		// A conflicting row without a cursor value is deleted; a row without one deletes none.
		w.Exec("UPDATE t SET at = NULL WHERE id = 8")
		res = w.Wrote(1, 0, 0, dbtest.Row(7, "x", 1))
		require.Equal(t, int64(1), res.DeletedConflicts)
		res = w.Wrote(0, 0, 1, dbtest.Row(8, "x", nil))
		require.Equal(t, int64(1), res.SkippedConflicts)
		// Without a cursor, every conflicting row is deleted.
		w.Spec.Cursor = ""
		res = w.Wrote(1, 0, 0, dbtest.Row(8, "x", nil))
		require.Equal(t, int64(1), res.DeletedConflicts)
		w.Holds("SELECT id FROM t ORDER BY id", "1", "2", "3", "4", "8", "9")
	})
}

func TestReplaceWithAnOlderRowWhoseHolderMovesInTheSameChunk(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		// The clock that stamped row 1 is behind the one that stamped row 2's earlier version.
		w := newReplacing(t, s, holders)
		w.Wrote(2, 0, 0, dbtest.Row(1, "a", 5), dbtest.Row(2, "b", 10))
		res := w.Wrote(0, 2, 0, dbtest.Row(1, "b", 8), dbtest.Row(2, "c", 12))
		require.Zero(t, res.DeletedConflicts)
		w.Wrote(0, 2, 0, dbtest.Row(1, "c", 11+2), dbtest.Row(2, "b", 14))
		w.Holds("SELECT * FROM t ORDER BY id", "1|c|13", "2|b|14")
	})
}

func TestReplaceKnowsEveryKindOfUniqueKey(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for definition, values := range map[string][2]any{
			"VARCHAR(20) COLLATE utf8mb4_general_ci, UNIQUE (u)": {"Straße É", "STRASE e"},
			"VARCHAR(20) COLLATE utf8mb4_unicode_ci, UNIQUE (u)": {"Straße É", "STRASSE e"},
			"VARCHAR(20) COLLATE utf8mb4_bin, UNIQUE (u)":        {"x", "x "},
			"VARCHAR(20) CHARACTER SET latin1, UNIQUE (u)":       {"größe", "GRÖßE"},
			"VARCHAR(20) CHARACTER SET utf16, UNIQUE (u)":        {"größe", "GRÖßE"},
			"VARBINARY(20), UNIQUE (u)":                          {"\x00'\\\xff", "\x00'\\\xff"},
			"TEXT COLLATE utf8mb4_bin, UNIQUE (u(3))":            {"ä%_b", "ä%_c"},
			"TEXT COLLATE utf8mb4_general_ci, UNIQUE (u(3))":     {"ab ", "AB"},
			"BLOB, UNIQUE (u(4))":                                {"\x00\\\xff%more", "\x00\\\xff%"},
			"DECIMAL(20,5), UNIQUE (u)":                          {"1.50000", "1.50000"},
			"DOUBLE, UNIQUE (u)":                                 {"0.1", "1e-1"},
			"FLOAT, UNIQUE (u)": {
				"0.10000000149011612", "0.10000000149011612",
			},
			"BIT(12), UNIQUE (u)": {"4095", "4095"},
			"BIGINT UNSIGNED, UNIQUE (u)": {
				"18446744073709551615", "18446744073709551615",
			},
			"DATE, UNIQUE (u)": {"0000-00-00", "0000-00-00"},
			"DATETIME(6), UNIQUE (u)": {
				"2024-02-30 01:02:03.000004", "2024-02-30 01:02:03.000004",
			},
			"TIMESTAMP NULL, UNIQUE (u)": {
				"2024-03-31 02:30:00", "2024-03-31 02:30:00",
			},
			"TIME(3), UNIQUE (u)":                                             {"-838:59:59.000", "-838:59:59.000"},
			"ENUM('a','b'), UNIQUE (u)":                                       {"b", "b"},
			"SET('a','b'), UNIQUE (u)":                                        {"a,b", "a,b"},
			"VARCHAR(20), UNIQUE (u, at)":                                     {"a", "a"},
			"VARCHAR(20), KEY (at), UNIQUE desc_key (u DESC)":                 {"a", "a"},
			"VARCHAR(20), UNIQUE one (u), UNIQUE two (u, at), UNIQUE (at, u)": {"a", "a"},
		} {
			w := newReplacing(
				t, s,
				"(id INT, k VARCHAR(9) COLLATE utf8mb4_general_ci, at INT, u "+definition+", PRIMARY KEY (k, id))",
			)
			w.Wrote(2, 0, 0, dbtest.Row(1, "Key", 1, values[0]), dbtest.Row(2, "nulls", 1, nil))
			res, err := w.Upsert(dbtest.Row(5, "key", 1, values[1]), dbtest.Row(6, "Nulls", 1, nil))
			require.NoError(t, err, definition)
			require.Equal(
				t, [3]int64{2, 1, 0}, [3]int64{res.Inserted, res.DeletedConflicts, res.SkippedConflicts}, definition,
			)
			w.Holds("SELECT id, k FROM t ORDER BY id", "2|nulls", "5|key", "6|Nulls")
			w.Exec("DROP TABLE t")
		}
	})
}

func TestReplaceTellsTheEnumErrorValueFromTheEmptyMember(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := newReplacing(t, s, "(id INT PRIMARY KEY, at INT, u ENUM('','b'), UNIQUE (u))")
		w.Wrote(3, 0, 0, dbtest.Row(1, 1, "\x00"), dbtest.Row(2, 1, ""), dbtest.Row(3, 1, "b"))
		res := w.Wrote(2, 0, 0, dbtest.Row(4, 1, ""), dbtest.Row(5, 1, "b"))
		require.Equal(t, int64(2), res.DeletedConflicts)
		w.Holds("SELECT id FROM t ORDER BY id", "1", "4", "5")
		require.Equal(t, int64(1), w.Wrote(1, 0, 0, dbtest.Row(6, 1, "\x00")).DeletedConflicts)
		w.Holds("SELECT id, u + 0 FROM t ORDER BY id", "4|1", "5|2", "6|0")
	})
}

func TestReplaceWithSeveralUniqueKeys(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := newReplacing(
			t, s, "(id INT PRIMARY KEY, a INT, b INT, c INT, at INT, UNIQUE (a), UNIQUE (b), UNIQUE (c, b))",
		)
		w.Wrote(3, 0, 0, dbtest.Row(1, 1, 1, 1, 1), dbtest.Row(2, 2, 2, 2, 1), dbtest.Row(3, 3, 3, 3, 1))
		// One row takes the values of three rows, one of which is newer.
		res := w.Wrote(1, 0, 0, dbtest.Row(9, 1, 2, 2, 2))
		require.Equal(t, int64(2), res.DeletedConflicts)
		w.Holds("SELECT * FROM t ORDER BY id", "3|3|3|3|1", "9|1|2|2|2")
		w.Exec("UPDATE t SET at = 5 WHERE id = 9")
		res = w.Wrote(0, 0, 1, dbtest.Row(4, 3, 2, 9, 4)) // row 3 is older and 9 newer: nothing goes
		require.Equal(t, [2]int64{0, 1}, [2]int64{res.DeletedConflicts, res.SkippedConflicts})
		w.Holds("SELECT id FROM t ORDER BY id", "3", "9")
	})
}

func TestReplaceStillNamesWhatItCannotSolve(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := newReplacing(
			t, s,
			"(id INT PRIMARY KEY, u VARCHAR(20), at INT, g VARCHAR(20) AS (LOWER(u)) STORED, n TINYINT,"+
				" UNIQUE g_once (g), UNIQUE n_once (n))",
		)
		w.Wrote(2, 0, 0, dbtest.Row(1, "S3cret", 1, 1), dbtest.Row(2, "b", 1, 2))
		_, err := w.Upsert(dbtest.Row(3, "s3CRET", 2, 3))
		require.True(t, upsert.IsUniqueConflict(err), "%v", err)
		require.ErrorContains(t, err, "key g_once")
		require.NotContains(t, err.Error(), "3CRET")
		// A row that does not fit is found among rows with conflicts.
		_, err = w.Upsert(dbtest.Row(3, "c", 2, 1), dbtest.Row(4, "d", 2, 4000), dbtest.Row(5, "e", 2, 2))
		require.Equal(t, "n", mysqlerr.Describe(err).Column, "%v", err)
		require.ErrorContains(t, err, upsert.KeyHash([][]byte{[]byte("4")}))
		w.Holds("SELECT id FROM t ORDER BY id", "1", "2")
	})
}
