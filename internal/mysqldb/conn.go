package mysqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"sync"

	"github.com/go-sql-driver/mysql"

	"github.com/tablehaul/tablehaul/internal/mysqldb/wire"
)

// driverConn is what database/sql wants of a connection. The driver's has it all.
type driverConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.NamedValueChecker
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// serverConn counts each statement that it sends. Where its peer times out, the pool closes the
// other connections of that time as well: they are as dead.
type serverConn struct {
	driverConn
	connector *connector
	wire      *wire.Conn
	lost      int64     // connector.lost when this connection was opened
	instance  string    // the digest of its server; see Instance
	once      sync.Once // for Close
}

// Close implements driver.Conn.
func (c *serverConn) Close() error {
	c.once.Do(c.connector.login.OnClose)
	return c.driverConn.Close()
}

// BeginTx implements driver.ConnBeginTx.
func (c *serverConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	c.beforeStatements(ctx, 2) // its end, too
	tx, err := c.driverConn.BeginTx(ctx, opts)
	return tx, c.wrapLost(err)
}

// ExecContext implements driver.ExecerContext.
func (c *serverConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c.beforeStatements(ctx, 1)
	if len(args) == 0 {
		c.wire.BeginOK()
	}
	res, err := c.driverConn.ExecContext(ctx, query, args)
	return res, c.wrapLost(err)
}

// AnswerOf is what the server said of the last statement of conn, where that had no arguments and no rows; false where
// only the server can say.
func AnswerOf(conn *sql.Conn) (a wire.Answer, known bool) {
	_ = conn.Raw(func(c any) error { // nil, or that the connection is closed: nothing is known then
		if own, ok := c.(*serverConn); ok {
			a, known = own.wire.Answer()
		}
		return nil
	})
	return a, known
}

// QueryContext implements driver.QueryerContext.
func (c *serverConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c.beforeStatements(ctx, 1)
	rows, err := c.driverConn.QueryContext(ctx, query, args)
	return rows, c.wrapLost(err)
}

// ResetSession implements driver.SessionResetter. Before a connection is used again, it closes one
// that leads to another server than the newest.
func (c *serverConn) ResetSession(ctx context.Context) error {
	if c.isLost() || c.instance != c.connector.instances.get().Digest {
		return driver.ErrBadConn
	}
	return c.driverConn.ResetSession(ctx)
}

// IsValid implements driver.Validator, when a connection goes back to the pool.
func (c *serverConn) IsValid() bool { return !c.isLost() && c.driverConn.IsValid() }

func (c *serverConn) isLost() bool {
	c.markLost()
	return c.lost != c.connector.lost.Load()
}

func (c *serverConn) beforeStatements(ctx context.Context, statements int64) {
	c.connector.traffic.sent.Add(statements)
	c.wire.StartStatement(ctx)
}

// wrapLost adds to an error that its read timeout has closed the connection.
func (c *serverConn) wrapLost(err error) error {
	if err == nil || !c.markLost() {
		return err
	}
	return fmt.Errorf("no answer for %s, the connection is closed: %w", c.wire.ReadTimeout(), mysql.ErrInvalidConn)
}

// LostConn makes an error one of a lost connection: what the statement did is unknown.
func LostConn(err error) error { return fmt.Errorf("%w: %w", err, mysql.ErrInvalidConn) }

// markLost reports whether the connection timed out, and counts that once.
func (c *serverConn) markLost() bool {
	if !c.wire.TimedOut() {
		return false
	}
	c.connector.lost.CompareAndSwap(c.lost, c.lost+1)
	return true
}
