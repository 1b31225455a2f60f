package upsert

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/table"
)

const (
	// blockerInterval is the pause between looks at who holds what a chunk waits for: two of them fit
	// into one wait for a row's lock.
	blockerInterval = time.Second
	blockerTimeout  = 2 * time.Second
)

// lockWatch looks who holds the locks that somebody waits for in a table. After a wait has ended,
// no server knows it any more.
type lockWatch struct {
	cancel context.CancelFunc
	done   sync.WaitGroup
	holder *blocker // the last one seen
}

// blocker is a connection that others wait for.
type blocker struct {
	id            int64
	user, command string
	seconds       int64
}

// watchLocks begins to look. Where the login may not see locks, nobody is found.
func watchLocks(ctx context.Context, d *mysqldb.DB, name table.Name) *lockWatch {
	ctx, cancel := context.WithCancel(ctx)
	w := &lockWatch{cancel: cancel}
	w.done.Go(func() {
		for mysqldb.Sleep(ctx, blockerInterval) == nil {
			for _, query := range blockerQueries(d.Server) {
				if h := findBlocker(ctx, d, query, name); h != nil {
					w.holder = h
					break
				}
			}
		}
	})
	return w
}

// stop ends the looks and returns the last holder seen, nil for none.
func (w *lockWatch) stop() *blocker {
	if w == nil {
		return nil
	}
	w.cancel()
	w.done.Wait()
	return w.holder
}

// blockerQueries find the connection that holds what others wait for in a table: rows first, then
// the table's definition.
func blockerQueries(s mysqldb.Server) []string {
	if s.Flavor == mysqldb.FlavorMariaDB || !s.AtLeast(8, 0, 1) {
		return []string{"SELECT b.trx_mysql_thread_id AS id, COALESCE(p.USER, '') AS user, COALESCE(p.COMMAND, '') AS command," +
			" COALESCE(p.TIME, 0) AS seconds FROM information_schema.INNODB_LOCK_WAITS w" +
			" JOIN information_schema.INNODB_LOCKS l ON l.lock_id = w.requested_lock_id" +
			" JOIN information_schema.INNODB_TRX b ON b.trx_id = w.blocking_trx_id" +
			" LEFT JOIN information_schema.PROCESSLIST p ON p.ID = b.trx_mysql_thread_id" +
			" WHERE l.lock_table = CONCAT('`', ?, '`.`', ?, '`') ORDER BY seconds DESC LIMIT 1"}
	}
	const holder = "SELECT b.PROCESSLIST_ID AS id, COALESCE(b.PROCESSLIST_USER, '') AS user, COALESCE(b.PROCESSLIST_COMMAND, '') AS command," +
		" COALESCE(b.PROCESSLIST_TIME, 0) AS seconds FROM performance_schema."
	return []string{
		holder + "data_lock_waits w JOIN performance_schema.data_locks l ON l.ENGINE_LOCK_ID = w.REQUESTING_ENGINE_LOCK_ID" +
			" JOIN performance_schema.threads b ON b.THREAD_ID = w.BLOCKING_THREAD_ID" +
			" WHERE l.OBJECT_SCHEMA = ? AND l.OBJECT_NAME = ? ORDER BY seconds DESC LIMIT 1",
		holder + "metadata_locks l JOIN performance_schema.threads b ON b.THREAD_ID = l.OWNER_THREAD_ID" +
			" WHERE l.OBJECT_TYPE = 'TABLE' AND l.OBJECT_SCHEMA = ? AND l.OBJECT_NAME = ? AND l.LOCK_STATUS = 'GRANTED'" +
			" AND l.LOCK_TYPE IN ('EXCLUSIVE', 'SHARED_NO_READ_WRITE', 'SHARED_NO_WRITE', 'SHARED_UPGRADABLE')" +
			" ORDER BY seconds DESC LIMIT 1",
	}
}

func findBlocker(ctx context.Context, d *mysqldb.DB, query string, name table.Name) *blocker {
	ctx, cancel := context.WithTimeout(ctx, blockerTimeout)
	defer cancel()
	var h blocker
	if err := d.QueryRowContext(ctx, query, name.Schema, name.Table).Scan(&h.id, &h.user, &h.command, &h.seconds); err != nil {
		return nil
	}
	return &h
}

// describeBlocker names the connection that a chunk has waited for in vain.
func describeBlocker(err error, h *blocker) error {
	if h == nil || mysqlerr.NumberOf(err) != mysqlerr.ErrLockWaitTimeout {
		return err
	}
	p := mysqlerr.Describe(err)
	state := "runs a statement"
	if strings.EqualFold(h.command, "Sleep") {
		state = "has been idle in its transaction"
	}
	p.Sentence = fmt.Sprintf("lock wait timeout: connection %d of %s holds a lock on the same rows, and %s for %d s",
		h.id, h.user, state, h.seconds)
	p.Remedy = fmt.Sprintf("wait for it, or end it: KILL %d", h.id)
	return mysqlerr.NewError(p)
}
