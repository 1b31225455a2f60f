package mysqldb_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// A chunk that waits for another's lock in vain says whose it is.
func TestALockWaitNamesTheConnectionThatBlocks(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := newWriting(t, s, "(id INT PRIMARY KEY, v INT)")
		w.exec("INSERT INTO t VALUES (1, 1)")
		other := session(t, w.raw)
		var id int64
		require.NoError(t, other.QueryRowContext(t.Context(), "SELECT CONNECTION_ID()").Scan(&id))
		run(t, other, "BEGIN", "UPDATE t SET v = 2 WHERE id = 1")

		_, err := w.upsert([]any{1, 3}, []any{2, 3})
		require.Equal(t, uint16(1205), mysqldb.NumberOf(err), "%v", err)
		require.True(t, mysqldb.IsRetryable(err))
		require.ErrorContains(t, err, fmt.Sprintf("connection %d of root holds a lock on the same rows, and has been idle in its transaction for", id))
		require.Contains(t, mysqldb.Describe(err).Remedy, fmt.Sprintf("KILL %d", id))
		run(t, other, "ROLLBACK")
		w.wrote(1, 1, 0, []any{1, 3}, []any{2, 3})
	})
}

// Where another holds the table's definition, MySQL says who it is.
func TestTheHolderOfATablesDefinitionIsFound(t *testing.T) {
	w := newWriting(t, servers.MySQL(t), "(id INT PRIMARY KEY, v INT)")
	other := session(t, w.raw)
	var id int64
	require.NoError(t, other.QueryRowContext(t.Context(), "SELECT CONNECTION_ID()").Scan(&id))
	require.Zero(t, mysqldb.LockHolder(t.Context(), w.db, w.spec.Target.Name))
	run(t, other, "LOCK TABLES t WRITE")
	require.Equal(t, id, mysqldb.LockHolder(t.Context(), w.db, w.spec.Target.Name))
	run(t, other, "UNLOCK TABLES")
}

// Without the right to look, the failure still says how to.
func TestALockWaitWithoutGrantsSaysHowToLook(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := newProvoker(t, s)
		p.locked()
		err := mysqldb.Safe(p.say("UPDATE t SET v = 's3cret' WHERE id = 1"))
		require.Equal(t, uint16(1205), mysqldb.NumberOf(err))
		require.Contains(t, mysqldb.Describe(err).Remedy, "innodb_lock_waits")
	})
}

// What the guard notices is said as what it is: a unique key, and the way out.
func TestAUniqueConflictNeverShowsTheGuard(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := newWriting(t, s, "(id INT PRIMARY KEY, mail VARCHAR(20), UNIQUE KEY mails (mail))")
		w.exec("INSERT INTO t VALUES (1, 's3cret')")
		for _, rows := range [][][]any{{{2, "s3cret"}}, {{2, "s3cret"}, {3, "x"}, {4, "y"}}, {{1, "z"}, {2, "s3cret"}}} {
			_, err := w.upsert(rows...)
			if err == nil { // the row that held it came with another value first
				w.exec("DELETE FROM t WHERE id > 1")
				w.exec("UPDATE t SET mail = 's3cret'")
				continue
			}
			require.ErrorContains(t, err, "another row already holds this value of a unique key, column mail, key mails")
			require.ErrorContains(t, err, "(error 1062)")
			require.NotContains(t, err.Error(), "1242")
			require.NotContains(t, err.Error(), "s3cret")
			require.Contains(t, mysqldb.Describe(err).Remedy, "uniqueConflicts: replace")
			require.True(t, mysqldb.IsUniqueConflict(err))
		}
	})
}
