package source

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/table"
)

// metadataLock is a lock by which its owner writes a table or may come to write one: held, or waited for.
type metadataLock struct {
	table   table.Name
	pending bool
	owner   process // id 0: an XA transaction without a connection
	// older says that the lock is from before the owner's transaction: that of an XA transaction which
	// the owner has prepared and left.
	older bool
	// began is the age of the owner's transaction in seconds, counted from the beginning of the
	// statement that began it; 0 where the server does not say.
	began float64
}

// lockView is what MySQL's metadata locks say about open work.
type lockView struct {
	running map[uint64]process // by connection
	locks   []metadataLock
}

// Why there is no lockView.
const (
	noLocksShown    = "this server does not show metadata locks"
	noLocksGrant    = "the login may not read performance_schema"
	noLocksRecorded = "the server does not record metadata locks or transactions, or has lost some"
)

// runningStatements reads what runs and, in the same statement, whether locks are recorded at all.
const runningStatements = "SELECT t.PROCESSLIST_ID AS id, t.NAME AS name," +
	" t.PROCESSLIST_USER AS user, t.PROCESSLIST_HOST AS host, t.PROCESSLIST_COMMAND AS command," +
	" t.PROCESSLIST_TIME AS time, t.PROCESSLIST_STATE AS state," +
	" s.EVENT_NAME AS kind, s.NESTING_EVENT_LEVEL AS level, s.TIMER_WAIT AS timer," +
	" (SELECT COUNT(*) FROM performance_schema.setup_instruments WHERE ENABLED = 'YES'" +
	" AND (NAME = 'wait/lock/metadata/sql/mdl' OR NAME = 'transaction' AND TIMED = 'YES')) AS instruments," +
	" (SELECT COUNT(*) FROM performance_schema.setup_consumers WHERE ENABLED = 'YES'" +
	" AND NAME IN ('global_instrumentation', 'thread_instrumentation', 'events_statements_current'," +
	" 'events_transactions_current')) AS consumers," +
	" (SELECT SUM(VARIABLE_VALUE) FROM performance_schema.global_status WHERE VARIABLE_NAME IN" +
	" ('Performance_schema_metadata_lock_lost', 'Performance_schema_thread_instances_lost')) AS lost" +
	" FROM performance_schema.threads t LEFT JOIN performance_schema.events_statements_current s" +
	" ON s.THREAD_ID = t.THREAD_ID WHERE t.PROCESSLIST_ID IS NOT NULL" +
	" AND t.PROCESSLIST_COMMAND NOT IN ('Sleep', 'Daemon', 'Binlog Dump', 'Binlog Dump GTID')"

// firstStatement is when the statement began in which transaction x began: s where it is its thread's last one, h where
// it is among the few that the server keeps of a thread. Another one began after the thread's transaction before x
// ended, and has taken no longer than the longest statement that the thread has run: the later of these two moments is
// too early at worst. The first is 0 where the server keeps no transactions, or none before x.
const firstStatement = "COALESCE(s.TIMER_START, h.TIMER_START, GREATEST(" +
	"COALESCE((SELECT MAX(p.TIMER_END) FROM performance_schema.events_transactions_history p" +
	" WHERE p.THREAD_ID = x.THREAD_ID AND p.END_EVENT_ID < x.NESTING_EVENT_ID AND p.TIMER_END <= x.TIMER_START), 0)," +
	" CAST(x.TIMER_START AS DECIMAL(30)) - COALESCE((SELECT MAX(q.MAX_TIMER_WAIT)" +
	" FROM performance_schema.events_statements_summary_by_thread_by_event_name q" +
	" WHERE q.THREAD_ID = x.THREAD_ID), 0)))"

// writeLocks reads the locks of writers. InnoDB and the transaction's own event date a transaction
// by its first access to a row; a statement that waited for a lock before that has stamped earlier.
// So a transaction is dated by the statement in which it began.
//
// A lock of a user's own is taken while a statement runs, long after those of its tables.
const writeLocks = "SELECT STRAIGHT_JOIN m.OBJECT_TYPE AS type, m.OBJECT_SCHEMA AS db, m.OBJECT_NAME AS object," +
	" m.LOCK_STATUS AS status, t.NAME AS name, t.PROCESSLIST_ID AS id," +
	" t.PROCESSLIST_USER AS user, t.PROCESSLIST_HOST AS host, t.PROCESSLIST_COMMAND AS command," +
	" t.PROCESSLIST_TIME AS time, t.PROCESSLIST_STATE AS state," +
	// A clock that was set back makes the unsigned TIMER_WAIT wrap around: then it says nothing.
	" IF(x.TIMER_WAIT > 9000000000000000000, 0, CAST(x.TIMER_WAIT AS DECIMAL(30)) + x.TIMER_START -" +
	" LEAST(x.TIMER_START, " + firstStatement + ")) AS began," +
	" m.OWNER_EVENT_ID <= x.NESTING_EVENT_ID AS older" +
	" FROM performance_schema.metadata_locks m" +
	" LEFT JOIN performance_schema.threads t ON t.THREAD_ID = m.OWNER_THREAD_ID" +
	" LEFT JOIN performance_schema.events_transactions_current x" +
	" ON x.THREAD_ID = m.OWNER_THREAD_ID AND x.STATE = 'ACTIVE'" +
	" LEFT JOIN performance_schema.events_statements_current s" +
	" ON s.THREAD_ID = x.THREAD_ID AND s.EVENT_ID = x.NESTING_EVENT_ID" +
	" LEFT JOIN performance_schema.events_statements_history h" +
	" ON h.THREAD_ID = x.THREAD_ID AND h.EVENT_ID = x.NESTING_EVENT_ID" +
	" WHERE m.OBJECT_TYPE NOT IN ('USER LEVEL LOCK', 'LOCKING SERVICE')" +
	" AND (m.LOCK_STATUS <> 'GRANTED' OR m.OBJECT_TYPE = 'TABLE' AND m.LOCK_TYPE IN ('SHARED_WRITE'," +
	" 'SHARED_WRITE_LOW_PRIO', 'SHARED_UPGRADABLE', 'SHARED_NO_WRITE', 'SHARED_NO_READ_WRITE', 'EXCLUSIVE'))"

// kindTries bounds the readings of statements whose kind the server cannot tell because it changes just now.
const kindTries = 5

// readLockView reads the metadata locks; reason says why the server does not show them.
//
// What runs is read before the locks. A statement that runs, and has not locked its tables yet, is
// known by its state. One that begins later is younger than the reading.
func (s *Source) readLockView(ctx context.Context, conn *sql.Conn) (v *lockView, without string, err error) {
	if s.db.Server.Flavor != mysqldb.FlavorMySQL || !s.db.Server.AtLeast(8, 0, 11) {
		return nil, noLocksShown, nil
	}
	v = &lockView{}
	for try, unknown := 0, true; unknown && try < kindTries; try++ {
		var recs []schema.Record
		if recs, err = readRecords(ctx, conn, runningStatements); err != nil {
			return nil, noLocksGrant, ignoreDenied(err)
		}
		for _, r := range recs {
			if r.Text("INSTRUMENTS") != "2" || r.Text("CONSUMERS") != "4" || r.Number("LOST") > 0 {
				return nil, noLocksRecorded, nil
			}
		}
		if v.running, unknown, err = running(recs); err != nil {
			return nil, "", err
		}
	}
	recs, err := readRecords(ctx, conn, writeLocks)
	if err != nil {
		return nil, noLocksGrant, ignoreDenied(err)
	}
	for _, r := range recs {
		l := metadataLock{pending: r.Text("STATUS") != "GRANTED", older: r.Text("OLDER") == "1"}
		l.began = float64(r.Number("BEGAN")) / 1e12
		if l.owner, err = threadOf(r); err != nil {
			return nil, "", err
		}
		if r.Text("TYPE") == "TABLE" {
			l.table = table.Name{Schema: r.Text("DB"), Table: r.Text("OBJECT")}
		}
		v.locks = append(v.locks, l)
	}
	return v, "", nil
}

// ignoreDenied is nil for the errors of a login that lacks the privilege.
func ignoreDenied(err error) error {
	switch mysqlerr.NumberOf(err) {
	case mysqlerr.ErrTableAccessDenied, mysqlerr.ErrColumnAccessDenied, mysqlerr.ErrNoSuchTable:
		return nil
	}
	return err
}

// running sorts the rows of runningStatements; unknown says that a kind is missing.
func running(recs []schema.Record) (_ map[uint64]process, unknown bool, err error) {
	out := make(map[uint64]process, len(recs))
	for _, r := range recs {
		p, err := threadOf(r)
		if err != nil {
			return nil, false, err
		}
		if known, ok := out[p.id]; ok {
			p = known
		}
		switch kind := r.Text("KIND"); {
		case kind == "":
		case r.Text("LEVEL") == "0":
			p.kind, p.timer = kind, float64(r.Number("TIMER"))/1e12
		default:
			p.program = true
		}
		out[p.id] = p
	}
	for _, p := range out {
		unknown = unknown || p.kind == "" && p.running()
	}
	return out, unknown, nil
}

func threadOf(r schema.Record) (p process, err error) {
	if text := r.Text("ID"); text != "" {
		if p.id, err = strconv.ParseUint(text, 10, 64); err != nil {
			return p, fmt.Errorf("read the list of threads: %w", err)
		}
	}
	p.name, p.user, p.host = r.Text("NAME"), r.Text("USER"), r.Text("HOST")
	p.command, p.state, p.seconds = r.Text("COMMAND"), r.Text("STATE"), float64(r.Number("TIME"))
	return p, nil
}

// mayYetLock says that the statement may come to write a table that it has not locked so far. holds
// says that it has a lock to write some table.
func (p process) mayYetLock(holds bool) bool {
	switch p.state {
	case "starting", "checking permissions", "Opening tables", "Opening system tables",
		"Executing hook on transaction begin.":
		return true // it reads its text, or opens its tables one after the other
	}
	switch kind := strings.TrimPrefix(p.kind, "statement/"); kind {
	case "", "sql/call_procedure", "scheduler/event":
		return true // each statement of a procedure locks its own tables, and a variable may keep NOW()
	case "com/Execute", "sql/execute_sql":
		return p.program // perhaps a CALL
	case "sql/insert", "sql/insert_select", "sql/replace", "sql/replace_select", "sql/load",
		"sql/update", "sql/update_multi", "sql/delete", "sql/delete_multi":
		return !holds
	}
	return strings.HasPrefix(p.kind, "statement/abstract/")
}

// changesStructure says that the statement writes no row of a table that it does not lock.
func (p process) changesStructure() bool {
	switch strings.TrimPrefix(p.kind, "statement/sql/") {
	case "alter_table", "create_index", "drop_index", "drop_table", "truncate", "rename_table", "optimize",
		"analyze", "check", "repair", "lock_tables", "flush":
		return true
	}
	return false
}
