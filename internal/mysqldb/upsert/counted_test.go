package upsert_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// Batches after the first are counted by the answers to their statements, and exactly so: new rows, changed, equal and
// newer ones, alone in a batch and mixed, and those of a batch that has a conflict.
func TestLaterBatchesAreCountedByTheirAnswers(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for name, unique := range map[string]string{"no unique key": "", "a unique key": ", UNIQUE (code)"} {
			w := dbtest.NewWriting(t, s, "(id INT PRIMARY KEY, code INT, v VARCHAR(9), u DATETIME NOT NULL"+unique+")")
			w.Spec.Cursor, w.Spec.MaxBatchRows = "u", 4
			w.Spec.Conflicts = upsert.DeleteConflicts
			const at = "2024-01-01 00:00:05"
			var old, rows [][]any
			for id := range 32 {
				if id%4 != 3 || id == 3 || id > 27 {
					old = append(old, []any{id, id, "old", at})
				}
				rows = append(rows, []any{id, id, "new", "2024-01-01 00:00:06"})
			}
			for id := 16; id < 28; id += 4 { // of each of these batches, one row is equal, and one older
				copy(rows[id], []any{id, id, "old", at})
				copy(rows[id+1], []any{id + 1, id + 1, "new", "2024-01-01 00:00:04"})
			}
			w.Wrote(int64(len(old)), 0, 0, old...)
			if unique != "" {
				rows[9][1], rows[10][1] = 10, 9
			}
			before := selects(t, w)
			// The first four and the last four are changed; six others are new, six stay as they are.
			res := w.Wrote(6, 20, 6, rows...)
			require.EqualValues(t, 3, res.NewerOnTarget, name)
			require.False(t, res.Approximate, name)
			if unique == "" {
				// The key range, the fence of the structure, a look and a count at the first batch; three batches
				// are asked for what is newer.
				require.LessOrEqual(t, selects(t, w)-before, 8, "eight batches, and not a count for each")
			}
			w.Holds("SELECT COUNT(*) FROM t WHERE v = 'new'", "26")
		}
	})
}

// selects is how many SELECT statements the server has had on behalf of the writing login's pool, this one included.
func selects(t *testing.T, w *dbtest.Writing) int {
	t.Helper()
	var name, n string
	conn, err := w.Db.Conn(t.Context())
	require.NoError(t, err)
	defer conn.Close() //nolint:errcheck // back to the pool
	require.NoError(t, conn.QueryRowContext(t.Context(), "SHOW SESSION STATUS LIKE 'Com_select'").Scan(&name, &n))
	count, err := strconv.Atoi(n)
	require.NoError(t, err)
	return count
}
