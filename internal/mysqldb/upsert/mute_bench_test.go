package upsert

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/table"
)

// ordersTable is an ordinary table of about 150 bytes a row, with a primary key and one index.
var ordersTable = &schema.Table{
	Name: table.Name{Schema: "shop", Table: "orders"},
	Columns: []schema.Column{
		{Column: table.Column{Name: "id", Type: "bigint unsigned", Kind: table.KindUint, Bits: 64}},
		{Column: table.Column{Name: "customer", Type: "varchar(60)", Kind: table.KindString, Charset: "utf8mb4", Collation: "utf8mb4_0900_ai_ci"}},
		{Column: table.Column{Name: "status", Type: "enum('new','paid','sent')", Kind: table.KindEnum, Members: []string{"new", "paid", "sent"}}},
		{Column: table.Column{Name: "amount", Type: "decimal(12,2)", Kind: table.KindDecimal, Precision: 12, Scale: 2}},
		{Column: table.Column{Name: "note", Type: "varchar(200)", Kind: table.KindString, Charset: "utf8mb4", Collation: "utf8mb4_0900_ai_ci", Nullable: true}},
		{Column: table.Column{Name: "created_at", Type: "datetime", Kind: table.KindDateTime}},
		{Column: table.Column{Name: "updated_at", Type: "timestamp(6)", Kind: table.KindTimestamp, Precision: 6}},
	},
	PrimaryKey: []string{"id"},
	Indexes: []schema.Index{
		{Name: "PRIMARY", Unique: true, Columns: []schema.IndexColumn{{Column: "id"}}},
		{Name: "by_update", Columns: []schema.IndexColumn{{Column: "updated_at"}}},
	},
}

// orderTexts are the values of the row with that id; nil is NULL.
func orderTexts(id int) [][]byte {
	note := fmt.Appendf(nil, "%s, ring twice — größte Sorgfalt", strings.Repeat("x", id*131%40))
	if id%7 == 0 {
		note = nil
	}
	return [][]byte{
		fmt.Appendf(nil, "%d", id), fmt.Appendf(nil, "customer %d of the %d", id%9973, id*31%1000), []byte([]string{"new", "paid", "sent"}[id%3]),
		fmt.Appendf(nil, "%d.%02d", id*7919%100_000, id%100), note,
		fmt.Appendf(nil, "2024-%02d-%02d %02d:%02d:%02d", id%12+1, id%28+1, id%24, id%60, id*7%60),
		fmt.Appendf(nil, "2026-01-01 00:%02d:%02d.%06d", id/1_000_000%60, id/100_000%60, id%1_000_000),
	}
}

// mute stands in for a server that answers at once: benchmarks against it measure what is ours.
// Every statement succeeds, and a SELECT of a page finds rows of ordersTable until there have
// been as many as there are. existing says that the target has every key already.
type mute struct {
	rows     []driver.Value // of all rows, one after another
	next     int            // of the row that the next page begins with
	existing bool
}

// muteRows are the first n rows of ordersTable as the driver hands them over.
func muteRows(n int) []driver.Value {
	var out []driver.Value
	for id := 1; id <= n; id++ {
		for i, text := range orderTexts(id) {
			switch {
			case i == 0:
				out = append(out, uint64(id))
			case text == nil:
				out = append(out, nil)
			default:
				out = append(out, text)
			}
		}
	}
	return out
}

func (m *mute) db() *mysqldb.DB {
	return &mysqldb.DB{DB: sql.OpenDB(m), Server: mysqldb.Server{Flavor: mysqldb.FlavorMySQL, Major: 9, Minor: 7, MaxAllowedPacket: 64 << 20}}
}

// Connect implements driver.Connector.
func (m *mute) Connect(context.Context) (driver.Conn, error) { return muteConn{m}, nil }

// Driver implements driver.Connector.
func (m *mute) Driver() driver.Driver { return nil }

type muteConn struct{ m *mute }

var errMute = errors.New("nobody asks a mute server for this")

func (muteConn) Prepare(string) (driver.Stmt, error) { return nil, errMute }
func (muteConn) Begin() (driver.Tx, error)           { return nil, errMute }
func (muteConn) Close() error                        { return nil }

func (muteConn) ExecContext(context.Context, string, []driver.NamedValue) (driver.Result, error) {
	return driver.RowsAffected(0), nil
}

func (c muteConn) QueryContext(_ context.Context, query string, _ []driver.NamedValue) (driver.Rows, error) {
	columns := len(ordersTable.Columns)
	if strings.Contains(query, "`customer`") { // a page
		var limit int
		if _, err := fmt.Sscanf(query[strings.LastIndex(query, " LIMIT ")+1:], "LIMIT %d", &limit); err != nil {
			return nil, fmt.Errorf("a page without a limit: %w", err)
		}
		from, to := c.m.next, min(c.m.next+limit*columns, len(c.m.rows))
		c.m.next = to
		return &muteResult{columns: columns, values: c.m.rows[from:to]}, nil
	}
	if c.m.existing && !strings.HasPrefix(query, "SHOW") {
		return &muteResult{columns: 1, values: []driver.Value{int64(1)}}, nil
	}
	return &muteResult{columns: 3}, nil
}

type muteResult struct {
	columns int
	values  []driver.Value
}

func (r *muteResult) Columns() []string { return make([]string, r.columns) }
func (r *muteResult) Close() error      { return nil }

func (r *muteResult) Next(dest []driver.Value) error {
	if len(r.values) == 0 {
		return io.EOF
	}
	copy(dest, r.values[:r.columns])
	r.values = r.values[r.columns:]
	return nil
}
