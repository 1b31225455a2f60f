package upsert_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// An existing row of the same key stays, be it older, newer or equal, and is counted; the others are inserted. The
// chunk again inserts nothing. A row of another key with the same unique value is a conflict, and rolls the chunk back.
func TestAppendLeavesExistingRowsAsTheyAre(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		definitions := map[string]string{
			"one key":          "(id INT PRIMARY KEY, v VARCHAR(9) DEFAULT 'd', u INT)",
			"another unique":   "(id INT PRIMARY KEY, v VARCHAR(9) DEFAULT 'd', u INT, UNIQUE (v))",
			"a key of columns": "(id INT, v VARCHAR(9) DEFAULT 'd', u INT NOT NULL DEFAULT 0, PRIMARY KEY (id))",
		}
		if s.Flavor == servers.FlavorMariaDB {
			definitions["with former rows"] = "(id INT PRIMARY KEY, v VARCHAR(9), u INT) WITH SYSTEM VERSIONING"
		}
		for name, definition := range definitions {
			t.Run(name, func(t *testing.T) {
				w := dbtest.NewWriting(t, s, definition)
				w.Spec.Cursor, w.Spec.KeepExisting = "u", true
				w.Exec("INSERT INTO t VALUES (1, 'was', 5), (2, 'is', 5), (3, 'newer', 9)")
				rows := [][]any{{1, "new", 6}, {2, "is", 5}, {3, "old", 6}, {4, nil, 6}, {5, "e", 7}}
				res := w.Wrote(2, 0, 3, rows...)
				require.EqualValues(t, 3, res.Existing)
				res = w.Wrote(0, 0, 5, rows...)
				require.EqualValues(t, 5, res.Existing)
				w.Holds("SELECT * FROM t ORDER BY id", "1|was|5", "2|is|5", "3|newer|9", "4|NULL|6", "5|e|7")
			})
		}
		w := dbtest.NewWriting(t, s, "(id INT PRIMARY KEY, v VARCHAR(9), u INT, UNIQUE (v))")
		w.Spec.KeepExisting = true
		w.Exec("INSERT INTO t VALUES (1, 'a', 5)")
		_, err := w.Upsert(dbtest.Row(2, "b", 6), dbtest.Row(3, "a", 6))
		require.ErrorContains(t, err, "unique")
		w.Holds("SELECT * FROM t ORDER BY id", "1|a|5")
	})
}

// Of rows that have one key in a chunk, the first stays, as if each were in a chunk of its own: the oldest by cursor.
func TestAppendKeepsTheFirstRowOfAChunk(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for cursor, want := range map[string]string{"": "1|newer|9", "u": "1|older|5"} {
			w := dbtest.NewWriting(t, s, "(id INT PRIMARY KEY, v VARCHAR(9), u INT)")
			w.Spec.Cursor, w.Spec.KeepExisting = cursor, true
			_, err := w.Upsert([]any{1, "newer", 9}, []any{1, "older", 5}, []any{2, "x", 5})
			require.NoError(t, err)
			w.Holds("SELECT * FROM t ORDER BY id", want, "2|x|5")
		}
	})
}

// A row that is marked as deleted, and that the source has again, loses its mark and nothing else.
func TestAppendClearsTheMarkOfARowThatIsBack(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(t, s, "(id INT PRIMARY KEY, v VARCHAR(9), u INT, deleted_at DATETIME(6) NULL)")
		w.Spec.Columns, w.Spec.Cursor, w.Spec.KeepExisting = w.Spec.Columns[:3], "u", true
		w.Spec.Tombstone = &upsert.Tombstone{Column: "deleted_at", ReadAt: "2024-01-02 00:00:00"}
		w.Exec("INSERT INTO t VALUES (1, 'was', 5, '2024-01-01'), (2, 'was', 5, '2024-01-03'), (3, 'was', 5, NULL)")
		for range 2 {
			_, err := w.Upsert([]any{1, "new", 6}, []any{2, "new", 6}, []any{3, "new", 6})
			require.NoError(t, err)
			w.Holds("SELECT * FROM t ORDER BY id", "1|was|5|NULL", "2|was|5|2024-01-03 00:00:00.000000", "3|was|5|NULL")
		}
	})
}

// Two keys that the target alone takes for one are written in the order of the chunk, also where the target has the
// later row already, and where a key is no ASCII.
func TestRowsOfOneKeyAreWrittenInTheirOrder(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(t, s, "(id VARCHAR(9) COLLATE utf8mb4_general_ci PRIMARY KEY, v INT)")
		w.Spec.InOrder = true
		for range 2 {
			_, err := w.Upsert(
				[]any{"b", 1}, []any{"aa", 1}, []any{"AA", 2}, []any{"b", 3}, []any{"ä", 1}, []any{"Ä", 2},
			)
			require.NoError(t, err)
			w.Holds("SELECT * FROM t ORDER BY v, HEX(id)", "AA|2", "Ä|2", "b|3")
		}
		w.Spec.KeepExisting = true
		_, err := w.Upsert([]any{"d", 1}, []any{"D ", 2}, []any{"b", 4})
		require.NoError(t, err)
		w.Holds("SELECT * FROM t WHERE id >= 'b' ORDER BY id", "b|3", "d|1")
	})
}
