package mysqldb_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// numbered are n rows of (id, v).
func numbered(n int, v string) *table.Rows {
	rows := table.NewRows(2)
	for i := range n {
		rows.Append(fmt.Append(nil, i))
		rows.Append([]byte(v))
	}
	return rows
}

func TestChunksShouldShrinkOnASlowTargetAndGrowBack(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := newWriting(t, s, "(id INT PRIMARY KEY, v VARCHAR(10))")
		const n = 900
		w.spec.MaxTransaction, w.spec.Pace = 300*time.Millisecond, &mysqldb.Pace{}
		chunk := func(rows int, v string) mysqldb.UpsertResult {
			t.Helper()
			res, err := w.db.UpsertChunk(t.Context(), w.spec, numbered(rows, v), nil)
			require.NoError(t, err)
			require.Equal(t, int64(rows), res.Inserted+res.Updated+res.Unchanged)
			require.False(t, res.Approximate)
			return res
		}
		chunk(n, "fast")
		require.Zero(t, w.spec.Pace.Rows())

		w.exec("CREATE TRIGGER slow BEFORE UPDATE ON t FOR EACH ROW SET @waited = SLEEP(0.001)")
		require.Equal(t, int64(n), chunk(n, "slow").Updated) // one transaction, however slow
		learnt := w.spec.Pace.Rows()
		require.NotZero(t, learnt)
		require.Less(t, learnt, 400)
		require.Less(t, chunk(learnt, "slower").Seconds, 0.6)

		w.exec("DROP TRIGGER slow")
		before := w.spec.Pace.Rows()
		for range 20 {
			if chunk(min(n, before), "fast"); w.spec.Pace.Rows() == 0 {
				break
			}
			require.Greater(t, w.spec.Pace.Rows(), before) // slowly, and steadily
			before = w.spec.Pace.Rows()
		}
		require.Zero(t, w.spec.Pace.Rows())
	})
}

func TestALockedRowLeavesNothingOfItsChunk(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := newWriting(t, s, "(id INT PRIMARY KEY, v VARCHAR(10))")
		w.spec.Pace = &mysqldb.Pace{}
		_, err := w.db.UpsertChunk(t.Context(), w.spec, numbered(1000, "a"), nil)
		require.NoError(t, err)
		tx, err := w.raw.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		_, err = tx.ExecContext(t.Context(), "UPDATE t SET v = 'locked' WHERE id = 700")
		require.NoError(t, err)
		fast(t, w.db)
		_, err = w.db.UpsertChunk(t.Context(), w.spec, numbered(1000, "b"), nil)
		require.True(t, mysqldb.IsLockConflict(err), "%v", err)
		require.Equal(t, 500, w.spec.Pace.Rows(), "the next chunks should be smaller")
		require.NoError(t, tx.Rollback())
		w.holds("SELECT v, COUNT(*) FROM t GROUP BY v", "a|1000")
		res, err := w.db.UpsertChunk(t.Context(), w.spec, numbered(1000, "b"), nil)
		require.NoError(t, err)
		require.EqualValues(t, 1000, res.Updated)
	})
}
