package mute

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
)

// Server answers at once. Every statement succeeds. A SELECT of a page returns the next rows of
// Orders, up to the number that New was given.
type Server struct {
	rows     []driver.Value // of all rows, one after another
	next     int            // of the row that the next page begins with
	existing bool
}

// New is a server with the first n rows of Orders. existing says that the target has every key.
func New(n int, existing bool) *Server {
	s := &Server{existing: existing}
	for id := 1; id <= n; id++ {
		for i, text := range orderTexts(id) {
			switch {
			case i == 0:
				s.rows = append(s.rows, uint64(id))
			case text == nil:
				s.rows = append(s.rows, nil)
			default:
				s.rows = append(s.rows, text)
			}
		}
	}
	return s
}

// Rewind makes the next page the first one again.
func (m *Server) Rewind() { m.next = 0 }

// DB is a pool of connections to the server. The caller closes the inner pool, DB.DB.
func (m *Server) DB() *mysqldb.DB {
	server := mysqldb.Server{Flavor: mysqldb.FlavorMySQL, Major: 9, Minor: 7, MaxAllowedPacket: 64 << 20}
	return &mysqldb.DB{DB: sql.OpenDB(m), Server: server}
}

// Connect implements driver.Connector.
func (m *Server) Connect(context.Context) (driver.Conn, error) { return conn{m}, nil }

// Driver implements driver.Connector.
func (m *Server) Driver() driver.Driver { return nil }

type conn struct{ m *Server }

var errUnexpected = errors.New("the mute server has no such statement")

func (conn) Prepare(string) (driver.Stmt, error) { return nil, errUnexpected }
func (conn) Begin() (driver.Tx, error)           { return nil, errUnexpected }
func (conn) Close() error                        { return nil }

func (conn) ExecContext(context.Context, string, []driver.NamedValue) (driver.Result, error) {
	return driver.RowsAffected(0), nil
}

func (c conn) QueryContext(_ context.Context, query string, _ []driver.NamedValue) (driver.Rows, error) {
	columns := len(Orders.Columns)
	if strings.Contains(query, "`customer`") { // a page
		var limit int
		if _, err := fmt.Sscanf(query[strings.LastIndex(query, " LIMIT ")+1:], "LIMIT %d", &limit); err != nil {
			return nil, fmt.Errorf("a page without a limit: %w", err)
		}
		from, to := c.m.next, min(c.m.next+limit*columns, len(c.m.rows))
		c.m.next = to
		return &result{columns: columns, values: c.m.rows[from:to]}, nil
	}
	switch {
	case !c.m.existing || strings.HasPrefix(query, "SHOW"):
	case strings.HasPrefix(query, "SELECT COUNT(*), "):
		return &result{columns: 2, values: []driver.Value{int64(1), nil}}, nil
	default:
		return &result{columns: 1, values: []driver.Value{int64(1)}}, nil
	}
	return &result{columns: 3}, nil
}

type result struct {
	columns int
	values  []driver.Value
}

func (r *result) Columns() []string { return make([]string, r.columns) }
func (r *result) Close() error      { return nil }

func (r *result) Next(dest []driver.Value) error {
	if len(r.values) == 0 {
		return io.EOF
	}
	copy(dest, r.values[:r.columns])
	r.values = r.values[r.columns:]
	return nil
}
