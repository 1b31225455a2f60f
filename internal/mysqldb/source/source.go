package source

import (
	"context"
	"database/sql"
	"database/sql/driver"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
)

// Source is a server that is read and never written: it wraps a connection pool and offers no statement
// but queries. Packages that write take a *mysqldb.DB or a *target.Target, which a Source is not and does
// not hand out, so a call that would write to a source does not compile.
//
// A Source is one value for each pool, because it holds the pool's reading of open transactions.
type Source struct {
	db       *mysqldb.DB
	openWork *openWorkCache
}

var _ mysqldb.Reader = (*Source)(nil)

// New makes a source of a pool, which belongs to the source from then on.
func New(db *mysqldb.DB) *Source { return &Source{db: db, openWork: newOpenWorkCache()} }

// Close closes the pool.
func (s *Source) Close() error { return s.db.Close() }

// ConnectionName implements mysqldb.Reader.
func (s *Source) ConnectionName() string { return s.db.Name }

// Instance is the server that the pool's newest connection leads to.
func (s *Source) Instance() mysqldb.Instance { return s.db.Instance() }

// IsFar reports whether the server is far away: see mysqldb.DB.IsFar.
func (s *Source) IsFar() bool { return s.db.IsFar() }

// Together implements mysqldb.Reader.
func (s *Source) Together(questions ...func() error) error { return s.db.Together(questions...) }

// ThreadsRunning implements mysqldb.Reader.
func (s *Source) ThreadsRunning(ctx context.Context) (int, error) { return s.db.ThreadsRunning(ctx) }

// QueryContext implements mysqldb.Reader.
func (s *Source) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return s.db.QueryContext(ctx, query, args...)
}

// QueryRowContext implements mysqldb.Reader.
func (s *Source) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return s.db.QueryRowContext(ctx, query, args...)
}

// WithSession implements mysqldb.Reader.
func (s *Source) WithSession(ctx context.Context, set, restore string, f func(mysqldb.RowQuerier) error) error {
	return s.db.WithSession(ctx, set, restore, f)
}

// QueryRaw implements mysqldb.Reader.
func (s *Source) QueryRaw(ctx context.Context, f func(driver.QueryerContext) error) error {
	return s.db.QueryRaw(ctx, f)
}

// ServerInfo implements mysqldb.Reader.
func (s *Source) ServerInfo() mysqldb.Server { return s.db.ServerInfo() }

// InstanceSQL implements mysqldb.Reader.
func (s *Source) InstanceSQL() string { return s.db.InstanceSQL() }

// OtherTrafficActive implements mysqldb.Reader.
func (s *Source) OtherTrafficActive(ctx context.Context) bool { return s.db.OtherTrafficActive(ctx) }

// AcquireReadSlot implements mysqldb.Reader.
func (s *Source) AcquireReadSlot(ctx context.Context) (release func(), err error) {
	return s.db.AcquireReadSlot(ctx)
}
