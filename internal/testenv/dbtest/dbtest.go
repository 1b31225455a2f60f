package dbtest

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/clock"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/proxy"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// Open opens a pool of ours, closed when the test ends.
func Open(t testing.TB, s *servers.Server, o mysqldb.Options) *mysqldb.DB {
	t.Helper()
	db, err := mysqldb.Open(t.Context(), s.DSN(""), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// Far is a pool of ours through a proxy that delays, so that the server is far by [mysqldb.DB.IsFar]: its questions are
// asked at once. The pool is closed when the test ends.
func Far(t testing.TB, s *servers.Server, role mysqldb.Role) *mysqldb.DB {
	t.Helper()
	p := proxy.Start(t, s.Addr())
	p.Delay(2 * time.Millisecond)
	db, err := mysqldb.Open(t.Context(), p.DSN(s.DSN("")), mysqldb.Options{Role: role, Name: "far"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.True(t, db.IsFar())
	return db
}

// Lenient is a pool with one connection, UTC and no sql_mode, for making data of every kind.
func Lenient(t testing.TB, s *servers.Server, schema string) *sql.DB {
	t.Helper()
	db := s.DB(t, schema)
	db.SetMaxOpenConns(1)
	Exec(t, db, "SET NAMES utf8mb4", "SET time_zone = '+00:00', sql_mode = 'ALLOW_INVALID_DATES'")
	return db
}

// Exec runs statements, which must succeed.
func Exec(t testing.TB, db *sql.DB, stmts ...string) {
	t.Helper()
	for _, s := range stmts {
		_, err := db.ExecContext(t.Context(), s)
		require.NoError(t, err, "%.200s", s)
	}
}

// Fill inserts n rows made by expressions over n = 0, 1, 2 …
func Fill(t testing.TB, db *sql.DB, tbl string, n int, exprs string) {
	t.Helper()
	Exec(t, db, fmt.Sprintf("INSERT INTO `%s` SELECT %s FROM (WITH RECURSIVE seq (n) AS (SELECT 0 UNION ALL SELECT "+
		"n+1 FROM seq WHERE n < 999)"+
		" SELECT a.n + 1000*b.n AS n FROM seq a JOIN seq b WHERE b.n < %d) seq WHERE n < %d", tbl, exprs, (n+999)/1000,
		n))
}

// HandlerReads is how many index entries and rows the server has looked at so far.
func HandlerReads(t testing.TB, s *servers.Server) (n int) {
	t.Helper()
	rows, err := s.DB(t, "").QueryContext(t.Context(), "SHOW GLOBAL STATUS LIKE 'Handler_read%'")
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	for rows.Next() {
		var name string
		var v int
		require.NoError(t, rows.Scan(&name, &v))
		n += v
	}
	require.NoError(t, rows.Err())
	return n
}

// Introspect reads a table, which must be there.
func Introspect(t testing.TB, db *mysqldb.DB, schemaName, tbl string) *schema.Table {
	t.Helper()
	got, err := schema.Read(t.Context(), db, table.Name{Schema: schemaName, Table: tbl})
	require.NoError(t, err)
	return got
}

// Texts runs a query of one column; NULL is "NULL".
func Texts(t testing.TB, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	var out []string
	for rows.Next() {
		var v sql.NullString
		require.NoError(t, rows.Scan(&v))
		if !v.Valid {
			v.String = "NULL"
		}
		out = append(out, v.String)
	}
	require.NoError(t, rows.Err())
	return out
}

// ReadAll reads all pages; a row is its values joined with "|", and NULL is "NULL".
func ReadAll(t testing.TB, db mysqldb.Reader, spec scan.ReadSpec) ([]string, scan.ReadStats) {
	t.Helper()
	return ReadSome(t, db, spec, 0)
}

// ReadInPieces is readAll by reads of a few pages each, every one going on where the one
// before it was stopped.
func ReadInPieces(t testing.TB, db *mysqldb.DB, spec scan.ReadSpec, pages int) (all []string, pieces int) {
	t.Helper()
	for {
		rows, stats := ReadSome(t, db, spec, pages)
		all, pieces = append(all, rows...), pieces+1
		if spec.Start = stats.Next; spec.Start == nil {
			return all, pieces
		}
	}
}

// ReadSome stops after so many pages, 0 for none.
func ReadSome(t testing.TB, db mysqldb.Reader, spec scan.ReadSpec, pages int) ([]string, scan.ReadStats) {
	t.Helper()
	if spec.Columns == nil {
		spec.Columns = table.Carried(spec.Table.Values())
	}
	var out []string
	stats, err := scan.ReadPages(t.Context(), db, spec, func(rows *table.Rows) error {
		require.Equal(t, len(spec.Columns), rows.Columns())
		for r := range rows.Len() {
			cells := make([]string, rows.Columns())
			for c := range cells {
				cells[c] = "NULL"
				if v := rows.Value(r, c); v != nil {
					cells[c] = string(v)
				}
			}
			out = append(out, strings.Join(cells, "|"))
		}
		if pages--; pages == 0 {
			return scan.ErrStop
		}
		return nil
	})
	require.NoError(t, err)
	require.Len(t, out, int(stats.Rows))
	return out, stats
}

// NextSecond waits until the server's clock shows another second: writes are dated to the second where the server does
// not count them. They are dated by a clock that may be a tick of the kernel behind that of NOW: hence the tenth of a
// second.
func NextSecond(t testing.TB, db *sql.DB) {
	t.Helper()
	at := func(ago string) string {
		return Texts(t, db, "SELECT LEFT(NOW(6) - INTERVAL "+ago+" MICROSECOND, 19)")[0]
	}
	begun := at("0")
	for at("100000") <= begun {
		require.NoError(t, clock.Sleep(t.Context(), 10*time.Millisecond))
	}
}
