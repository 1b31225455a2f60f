package mysqldb_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/integration/servers"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/table"
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

func TestTransactionsShrinkOnASlowTargetAndGrowBack(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := newWriting(t, s, "(id INT PRIMARY KEY, v VARCHAR(10))")
		const aim, n = 300 * time.Millisecond, 900
		w.spec.MaxTransaction, w.spec.Pace = aim, &mysqldb.Pace{}
		chunk := func(rows *table.Rows) mysqldb.UpsertResult {
			t.Helper()
			res, err := w.db.UpsertChunk(t.Context(), w.spec, rows, nil)
			require.NoError(t, err)
			require.Equal(t, int64(rows.Len()), res.Inserted+res.Updated+res.Unchanged)
			require.False(t, res.Approximate)
			return res
		}
		res := chunk(numbered(n, "fast"))
		require.Equal(t, [2]int{1, n}, [2]int{res.Transactions, res.TransactionRows})
		require.Zero(t, w.spec.Pace.Rows())

		w.exec("CREATE TRIGGER slow BEFORE UPDATE ON t FOR EACH ROW SET @waited = SLEEP(0.001)")
		res = chunk(numbered(n, "slow"))
		require.Equal(t, int64(n), res.Updated)
		require.Greater(t, res.Transactions, 2)
		learnt := w.spec.Pace.Rows()
		require.NotZero(t, learnt)
		require.Less(t, learnt, 400) // a batch of 400 was too much already
		res = chunk(numbered(n, "slower"))
		require.Equal(t, int64(n), res.Updated)
		require.Less(t, res.TransactionRows, 400)
		require.Greater(t, res.Transactions, 2)

		w.exec("DROP TRIGGER slow")
		before := w.spec.Pace.Rows()
		for range 20 {
			if chunk(numbered(n, "fast")); w.spec.Pace.Rows() == 0 {
				break
			}
			require.Greater(t, w.spec.Pace.Rows(), before) // slowly, and steadily
			before = w.spec.Pace.Rows()
		}
		require.Zero(t, w.spec.Pace.Rows())
		require.Equal(t, 1, chunk(numbered(n, "fast")).Transactions)
	})
}

func TestATransactionIsCutShortWhereItTakesTooLong(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := newWriting(t, s, "(id INT PRIMARY KEY, v VARCHAR(10))")
		w.exec("CREATE TRIGGER slow BEFORE INSERT ON t FOR EACH ROW SET @waited = SLEEP(0.001)")
		w.spec.MaxBatchRows, w.spec.MaxTransaction = 25, 200*time.Millisecond
		res, err := w.db.UpsertChunk(t.Context(), w.spec, numbered(800, "x"), nil)
		require.NoError(t, err)
		require.Equal(t, int64(800), res.Inserted)
		require.Greater(t, res.Transactions, 2)
		require.Less(t, res.TransactionRows, 400) // the first one, too, about which nothing was known
	})
}

func TestAfterLockConflictsAChunkIsWrittenInSmallerTransactions(t *testing.T) {
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
		// Everything before the locked row's transaction is there, and nothing halfway.
		var rows, last int
		require.NoError(t, w.raw.QueryRowContext(t.Context(), "SELECT COUNT(*), MAX(id) FROM t WHERE v = 'b'").Scan(&rows, &last))
		require.Equal(t, rows, last+1)
		require.GreaterOrEqual(t, rows, 500)
		require.LessOrEqual(t, rows, 700)
		require.NoError(t, tx.Rollback())
		res, err := w.db.UpsertChunk(t.Context(), w.spec, numbered(1000, "b"), nil)
		require.NoError(t, err)
		require.Equal(t, [2]int64{int64(1000 - rows), int64(rows)}, [2]int64{res.Updated, res.Unchanged})
		require.Greater(t, res.Transactions, 1)
		w.holds("SELECT v, COUNT(*) FROM t GROUP BY v", "b|1000")
	})
}
