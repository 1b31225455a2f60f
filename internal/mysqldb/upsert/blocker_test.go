package upsert_test

import (
	"database/sql"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/txn"
	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// A lock wait timeout names the connection that holds the lock.
func TestALockWaitNamesTheConnectionThatBlocks(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(t, s, "(id INT PRIMARY KEY, v INT)")
		w.Exec("INSERT INTO t VALUES (1, 1)")
		other := dbtest.Session(t, w.Raw)
		var id int64
		require.NoError(t, other.QueryRowContext(t.Context(), "SELECT CONNECTION_ID()").Scan(&id))
		dbtest.Run(t, other, "BEGIN", "UPDATE t SET v = 2 WHERE id = 1")

		_, err := w.Upsert([]any{1, 3}, []any{2, 3})
		require.Equal(t, uint16(1205), mysqlerr.NumberOf(err), "%v", err)
		require.True(t, mysqlerr.IsRetryable(err))
		require.ErrorContains(
			t, err,
			fmt.Sprintf(
				"connection %d of root holds a lock on the same rows, and has been idle in its transaction for", id,
			),
		)
		require.Contains(t, mysqlerr.Describe(err).Remedy, fmt.Sprintf("KILL %d", id))
		dbtest.Run(t, other, "ROLLBACK")
		w.Wrote(1, 1, 0, []any{1, 3}, []any{2, 3})
	})
}

// The connection is found beside any number of locks: a look costs what waits, and not what is locked.
func TestTheConnectionThatBlocksIsFoundAmongManyLocks(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(t, s, "(id INT PRIMARY KEY, v INT)")
		dbtest.Fill(t, w.Raw, "t", 60_000, "n, n")
		other, waiting := dbtest.Session(t, w.Raw), dbtest.Session(t, w.Raw)
		var id int64
		require.NoError(t, other.QueryRowContext(t.Context(), "SELECT CONNECTION_ID()").Scan(&id))
		const update = "UPDATE t FORCE INDEX (PRIMARY) SET v = v + 1 WHERE id "
		const begin = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"
		dbtest.Run(t, other, begin, "BEGIN", update+"< 50000")
		dbtest.Run(t, waiting, begin, "BEGIN", update+">= 50000")
		done := make(chan error, 1)
		go func() {
			_, err := waiting.ExecContext(t.Context(), update+"= 1")
			done <- err
		}()
		dbtest.WaitUntil(t, w.Raw, "SELECT COUNT(*) > 0 FROM information_schema.innodb_trx WHERE trx_state = "+
			"'LOCK WAIT' AND trx_query LIKE '"+update+"= 1%'")
		found := txn.FindBlocker(t.Context(), w.Db, w.Spec.Target.Name)
		require.NotNil(t, found)
		require.Equal(t, id, found.ID)
		dbtest.Run(t, other, "ROLLBACK")
		require.NoError(t, <-done)
		dbtest.Run(t, waiting, "ROLLBACK")
	})
}

// On MySQL, the connection that locks the table's definition is found too.
func TestTheHolderOfATablesDefinitionIsFound(t *testing.T) {
	w := dbtest.NewWriting(t, servers.MySQL(t), "(id INT PRIMARY KEY, v INT)")
	other := dbtest.Session(t, w.Raw)
	var id int64
	require.NoError(t, other.QueryRowContext(t.Context(), "SELECT CONNECTION_ID()").Scan(&id))
	require.Nil(t, txn.FindBlocker(t.Context(), w.Db, w.Spec.Target.Name))
	dbtest.Run(t, other, "LOCK TABLES t WRITE")
	require.Equal(t, id, txn.FindBlocker(t.Context(), w.Db, w.Spec.Target.Name).ID)
	dbtest.Run(t, other, "UNLOCK TABLES")
}

// Without the privilege to see locks, the error says how to look.
func TestALockWaitWithoutGrantsSaysHowToLook(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := dbtest.NewProvoker(t, s)
		p.Locked()
		err := mysqlerr.Safe(p.Say("UPDATE t SET v = 's3cret' WHERE id = 1"))
		require.Equal(t, uint16(1205), mysqlerr.NumberOf(err))
		require.Contains(t, mysqlerr.Describe(err).Remedy, "innodb_lock_waits")
	})
}

// A conflict that the guard of the statement finds is shown as one of a unique key, with a remedy.
func TestAUniqueConflictNeverShowsTheGuard(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(t, s, "(id INT PRIMARY KEY, mail VARCHAR(20), UNIQUE KEY mails (mail))")
		w.Exec("INSERT INTO t VALUES (1, 's3cret')")
		for _, rows := range [][][]any{
			{{2, "s3cret"}},
			{{2, "s3cret"}, {3, "x"}, {4, "y"}},
			{{1, "z"}, {2, "s3cret"}},
		} {
			_, err := w.Upsert(rows...)
			if err == nil { // the row that held it came with another value first
				w.Exec("DELETE FROM t WHERE id > 1")
				w.Exec("UPDATE t SET mail = 's3cret'")
				continue
			}
			require.ErrorContains(
				t, err, "another row already holds this value of a unique key, column mail, key mails",
			)
			require.ErrorContains(t, err, "(error 1062)")
			require.NotContains(t, err.Error(), "1242")
			require.NotContains(t, err.Error(), "s3cret")
			require.Contains(t, mysqlerr.Describe(err).Remedy, "uniqueConflicts: replace")
			require.True(t, upsert.IsUniqueConflict(err))
		}
	})
}

// A chunk waits for its own rows only, even where other sessions hold all rows beside and between them.
func TestAChunkWaitsForItsOwnRowsOnly(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(t, s, orders)
		w.Spec.Cursor = "at"
		chunk := func(at string, ids ...int) (rows [][]any) {
			for _, id := range ids {
				rows = append(rows, dbtest.Row(id, "v", at))
			}
			return rows
		}
		var all, dense, gappy []int
		for id := 1; id <= 300; id++ {
			all = append(all, id)
			if id > 100 && id <= 200 {
				dense = append(dense, id)
			}
			if id%3 == 0 {
				gappy = append(gappy, id)
			}
		}
		w.Wrote(300, 0, 0, chunk("2024-01-01 00:00:00.000000", all...)...)
		day := 1
		for name, c := range map[string]struct {
			ids  []int
			held string
			gone int64 // before the chunk is written; 0 for none
		}{
			"side by side":              {dense, "id <= 100 OR id > 200", 0},
			"the last one is not there": {dense, "id <= 100 OR id > 200", 200},
			"with gaps":                 {gappy, "id % 3 <> 0", 0},
			"all but the last":          {all[:299], "id = 300", 0},
		} {
			day++
			w.Exec(fmt.Sprintf("DELETE FROM t WHERE id = %d", c.gone))
			tx, err := w.Raw.BeginTx(t.Context(), &sql.TxOptions{Isolation: sql.LevelReadCommitted})
			require.NoError(t, err)
			_, err = tx.ExecContext(t.Context(), "UPDATE t SET v = 'held' WHERE "+c.held)
			require.NoError(t, err)
			res, err := w.Upsert(chunk(fmt.Sprintf("2024-01-%02d 00:00:00.000000", day), c.ids...)...)
			require.NoError(t, err, name)
			require.Equal(t, 1, res.Tries, name)
			require.EqualValues(t, min(c.gone, 1), res.Inserted, name)
			require.NoError(t, tx.Rollback())
		}
	})
}
