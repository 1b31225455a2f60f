package mysqldb

import (
	"context"
	"database/sql/driver"
	"fmt"
	"io"

	"github.com/go-sql-driver/mysql"

	"github.com/tablehaul/tablehaul/internal/mysqldb/wire"
)

// TextQueryer runs a query whose rows are read as the server sends them.
type TextQueryer interface {
	// QueryText runs a query. The rows are TextRows, unless the connection is encrypted or compressed.
	QueryText(ctx context.Context, query string) (driver.Rows, error)
}

// TextRows are rows whose values were not converted.
type TextRows interface {
	driver.Rows
	// NextText returns the next row in the form of the text protocol, valid until the next call: each value with its
	// length before it, see [CutText]. The error is io.EOF behind the last row.
	NextText() ([]byte, error)
	// ColumnTypes are those of the columns, as the protocol numbers them.
	ColumnTypes() []ColumnType
}

// ColumnType is the type of a column of a result, as the protocol numbers it.
type ColumnType = byte

// The types whose values the driver converts.
const (
	TypeTiny     ColumnType = 1
	TypeShort    ColumnType = 2
	TypeLong     ColumnType = 3
	TypeFloat    ColumnType = 4
	TypeDouble   ColumnType = 5
	TypeLongLong ColumnType = 8
	TypeInt24    ColumnType = 9
	TypeYear     ColumnType = 13
)

// QueryText implements TextQueryer.
func (c *serverConn) QueryText(ctx context.Context, query string) (driver.Rows, error) {
	if !c.wire.CanReadRows() {
		return c.QueryContext(ctx, query, nil)
	}
	c.beforeStatements(ctx, 1)
	c.wire.BeginRows()
	rows, err := c.driverConn.QueryContext(ctx, query, nil)
	if err != nil || !c.wire.HasRows() {
		return rows, c.wrapLost(err)
	}
	return &textRows{rows, c.wire}, nil
}

// textRows are rows of which the driver sees the columns and the end only.
type textRows struct {
	driver.Rows
	wire *wire.Conn
}

// ColumnTypes implements TextRows.
func (r *textRows) ColumnTypes() []ColumnType { return r.wire.ColumnTypes() }

// NextText implements TextRows.
func (r *textRows) NextText() ([]byte, error) {
	if row, more := r.wire.NextRow(); more {
		return row, nil
	}
	// The driver makes an error of the packet or the failure that has ended the rows.
	err := r.Next(make([]driver.Value, len(r.ColumnTypes())))
	if err == nil {
		return nil, fmt.Errorf("a row after the last one: %w", mysql.ErrMalformPkt)
	}
	return nil, err
}

var _ TextRows = (*textRows)(nil)

// CutText takes the next value off a row of TextRows. It is nil for NULL.
func CutText(row []byte) (value, rest []byte, err error) {
	n, rest, null := wire.CutLength(row)
	switch {
	case null:
		return nil, rest, nil
	case rest == nil || n > uint64(len(rest)):
		return nil, nil, io.ErrUnexpectedEOF
	}
	return rest[:n:n], rest[n:], nil
}
