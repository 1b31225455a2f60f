package dbtest

import (
	"context"
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
)

// Stamped creates a table t with a cursor of each temporal type.
const Stamped = "CREATE TABLE t (id BIGINT AUTO_INCREMENT PRIMARY KEY, ts TIMESTAMP(6) NOT NULL DEFAULT " +
	"CURRENT_TIMESTAMP(6)," +
	" dt DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, d DATE NOT NULL DEFAULT '2000-01-01', KEY (ts), KEY (dt), KEY " +
	"(d))"

// Session is one connection of a client of the source.
func Session(t testing.TB, db *sql.DB) *sql.Conn {
	t.Helper()
	conn, err := db.Conn(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// Run executes statements on one connection, which must succeed.
func Run(t testing.TB, conn *sql.Conn, stmts ...string) {
	t.Helper()
	for _, s := range stmts {
		_, err := conn.ExecContext(t.Context(), s)
		require.NoError(t, err, s)
	}
}

// lockWait bounds one read of ReadMeanwhile: a statement of ours waits for a table's lock for a second.
const lockWait = 5 * time.Second

// ReadMeanwhile runs f, and a query of another client again and again until f ends. Each answer must come soon: where a
// statement of f waits for a table's lock, the query waits behind it.
func ReadMeanwhile(t testing.TB, db *sql.DB, query string, f func() error) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- f() }()
	for {
		ctx, cancel := context.WithTimeout(t.Context(), lockWait)
		_, err := db.ExecContext(ctx, query)
		cancel()
		require.NoError(t, err, "it was held up: %s", query)
		select {
		case err := <-done:
			return err
		default:
		}
	}
}

// Choose chooses hi for a column of table t.
func Choose(t testing.TB, db *mysqldb.DB, tbl *schema.Table, column string,
	change ...func(*source.UpperBoundSpec),
) source.UpperBound {
	t.Helper()
	spec := source.UpperBoundSpec{Table: tbl, Cursor: tbl.Column(column).Column}
	for _, c := range change {
		c(&spec)
	}
	h, err := source.New(db).ChooseUpperBound(t.Context(), spec)
	require.NoError(t, err)
	return h
}

// Parse reads a bound of any precision.
func Parse(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04:05.999999", text)
	require.NoError(t, err)
	return at
}

// WaitUntil polls a condition on the server with a deadline. InnoDB keeps its copy of innodb_trx for as long as a
// reader asks more often than every 0.1 s.
func WaitUntil(t testing.TB, db *sql.DB, query string) {
	t.Helper()
	poll := 50 * time.Millisecond
	if strings.Contains(strings.ToLower(query), "innodb_trx") {
		poll = 250 * time.Millisecond
	}
	require.Eventually(t, func() bool {
		var n int
		err := db.QueryRowContext(context.WithoutCancel(t.Context()), query).Scan(&n)
		return err == nil && n > 0
	}, Soon, poll, query)
}
