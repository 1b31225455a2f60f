package upsert_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
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
		w := dbtest.NewWriting(t, s, "(id INT PRIMARY KEY, v VARCHAR(10))")
		const n = 900
		w.Spec.MaxTransaction, w.Spec.Sizer = 600*time.Millisecond, &upsert.ChunkSizer{}
		chunk := func(rows int, v string) upsert.Result {
			t.Helper()
			res, err := upsert.WriteChunk(t.Context(), w.Db, w.Spec, numbered(rows, v), nil)
			require.NoError(t, err)
			require.Equal(t, int64(rows), res.Inserted+res.Updated+res.Unchanged)
			require.False(t, res.Approximate)
			return res
		}
		chunk(n, "fast")
		require.Zero(t, w.Spec.Sizer.Rows())

		w.Exec("CREATE TRIGGER slow BEFORE UPDATE ON t FOR EACH ROW SET @waited = SLEEP(0.002)")
		slow := chunk(n, "slow")
		require.Equal(t, int64(n), slow.Updated) // one transaction, however slow
		learnt := w.Spec.Sizer.Rows()
		require.NotZero(t, learnt)
		require.Less(t, learnt, 400)
		require.Less(t, chunk(learnt, "slower").Seconds, slow.Seconds)

		w.Exec("DROP TRIGGER slow")
		tries := 0
		for ; w.Spec.Sizer.Rows() != 0; tries++ { // slowly, and a busy machine may set it back
			require.Less(t, tries, 1000)
			chunk(min(n, w.Spec.Sizer.Rows()), strconv.Itoa(tries))
		}
		require.Greater(t, tries, 1)
	})
}

func TestALockedRowLeavesNothingOfItsChunk(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(t, s, "(id INT PRIMARY KEY, v VARCHAR(10))")
		w.Spec.Sizer = &upsert.ChunkSizer{}
		_, err := upsert.WriteChunk(t.Context(), w.Db, w.Spec, numbered(1000, "a"), nil)
		require.NoError(t, err)
		tx, err := w.Raw.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		_, err = tx.ExecContext(t.Context(), "UPDATE t SET v = 'locked' WHERE id = 700")
		require.NoError(t, err)
		fast(t, w.Db)
		_, err = upsert.WriteChunk(t.Context(), w.Db, w.Spec, numbered(1000, "b"), nil)
		require.True(t, mysqlerr.IsLockConflict(err), "%v", err)
		require.Equal(t, 500, w.Spec.Sizer.Rows(), "the next chunks should be smaller")
		require.NoError(t, tx.Rollback())
		w.Holds("SELECT v, COUNT(*) FROM t GROUP BY v", "a|1000")
		res, err := upsert.WriteChunk(t.Context(), w.Db, w.Spec, numbered(1000, "b"), nil)
		require.NoError(t, err)
		require.EqualValues(t, 1000, res.Updated)
	})
}
