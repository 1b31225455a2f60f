package swap

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

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

// Transactions are all open transactions of the server, in a list that was made after the call began. known is false
// where the login may not see those of others (PROCESS), or the list is never fresh.
func Transactions(ctx context.Context, db *mysqldb.DB) (list []Session, known bool, err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, false, fmt.Errorf("list open transactions: %w", mysqlerr.Safe(err))
	}
	defer func() { _ = conn.Close() }() // says only whether it is closed already
	defer txn.Rollback(ctx, conn)
	err = txn.ReadFresh(ctx, conn, func(own string) (fresh bool, err error) {
		list, fresh, err = readTransactions(ctx, conn, own)
		return fresh, err
	})
	switch {
	case mysqlerr.NumberOf(err) == mysqlerr.ErrSpecificAccess, errors.Is(err, txn.ErrStaleList),
		errors.Is(err, txn.ErrUnreadableList):
		return nil, false, nil
	case err != nil:
		return nil, false, fmt.Errorf("list open transactions: %w", mysqlerr.Safe(err))
	}
	return list, true, nil
}

// readTransactions reads the list without the reader's own transaction; fresh says that it was in the list.
func readTransactions(ctx context.Context, conn *sql.Conn, own string) (list []Session, fresh bool, err error) {
	rows, err := conn.QueryContext(ctx, "SELECT t.trx_mysql_thread_id, COALESCE(p.USER, ''), "+
		"CONCAT(t.trx_started, ' ', t.trx_id), COALESCE("+own+", 0) "+
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
