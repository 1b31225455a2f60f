package upsert_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// A row that is marked as deleted comes back with a page that was read after the mark, with any cursor, and with no
// other page. The mark's own moment counts as before.
func TestAMarkedRowComesBackWithALaterPageOnly(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for name, cursor := range map[string]string{"with a cursor": "u", "without a cursor": ""} {
			t.Run(name, func(t *testing.T) {
				w := dbtest.NewWriting(t, s, "(id INT PRIMARY KEY, v VARCHAR(9), u INT, deleted_at DATETIME(6) NULL)")
				w.Spec.Columns, w.Spec.Cursor = w.Spec.Columns[:3], cursor
				w.Exec("INSERT INTO t VALUES (1, 'was', 5, '2024-01-01 10:00:00.000001'), (2, 'was', 5, NULL), " +
					"(3, 'was', 9, '2024-01-01 10:00:00.000001'), (4, 'was', 9, NULL)")
				rows := [][]any{{1, "new", 6}, {2, "new", 6}, {3, "new", 6}, {4, "new", 6}, {5, "new", 6}}
				live4 := "4|was|9|NULL" // newer on the target
				if cursor == "" {
					live4 = "4|new|6|NULL"
				}
				for _, late := range []string{
					"2024-01-01 10:00:00", "2024-01-01 10:00:00.000001", "2023-01-01 23:00:00",
				} {
					w.Spec.Tombstone = &upsert.Tombstone{Column: "deleted_at", ReadAt: late}
					_, err := w.Upsert(rows...)
					require.NoError(t, err)
					w.Holds("SELECT * FROM t ORDER BY id", "1|was|5|2024-01-01 10:00:00.000001", "2|new|6|NULL",
						"3|was|9|2024-01-01 10:00:00.000001", live4, "5|new|6|NULL")
				}
				w.Spec.Tombstone.ReadAt = "2024-01-01 10:00:00.000002"
				for range 2 {
					_, err := w.Upsert(rows...)
					require.NoError(t, err)
					w.Holds("SELECT * FROM t ORDER BY id", "1|new|6|NULL", "2|new|6|NULL", "3|new|6|NULL", live4,
						"5|new|6|NULL")
				}
			})
		}
	})
}

// What a run found below its window's end replaces a marked row too, and so does a chunk with unique conflicts.
func TestAMarkedRowAndTheOtherRules(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(t, s, "(id INT PRIMARY KEY, v INT UNIQUE, u INT, deleted_at DATETIME(6) NULL)")
		w.Spec.Columns, w.Spec.Cursor = w.Spec.Columns[:3], "u"
		w.Spec.Tombstone = &upsert.Tombstone{Column: "deleted_at", ReadAt: "2024-01-02 00:00:00"}
		w.Spec.Unsettled = table.Unsettled{Hi: "6", Through: "9", After: "4"}
		w.Spec.Conflicts = upsert.DeleteConflicts
		w.Exec("INSERT INTO t VALUES (1, 10, 8, '2024-01-03'), (2, 20, 8, NULL), (3, 30, 5, '2024-01-01')")
		_, err := w.Upsert([]any{1, 11, 6}, []any{2, 21, 6}, []any{4, 30, 6})
		require.NoError(t, err)
		w.Holds("SELECT * FROM t ORDER BY id", "1|10|8|2024-01-03 00:00:00.000000", "2|21|6|NULL", "4|30|6|NULL")
	})
}
