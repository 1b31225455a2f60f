package txn

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	mathrand "math/rand/v2"
	"time"

	"github.com/tablehaul/tablehaul/internal/clock"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
)

const (
	// ListPause is a little longer than InnoDB keeps its copy of the list after the last reading, and so the time
	// between two of ours. While others read it more often than that, it never gets fresh: pauses grow until one falls
	// into a gap, up to listPauseLimit each, about twelve seconds in all.
	ListPause      = 110 * time.Millisecond
	listPauseLimit = 4 * time.Second
	// unreadableTries bounds the readings of a list that cannot be shown before the caller has to come back later.
	unreadableTries = 20
)

// ErrStaleList is about a list that never shows a transaction of ours.
var ErrStaleList = errors.New("the server's list of transactions does not show a transaction of ours:" +
	" other clients read the list all the time, or a proxy sends the statements of one connection to several servers")

// ErrUnreadableList is about a list that MySQL cannot show: it converts the text of every
// running statement, also where the column is not selected, and such a text may hold bytes that are no text.
var ErrUnreadableList = errors.New("the server cannot show its list of transactions: a running statement holds bytes " +
	"that are no text in its character set")

// ReadFresh calls read until the list of open transactions that it reads (INNODB_TRX) was made after this call began.
// It begins a transaction with a snapshot on conn, and leaves it open.
//
// InnoDB hands out a copy that may be older. The statement that reads the list is the proof: a copy that shows it, in a
// transaction of ours, was made for it. What CONNECTION_ID() says is of no use here, since a proxy answers that itself.
//
// read gets a condition on trx_query that is true in the row of its own statement alone, and says whether there was
// such a row. ReadFresh returns its errors unchanged, or [ErrStaleList], [ErrUnreadableList].
func ReadFresh(ctx context.Context, conn *sql.Conn, read func(own string) (fresh bool, err error)) error {
	for _, stmt := range []string{
		"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", // below it, no snapshot is taken
		"START TRANSACTION WITH CONSISTENT SNAPSHOT",
	} {
		if _, err := conn.ExecContext(ctx, stmt); err != nil {
			return err
		}
	}
	for limit := ListPause; limit < listPauseLimit; limit = limit * 5 / 4 {
		if fresh, err := ReadList(ctx, read); fresh || err != nil {
			return err
		}
		if err := pauseList(ctx, limit); err != nil {
			return err
		}
	}
	return ErrStaleList
}

// ReadList is one reading of ReadFresh, whose list may be older.
func ReadList(ctx context.Context, read func(own string) (fresh bool, err error)) (fresh bool, err error) {
	for range unreadableTries {
		// Only in this statement's own row does the text of the statement hold the word.
		fresh, err := read("trx_query LIKE '%tablehaul-" + rand.Text() + "%'")
		if mysqlerr.NumberOf(err) != mysqlerr.ErrCannotConvert {
			return fresh, err
		}
		if err := pauseList(ctx, ListPause); err != nil {
			return false, err
		}
	}
	return false, ErrUnreadableList
}

// pauseList is random, because two that read in step keep each other's copy alive.
func pauseList(ctx context.Context, limit time.Duration) error {
	return clock.Sleep(ctx, ListPause+mathrand.N(limit))
}
