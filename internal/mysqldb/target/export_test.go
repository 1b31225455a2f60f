package target

import (
	"context"
	"database/sql"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/table"
)

// ExecWatched is execWatched on a connection of its own.
func ExecWatched(ctx context.Context, d *mysqldb.DB, statement string, every time.Duration) error {
	conn, err := d.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	return execWatched(ctx, d, conn, statement, every)
}

// SetForBuild sets what a session that builds indexes has, and BuildSettings are its names.
func SetForBuild(ctx context.Context, conn *sql.Conn, s mysqldb.Server) (restore func()) {
	return set(ctx, conn, buildSettings(s))
}

func BuildSettings(s mysqldb.Server) (names []string) {
	for _, one := range buildSettings(s) {
		names = append(names, one.name)
	}
	return names
}

// FailedTries is how the tries at a table's exclusive lock are counted, from nothing.
type FailedTries struct{ tries }

// NewFailedTries counts from nothing.
func NewFailedTries() *FailedTries { return &FailedTries{tries{at: map[string][]time.Time{}}} }

// Add counts a try, NextAt is when the next one may be made.
func (f *FailedTries) Add(d *mysqldb.DB, n table.Name, now time.Time) { f.add(d, []table.Name{n}, now) }

// NextAt is when the next try may be made; zero: now.
func (f *FailedTries) NextAt(d *mysqldb.DB, n table.Name, now time.Time) time.Time {
	return f.nextAt(d, []table.Name{n}, now)
}

// KeyStatement is the statement that a plan says for a target with another key.
func KeyStatement(source, target *schema.Table) string { return keyStatement(source, target) }

// ExpressionKey is expressionKey of an expression.
func ExpressionKey(expression string) string {
	return expressionKey(&schema.Column{Expression: expression})
}
