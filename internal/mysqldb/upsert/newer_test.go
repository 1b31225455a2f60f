package upsert_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// Rows that are not written because the target's are newer have a counter of their own. The server
// counts them as equal rows.
func TestRowsThatAreNewerOnTheTargetAreCounted(t *testing.T) {
	for name, bulk := range map[string]bool{"statements": false, "files": true} {
		t.Run(name, func(t *testing.T) {
			servers.Each(t, func(t *testing.T, s *servers.Server) {
				for typ, at := range map[string]func(n int) any{
					"DATETIME(3)": func(n int) any { return fmt.Sprintf("2024-01-01 00:00:%02d.250", n) },
					"TIMESTAMP":   func(n int) any { return fmt.Sprintf("2024-01-01 00:00:%02d", n) },
					"BIGINT":      func(n int) any { return n - 20 },
					"DATE":        func(n int) any { return fmt.Sprintf("2024-01-%02d", n+1) },
				} {
					w := dbtest.NewWriting(
						t, s,
						"(a INT, b VARCHAR(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, v INT, u "+
							typ+" NOT NULL, PRIMARY KEY (a, b))",
					)
					w.Spec.Cursor, w.Spec.BulkLoad, w.Spec.MaxBatchRows = "u", bulk, 3
					kept := func(want int64, inserted, updated, unchanged int64, rows ...[]any) {
						t.Helper()
						require.Equal(t, want, w.Wrote(inserted, updated, unchanged, rows...).NewerOnTarget, typ)
					}
					kept(
						0, 4, 0, 0, []any{1, "x", 1, at(5)}, []any{2, "x", 1, at(5)}, []any{2, "y", 1, at(9)},
						[]any{3, "x", 1, at(5)},
					)
					kept(0, 0, 0, 3, []any{1, "x", 1, at(5)}, []any{2, "y", 1, at(9)}, []any{3, "x", 1, at(5)})
					kept(
						1, 1, 1, 2, []any{1, "x", 2, at(6)}, []any{2, "x", 1, at(5)}, []any{2, "y", 2, at(8)},
						[]any{9, "x", 1, at(1)},
					)
					kept(3, 0, 0, 3, []any{1, "x", 3, at(1)}, []any{2, "x", 3, at(2)}, []any{2, "y", 3, at(3)})
				}
			})
		})
	}
}

// A full run replaces rows that were changed on the target, and counts those that it has to keep.
func TestAFullRunReplacesWhatIsNewerOnTheTarget(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(t, s, "(id INT PRIMARY KEY, v INT, u DATETIME NOT NULL)")
		w.Exec(
			"INSERT INTO t VALUES (1, 7, '2024-05-01 11:00:00'), (2, 7, '2024-05-01 12:00:30'), (3, 7, '2024-05-02 " +
				"00:00:00')",
		)
		w.Spec.Cursor, w.Spec.Unsettled = "u", of("", "2024-05-01 12:00:00", "2024-05-01 12:00:59")
		res := w.Wrote(
			0, 2, 1, []any{1, 1, "2024-01-01 00:00:00"}, []any{2, 1, "2024-01-01 00:00:00"},
			[]any{3, 1, "2024-01-01 00:00:00"},
		)
		require.EqualValues(t, 1, res.NewerOnTarget, "stamped after the run began: this run may have read it")
		require.Equal(t, []string{"1", "1", "7"}, dbtest.Texts(t, w.Raw, "SELECT v FROM t ORDER BY id"))

		w.Spec.Unsettled = table.Unsettled{}
		res = w.Wrote(0, 0, 1, []any{3, 2, "2024-01-01 00:00:00"})
		require.EqualValues(t, 1, res.NewerOnTarget)
	})
}
