package mysqldb

import (
	"context"
	"database/sql/driver"
	"fmt"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"
)

// driverConn is all that database/sql asks of a connection, and the driver's has.
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

// serverConn tells the crowd of each statement that is sent, and the pool of a peer that went
// silent: the other connections of that time are as dead, and none of them is tried.
type serverConn struct {
	driverConn
	connector *connector
	wire      *wire
	// lost is the connector's count when this connection was opened.
	lost int64
	// instance is the digest of the server that it leads to; see Instance.
	instance string
	once     sync.Once // for its end
}

// Close implements driver.Conn.
func (c *serverConn) Close() error {
	c.once.Do(c.connector.login.closed)
	return c.driverConn.Close()
}

// BeginTx implements driver.ConnBeginTx.
func (c *serverConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	c.begin(ctx, 2) // its end, too
	tx, err := c.driverConn.BeginTx(ctx, opts)
	return tx, c.judge(err)
}

// ExecContext implements driver.ExecerContext.
func (c *serverConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c.begin(ctx, 1)
	res, err := c.driverConn.ExecContext(ctx, query, args)
	return res, c.judge(err)
}

// QueryContext implements driver.QueryerContext.
func (c *serverConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c.begin(ctx, 1)
	rows, err := c.driverConn.QueryContext(ctx, query, args)
	return rows, c.judge(err)
}

// ResetSession implements driver.SessionResetter: it is asked before a connection is used again.
// It ends one to a server that is not the pool's any more.
func (c *serverConn) ResetSession(ctx context.Context) error {
	if c.distrusted() {
		return driver.ErrBadConn
	}
	if err := c.connector.instances.checked(c.instance); err != nil {
		return err
	}
	return c.driverConn.ResetSession(ctx)
}

// IsValid implements driver.Validator: it is asked when a connection is given back.
func (c *serverConn) IsValid() bool { return !c.distrusted() && c.driverConn.IsValid() }

func (c *serverConn) distrusted() bool {
	c.note()
	return c.lost != c.connector.lost.Load()
}

func (c *serverConn) begin(ctx context.Context, statements int64) {
	c.connector.crowd.sent.Add(statements)
	c.wire.begin(ctx)
}

// judge says of a connection that was given up why it was.
func (c *serverConn) judge(err error) error {
	if err == nil || !c.note() {
		return err
	}
	limit := time.Duration(c.wire.limit.Load())
	return fmt.Errorf("no answer for %s, the connection is given up: %w", limit, mysql.ErrInvalidConn)
}

// LostConn makes an error one of a lost connection: what the statement did is unknown.
func LostConn(err error) error { return fmt.Errorf("%w: %w", err, mysql.ErrInvalidConn) }

// note reports whether the peer went silent, and counts that once.
func (c *serverConn) note() bool {
	if !c.wire.silent.Load() {
		return false
	}
	c.connector.lost.CompareAndSwap(c.lost, c.lost+1)
	return true
}
