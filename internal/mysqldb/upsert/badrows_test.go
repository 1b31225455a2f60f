package upsert_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// good writes what can be written of some rows, and returns the refused ones as "key number column".
func good(t *testing.T, w *dbtest.Writing, most int, rows ...[]any) (upsert.Result, []string) {
	t.Helper()
	res, bad, err := upsert.WriteGoodRows(t.Context(), w.Db, w.Spec, w.Rows(rows...), most, nil)
	require.NoError(t, err)
	out := []string{}
	for _, b := range bad {
		key := fmt.Sprint(rows[b.Row][0])
		require.Equal(t, upsert.KeyHash([][]byte{[]byte(key)}), b.Problem.KeyHash)
		require.NotEmpty(t, b.Problem.Sentence)
		out = append(out, fmt.Sprintf("%s %d %s", key, b.Problem.Number, b.Problem.Column))
	}
	return res, out
}

func TestWriteGoodRowsSetsRefusedRowsAside(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(t, s, "(id INT PRIMARY KEY, c VARCHAR(3), n TINYINT NOT NULL, at INT)")
		w.Spec.Cursor, w.Spec.MaxBatchRows = "at", 7
		var rows [][]any
		for i := range 50 {
			rows = append(rows, dbtest.Row(i, "a", 1, 1))
		}
		rows[3][1], rows[20][2], rows[21][2], rows[49][1] = "s3cret", "300", nil, "s3cret"
		res, bad := good(t, w, 4, rows...)
		require.Equal(t, []string{"3 1406 c", "20 1264 n", "21 1048 n", "49 1406 c"}, bad)
		require.EqualValues(t, 46, res.Inserted)
		w.Holds("SELECT COUNT(*) FROM t", "46")

		res, bad = good(t, w, 4, rows...)
		require.Len(t, bad, 4, "to repeat it changes nothing")
		require.EqualValues(t, 46, res.Unchanged)
		require.Zero(t, res.Inserted+res.Updated)

		res, bad = good(t, w, 4, rows[4:9]...)
		require.Empty(t, bad)
		require.EqualValues(t, 5, res.Unchanged)

		_, _, err := upsert.WriteGoodRows(t.Context(), w.Db, w.Spec, w.Rows(rows...), 3, nil)
		var tooMany *upsert.TooManyBadRowsError
		require.True(t, errors.As(err, &tooMany), "%v", err)
		require.ErrorContains(t, err, "more than 3 rows are refused, the first: value too long, column c")
		require.NotContains(t, err.Error(), "s3cret")
	})
}

// All rows of a chunk are refused, one by one or for no row that the server names.
func TestWriteGoodRowsWhereNoneIsTaken(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for name, definition := range map[string]string{
			"a value":   "(id INT PRIMARY KEY, c INT, d TINYINT)",
			"a check":   "(id INT PRIMARY KEY, c INT, d INT, CONSTRAINT never CHECK (d < 0))",
			"a default": "(id INT PRIMARY KEY, c INT, d INT, e INT NOT NULL)",
		} {
			w := dbtest.NewWriting(t, s, definition)
			w.Spec.Columns = w.Spec.Columns[:3]
			var rows [][]any
			for i := range 9 {
				rows = append(rows, dbtest.Row(i, 1, 300))
			}
			res, bad := good(t, w, 9, rows...)
			require.Len(t, bad, 9, name)
			require.Zero(t, res.Inserted, name)
			w.Holds("SELECT * FROM t")
		}
	})
}

// A unique value that passes from one row of a chunk to another is no reason to set a row aside, in any order.
// Two rows that exchange theirs have no order: both are refused, and never is one written under the other's key.
func TestWriteGoodRowsLetsUniqueValuesChangeHands(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(t, s, "(id INT PRIMARY KEY, u VARCHAR(9), v TINYINT, UNIQUE by_u (u))")
		w.Wrote(4, 0, 0, dbtest.Row(1, "a", 1), dbtest.Row(2, "b", 2), dbtest.Row(3, "c", 3), dbtest.Row(4, "d", 4))
		res, bad := good(t, w, 2, dbtest.Row(1, "b", 1), dbtest.Row(2, "c", 2), dbtest.Row(3, "free", 3),
			dbtest.Row(4, "d", 999))
		require.Equal(t, []string{"4 1264 v"}, bad)
		require.EqualValues(t, 3, res.Updated)
		w.Holds("SELECT * FROM t ORDER BY id", "1|b|1", "2|c|2", "3|free|3", "4|d|4")

		swap := [][]any{dbtest.Row(1, "c", 1), dbtest.Row(2, "b", 2), dbtest.Row(5, "e", 5)}
		_, bad = good(t, w, 2, swap...)
		require.Equal(t, []string{"1 1062 u", "2 1062 u"}, bad)
		w.Holds("SELECT * FROM t ORDER BY id", "1|b|1", "2|c|2", "3|free|3", "4|d|4", "5|e|5")

		w.Spec.Conflicts = upsert.DeleteConflicts
		_, bad = good(t, w, 2, append(swap, dbtest.Row(4, "d", 999))...)
		require.Equal(t, []string{"4 1264 v"}, bad)
		w.Holds("SELECT * FROM t ORDER BY id", "1|c|1", "2|b|2", "3|free|3", "4|d|4", "5|e|5")
	})
}

// An error of the server is none of a row.
func TestWriteGoodRowsReturnsOtherErrors(t *testing.T) {
	s := servers.MySQL(t)
	w := dbtest.NewWriting(t, s, "(id INT PRIMARY KEY, c VARCHAR(3))")
	w.Exec("DROP TABLE t")
	_, _, err := upsert.WriteGoodRows(t.Context(), w.Db, w.Spec, w.Rows(dbtest.Row(1, "a")), 9, nil)
	require.ErrorContains(t, err, "1146")
}
