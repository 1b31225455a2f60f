package target

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/tablehaul/tablehaul/internal/clock"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/txn"
	"github.com/tablehaul/tablehaul/internal/table"
)

const (
	// exclusiveTries is how many tries at the exclusive lock of a table may fail in exclusiveWindow. Each of them makes
	// all readers and writers of the table wait for up to a second.
	exclusiveTries  = 5
	exclusiveWindow = time.Hour
	// holderLooks is how often the holders of locks are read before a statement is put off, and holderPause the pause
	// between two readings.
	holderLooks = 4
	holderPause = 250 * time.Millisecond
)

// ExecExclusive executes one statement, an ALTER, RENAME or DROP TABLE, that needs the named tables for itself for a
// moment. It is the one way in which a target's tables are altered, exchanged or dropped.
//
// While such a statement waits for its locks, every later statement of other sessions on these tables waits behind it.
// So the statement is tried only when no transaction is seen that keeps a lock of them, it waits for at most one second
// (lock_wait_timeout), and of one table at most five tries an hour may fail, counted by this process. Otherwise the
// error is one that may pass ([mysqlerr.ClassRetry]) and names the connection in the way; the table is as it was.
// Where the login may not see metadata locks, or the server does not record them, the bounds alone hold.
//
// A statement that has its locks may run for long. It ends when ctx does. One that builds an index needs them again at
// its end: where it does not get them within the second, the index is gone, and the error is the same.
func (t *Target) ExecExclusive(ctx context.Context, statement string, names ...table.Name) error {
	return t.execExclusive(ctx, nil, statement, names...)
}

// execExclusive is ExecExclusive in a session that has the settings meanwhile.
func (t *Target) execExclusive(
	ctx context.Context, settings []sessionSetting, statement string, names ...table.Name,
) error {
	conn, err := t.Conn(ctx)
	if err != nil {
		return mysqlerr.Safe(err)
	}
	defer func() { _ = conn.Close() }() // says only whether the connection is closed already
	defer set(ctx, conn, settings)()
	return t.ExecExclusiveOn(ctx, conn, nil, statement, names...)
}

// ExecExclusiveOn is ExecExclusive on a connection of the caller's, which is dropped after an error. Where ready is not
// nil, it is called right before the statement, when nothing else is waited for; its error is returned.
func (t *Target) ExecExclusiveOn(
	ctx context.Context, conn *sql.Conn, ready func(context.Context) error, statement string, names ...table.Name,
) error {
	d := t.DB
	if err := awaitHolders(ctx, d, names); err != nil {
		return err
	}
	if next := failedTries.nextAt(d, names, time.Now()); !next.IsZero() {
		return lockedError(names, fmt.Sprintf("%d tries at its lock have failed in an hour", exclusiveTries),
			"the next try is at "+next.UTC().Format("15:04:05")+" UTC; end the transactions that use the table")
	}
	if _, err := conn.ExecContext(ctx, "SET @tablehaul_wait = @@SESSION.lock_wait_timeout, SESSION "+
		"lock_wait_timeout = 1"); err != nil {
		return mysqlerr.Safe(err)
	}
	var err error
	if ready != nil {
		err = ready(ctx)
	}
	if err == nil {
		err = execWatched(ctx, d, conn, statement, watchEvery)
	}
	if mysqlerr.NumberOf(err) == mysqlerr.ErrLockWaitTimeout {
		failedTries.add(d, names, time.Now())
	}
	if err == nil {
		_, restoreErr := conn.ExecContext(ctx, "SET SESSION lock_wait_timeout = @tablehaul_wait")
		if restoreErr == nil {
			return nil
		}
	}
	txn.Drop(conn) // never a session in the pool with another setting
	return err
}

// lockedError is what a later try may not meet.
func lockedError(names []table.Name, what, remedy string) error {
	texts := make([]string, len(names))
	for i, n := range names {
		texts[i] = n.String()
	}
	return putOff{mysqlerr.NewError(mysqlerr.Problem{
		Class: mysqlerr.ClassRetry, Number: mysqlerr.ErrLockWaitTimeout,
		Sentence: strings.Join(texts, ", ") + " is in use: " + what, Remedy: remedy,
	})}
}

// putOff is the error of a statement that was not tried.
type putOff struct{ error }

// Unwrap returns the error that says why.
func (p putOff) Unwrap() error { return p.error }

// IsPutOff reports whether an error of ExecExclusive is about a statement that was not tried: others have locks that it
// would have to wait for.
func IsPutOff(err error) bool {
	_, ok := errors.AsType[putOff](err)
	return ok
}

// awaitHolders waits until no lock of the tables is kept from one reading to the next; an error after holderLooks.
func awaitHolders(ctx context.Context, d *mysqldb.DB, names []table.Name) error {
	before, known := lockHolders(ctx, d, names)
	for look := 1; known && len(before) > 0; look++ {
		if err := clock.Sleep(ctx, holderPause); err != nil {
			return err
		}
		now, stillKnown := lockHolders(ctx, d, names)
		if !stillKnown {
			return nil
		}
		var kept *lockHolder
		for lock, holder := range now {
			if _, both := before[lock]; both && (kept == nil || holder.seconds > kept.seconds) {
				kept = &holder
			}
		}
		if kept == nil {
			return nil
		}
		if look == holderLooks {
			return lockedError(names, fmt.Sprintf("connection %d of %s keeps a lock of it", kept.connection, kept.user),
				fmt.Sprintf("the step goes on when that transaction has ended; KILL %d ends it", kept.connection))
		}
		before = now
	}
	return nil
}

// lockHolder is a connection that has a metadata lock.
type lockHolder struct {
	connection, seconds int64
	user                string
}

const (
	// recordsLocks says whether the server records metadata locks.
	recordsLocks = "SELECT COUNT(*) FROM performance_schema.setup_instruments WHERE NAME = " +
		"'wait/lock/metadata/sql/mdl' AND ENABLED = 'YES'"
	locksBySchema = "SELECT CONCAT(m.OWNER_THREAD_ID, ' ', m.OWNER_EVENT_ID), COALESCE(t.PROCESSLIST_ID, 0)," +
		" COALESCE(t.PROCESSLIST_USER, 'an XA transaction'), COALESCE(t.PROCESSLIST_TIME, 0)" +
		" FROM performance_schema.metadata_locks m" +
		" LEFT JOIN performance_schema.threads t ON t.THREAD_ID = m.OWNER_THREAD_ID" +
		" WHERE m.OBJECT_TYPE = 'TABLE' AND m.LOCK_STATUS = 'GRANTED' AND m.OBJECT_SCHEMA = ? AND m.OBJECT_NAME = ?"
	// locksByPlugin is for MariaDB with the plugin metadata_lock_info.
	locksByPlugin = "SELECT CONCAT(m.THREAD_ID, ' ', COALESCE(p.QUERY_ID, 0)), m.THREAD_ID, COALESCE(p.USER, '')," +
		" COALESCE(p.TIME, 0) FROM information_schema.METADATA_LOCK_INFO m" +
		" LEFT JOIN information_schema.PROCESSLIST p ON p.ID = m.THREAD_ID" +
		" WHERE m.LOCK_TYPE = 'Table metadata lock' AND m.TABLE_SCHEMA = ? AND m.TABLE_NAME = ?"
)

// lockHolders reads who has locks of the tables, by lock; false where the server does not show it.
func lockHolders(ctx context.Context, d *mysqldb.DB, names []table.Name) (map[string]lockHolder, bool) {
	query := locksBySchema
	var recorded int
	if err := d.QueryRowContext(ctx, recordsLocks).Scan(&recorded); err != nil || recorded == 0 {
		if d.Server.Flavor != mysqldb.FlavorMariaDB {
			return nil, false
		}
		query = locksByPlugin
	}
	held := map[string]lockHolder{}
	for _, name := range names {
		rows, err := d.QueryContext(ctx, query, name.Schema, name.Table)
		if err != nil {
			return nil, false
		}
		for rows.Next() {
			var lock string
			var h lockHolder
			if err := rows.Scan(&lock, &h.connection, &h.user, &h.seconds); err != nil {
				break
			}
			held[lock] = h
		}
		if rows.Err() != nil || rows.Close() != nil {
			return nil, false
		}
	}
	return held, true
}

// failedTries are the tries of this process that have met a lock.
var failedTries = tries{at: map[string][]time.Time{}}

// tries are moments, by server and table.
type tries struct {
	mu sync.Mutex
	at map[string][]time.Time
}

func triesKey(d *mysqldb.DB, n table.Name) string { return d.Instance().Digest + " " + n.String() }

// nextAt is when the next try may be made of all the tables; zero: now.
func (t *tries) nextAt(d *mysqldb.DB, names []table.Name, now time.Time) (next time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, n := range names {
		var recent []time.Time
		for _, at := range t.at[triesKey(d, n)] {
			if now.Sub(at) < exclusiveWindow {
				recent = append(recent, at)
			}
		}
		if t.at[triesKey(d, n)] = recent; len(recent) >= exclusiveTries {
			if free := recent[len(recent)-exclusiveTries].Add(exclusiveWindow); free.After(next) {
				next = free
			}
		}
	}
	return next
}

func (t *tries) add(d *mysqldb.DB, names []table.Name, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, n := range names {
		t.at[triesKey(d, n)] = append(t.at[triesKey(d, n)], now)
	}
}
