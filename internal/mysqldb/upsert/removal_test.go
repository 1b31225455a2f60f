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

const gone = "2024-05-01 10:00:00.000000"

// newRemoving writes chunks whose rows have a moment of their delete as their last value.
func newRemoving(t *testing.T, s *servers.Server, definition, mark string) *dbtest.Writing {
	w := dbtest.NewWriting(t, s, definition)
	last := len(w.Spec.Columns) - 1
	w.Spec.Removal, w.Spec.Cursor = &upsert.Removal{At: last, Mark: mark}, "u"
	return w
}

// upsertRemoving writes a chunk; of deletes, the moment is no column that is written.
func upsertRemoving(w *dbtest.Writing, rows ...[]any) (upsert.Result, error) {
	list, spec := w.Rows(rows...), w.Spec
	if spec.Removal.Mark == "" {
		spec.Columns = spec.Columns[:spec.Removal.At]
	}
	return upsert.WriteChunk(w.T.Context(), w.Db, spec, list, nil)
}

// Rows go that the chunk says are deleted, unless the target's are newer; the others are written. To repeat it changes
// nothing.
func TestAChunkDeletesRows(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for name, c := range map[string]struct {
			cursor string
			left   []string
		}{
			"with a cursor":    {"u", []string{"2|was|9", "4|new|6", "5|new|6"}},
			"without a cursor": {"", []string{"4|new|6", "5|new|6"}},
		} {
			t.Run(name, func(t *testing.T) {
				w := newRemoving(t, s, "(id INT PRIMARY KEY, v VARCHAR(9), u INT, gone DATETIME(6) NULL)", "")
				w.Spec.Cursor = c.cursor
				w.Exec("INSERT INTO t VALUES (1, 'was', 5, NULL), (2, 'was', 9, NULL), (3, 'was', NULL, NULL), " +
					"(4, 'was', 5, NULL)")
				rows := [][]any{
					{1, nil, 6, gone},
					{2, nil, 6, gone},
					{3, nil, 7, gone},
					{4, "new", 6, nil},
					{5, "new", 6, nil},
					{6, nil, 6, gone},
					{7, nil, 6, gone},
					{7, nil, 5, nil},
				}
				if c.cursor == "" {
					rows = rows[:7]
				}
				res, err := upsertRemoving(w, rows...)
				require.NoError(t, err)
				require.Equal(t, [3]int64{1, 1, 5}, [3]int64{res.Inserted, res.Updated, res.Unchanged + res.Removed})
				require.EqualValues(t, 5-len(c.left), res.Removed)
				w.Holds("SELECT id, v, u FROM t ORDER BY id", c.left...)
				res, err = upsertRemoving(w, rows...)
				require.NoError(t, err)
				require.Zero(t, res.Removed+res.Inserted+res.Updated)
				require.EqualValues(t, 7, res.Unchanged)
				w.Holds("SELECT id, v, u FROM t ORDER BY id", c.left...)
			})
		}
	})
}

// A row that is marked keeps all other values; a row that is there clears the mark by the rules of any write.
func TestAChunkMarksRows(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := newRemoving(t, s, "(id INT PRIMARY KEY, v VARCHAR(9), u TIMESTAMP NOT NULL DEFAULT '2024-01-01' ON "+
			"UPDATE CURRENT_TIMESTAMP, gone DATETIME(6) NULL)", "gone")
		w.Exec("INSERT INTO t VALUES (1, 'was', '2024-01-05', NULL), (2, 'was', '2024-01-09', NULL), " +
			"(3, 'was', '2024-01-05', '2024-02-02'), (4, 'was', '2024-01-06', '2024-02-02')")
		day := func(n int) string { return fmt.Sprintf("2024-01-0%d 00:00:00", n) }
		rows := [][]any{
			{1, nil, day(6), gone},
			{2, nil, day(6), gone},
			{3, nil, day(6), gone},
			{4, "was", day(6), nil},
		}
		for i := range 2 {
			res, err := upsertRemoving(w, rows...)
			require.NoError(t, err)
			require.EqualValues(t, 1-i, res.Removed)
			require.EqualValues(t, 1-i, res.Updated)
			w.Holds("SELECT * FROM t ORDER BY id", "1|was|2024-01-05 00:00:00|"+gone, "2|was|2024-01-09 00:00:00|NULL",
				"3|was|2024-01-05 00:00:00|2024-02-02 00:00:00.000000", "4|was|2024-01-06 00:00:00|NULL")
		}
	})
}

// More rows than one list of keys takes, of a target that also has newer rows among them.
func TestAChunkDeletesManyRows(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := newRemoving(t, s, "(id INT PRIMARY KEY, v VARCHAR(9), u INT, gone DATETIME(6) NULL)", "")
		var before, deleted [][]any
		for i := range 1500 {
			before = append(before, []any{i, "v", 5 + i%700/699*5, nil})
			deleted = append(deleted, []any{i, nil, 6, gone})
		}
		_, err := upsertRemoving(w, before...)
		require.NoError(t, err)
		res, err := upsertRemoving(w, deleted...)
		require.NoError(t, err)
		require.EqualValues(t, 1498, res.Removed)
		require.EqualValues(t, 2, res.Unchanged)
		w.Holds("SELECT id FROM t ORDER BY id", "699", "1399")
	})
}

// A row that another table's row refers to fails the chunk, which names the row; with a quarantine it alone is set
// aside. A delete makes room for the unique value of another row of the chunk.
func TestAChunkWhoseDeletesAreInTheWay(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := newRemoving(t, s, "(id INT PRIMARY KEY, v VARCHAR(9) UNIQUE, u INT, gone DATETIME(6) NULL)", "")
		w.Exec("INSERT INTO t VALUES (1, 'a', 5, NULL), (2, 'b', 5, NULL), (3, 'c', 5, NULL)")
		w.Exec("CREATE TABLE child (id INT PRIMARY KEY, t INT, FOREIGN KEY (t) REFERENCES t (id))")
		w.Exec("INSERT INTO child VALUES (1, 2)")
		rows := [][]any{{1, nil, 6, gone}, {2, nil, 6, gone}, {3, nil, 6, gone}, {4, "a", 6, nil}}
		_, err := upsertRemoving(w, rows...)
		require.Error(t, err)
		require.EqualValues(t, mysqlerr.ErrRowIsReferenced, mysqlerr.NumberOf(err))
		require.ErrorContains(t, err, upsert.KeyHash([][]byte{[]byte("2")}))
		w.Holds("SELECT id FROM t ORDER BY id", "1", "2", "3")

		spec := w.Spec
		spec.Columns = spec.Columns[:3]
		res, bad, err := upsert.WriteGoodRows(t.Context(), w.Db, spec, w.Rows(rows...), 10, nil)
		require.NoError(t, err)
		require.Len(t, bad, 1)
		require.Equal(t, 1, bad[0].Row)
		require.EqualValues(t, 2, res.Removed)
		w.Holds("SELECT id, v FROM t ORDER BY id", "2|b", "4|a")
	})
}
