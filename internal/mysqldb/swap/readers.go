package swap

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"github.com/tablehaul/tablehaul/internal/clock"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/txn"
)

// A Session is a connection that has a transaction, as two looks find the same one.
type Session struct {
	// Connection is the server's number of it, and User its login's name.
	Connection int64  `json:"connection"`
	User       string `json:"user,omitempty"`
	// Began tells one transaction of a connection from its next.
	Began string `json:"began"`
}

// String is for people.
func (s Session) String() string {
	if s.User == "" {
		return fmt.Sprintf("connection %d", s.Connection)
	}
	return fmt.Sprintf("connection %d of %s", s.Connection, s.User)
}

// Remaining are those of some sessions that a later look still finds.
func Remaining(before, now []Session) (out []Session) {
	for _, s := range before {
		for _, n := range now {
			if s.Connection == n.Connection && s.Began == n.Began {
				out = append(out, n)
			}
		}
	}
	return out
}

const (
	// freshTries bounds the readings of a list that InnoDB may hand out as an older copy; freshPause is a little longer
	// than it keeps one.
	freshTries = 12
	freshPause = 110 * time.Millisecond
)

// Transactions are all open transactions of the server, in a list that was made after the call began. known is false
// where the login may not see those of others (PROCESS), or the list is never fresh.
//
// The list holds a transaction of this call's own: one that shows it was made after the call began.
func Transactions(ctx context.Context, db *mysqldb.DB) (list []Session, known bool, err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, false, fmt.Errorf("list open transactions: %w", mysqlerr.Safe(err))
	}
	defer func() { _ = conn.Close() }() // says only whether it is closed already
	defer txn.Rollback(ctx, conn)
	for _, statement := range []string{
		"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", // below it, no snapshot is taken
		"START TRANSACTION WITH CONSISTENT SNAPSHOT",
	} {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return nil, false, fmt.Errorf("list open transactions: %w", mysqlerr.Safe(err))
		}
	}
	for range freshTries {
		list, fresh, err := readTransactions(ctx, conn)
		switch {
		case mysqlerr.NumberOf(err) == mysqlerr.ErrSpecificAccess:
			return nil, false, nil
		case err != nil && mysqlerr.NumberOf(err) != mysqlerr.ErrCannotConvert:
			return nil, false, fmt.Errorf("list open transactions: %w", mysqlerr.Safe(err))
		case err == nil && fresh:
			return list, true, nil
		}
		// Random, because two that read in step keep each other's copy alive.
		if err := clock.Sleep(ctx, freshPause+mathrand.N(freshPause)); err != nil {
			return nil, false, err
		}
	}
	return nil, false, nil
}

// readTransactions reads the list without the reader's own transaction; fresh says that it was in the list.
func readTransactions(ctx context.Context, conn *sql.Conn) (list []Session, fresh bool, err error) {
	// Only in this statement's own row does the text of the statement hold the word.
	rows, err := conn.QueryContext(ctx, "SELECT t.trx_mysql_thread_id, COALESCE(p.USER, ''), "+
		"CONCAT(t.trx_started, ' ', t.trx_id), COALESCE(t.trx_query LIKE '%tablehaul-"+rand.Text()+"%', 0) "+
		"FROM information_schema.INNODB_TRX t "+
		"LEFT JOIN information_schema.PROCESSLIST p ON p.ID = t.trx_mysql_thread_id")
	if err != nil {
		return nil, false, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var s Session
		var own bool
		if err := rows.Scan(&s.Connection, &s.User, &s.Began, &own); err != nil {
			return nil, false, err
		}
		if own {
			fresh = true
		} else {
			list = append(list, s)
		}
	}
	return list, fresh, rows.Err()
}
