package mysqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
)

// RowQuerier runs statements that return rows: a pool, one of its connections, or a transaction.
type RowQuerier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Reader is what reading takes of a server. A DB is one, and so is a source, which offers nothing else:
// a package that takes a Reader cannot write.
type Reader interface {
	RowQuerier
	// WithSession runs f on one connection between two SET statements, "" for none. Without restore,
	// later users of the connection find the setting. A connection that restore fails on is closed.
	WithSession(ctx context.Context, set, restore string, f func(RowQuerier) error) error
	// QueryRaw runs f on one connection of the driver, without database/sql's conversion of values.
	// An error of f that wraps driver.ErrBadConn closes the connection.
	QueryRaw(ctx context.Context, f func(driver.QueryerContext) error) error
	// ConnectionName is the connection's name in the configuration.
	ConnectionName() string
	// ThreadsRunning is how many statements the server runs at the moment.
	ThreadsRunning(ctx context.Context) (int, error)
	// ServerInfo is what the server said of itself when the pool was opened.
	ServerInfo() Server
	// InstanceSQL is an expression for the digest of the server that evaluates it; see Instance.
	InstanceSQL() string
	// Instance is the server that the newest connection leads to.
	Instance() Instance
	// IsFar reports whether the server is far away, so that what a question costs is mostly its way.
	IsFar() bool
	// Together asks questions that do not depend on each other, and returns the first error in their order: at once
	// where the server is far away, elsewhere one after the other.
	Together(questions ...func() error) error
	// OtherTrafficActive reports whether other clients use the server.
	OtherTrafficActive(ctx context.Context) bool
	// AcquireReadSlot waits for the one read slot that readers share while other clients use the server.
	AcquireReadSlot(ctx context.Context) (release func(), err error)
}

var _ Reader = (*DB)(nil)

// ConnectionName implements Reader.
func (d *DB) ConnectionName() string { return d.Name }

// ServerInfo implements Reader.
func (d *DB) ServerInfo() Server { return d.Server }

// WithSession implements Reader.
func (d *DB) WithSession(ctx context.Context, set, restore string, f func(RowQuerier) error) error {
	conn, err := d.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // says only whether the connection is closed already
	if set != "" {
		if _, err := conn.ExecContext(ctx, set); err != nil {
			return err
		}
	}
	err = f(conn)
	if restore != "" {
		if _, failed := conn.ExecContext(ctx, restore); failed != nil {
			_ = conn.Raw(func(any) error { return driver.ErrBadConn }) // so that the pool closes it
		}
	}
	return err
}

// QueryRaw implements Reader.
func (d *DB) QueryRaw(ctx context.Context, f func(driver.QueryerContext) error) error {
	conn, err := d.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // says only whether the connection is closed already
	return QueryRawOn(conn, f)
}

// QueryRawOn is Reader.QueryRaw on a connection of the caller's.
func QueryRawOn(conn *sql.Conn, f func(driver.QueryerContext) error) error {
	return conn.Raw(func(c any) error {
		queryer, ok := c.(driver.QueryerContext)
		if !ok {
			return errors.New("the driver's connection cannot query directly")
		}
		return f(queryer)
	})
}
