package fetch

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// Stats is the measure of one statement.
type Stats struct {
	Rows, Bytes int
	Seconds     float64
	// Truncated says that there may be more rows than were read.
	Truncated bool
}

// Rows runs a query and appends its rows to dst, until dst holds maxBytes. After an error, the rows
// that it has appended are complete.
//
// It reads the server's text where the connection is plain: the driver would allocate for each value. Elsewhere it uses
// the driver directly: database/sql would box and convert every value a second time.
func Rows(ctx context.Context, d mysqldb.Reader, query string, exprs []sqltext.Expr, dst *table.Rows,
	maxBytes int,
) (Stats, error) {
	return appendRows(exprs, dst, maxBytes, func(read func(driver.Rows) error) error {
		return raw(queryText(ctx, query), read, func(f func(driver.QueryerContext) error) error {
			return d.QueryRaw(ctx, f)
		})
	})
}

// RowsOn is Rows on a connection of the caller's.
func RowsOn(ctx context.Context, conn *sql.Conn, query string, exprs []sqltext.Expr, dst *table.Rows,
	maxBytes int,
) (Stats, error) {
	return appendRows(exprs, dst, maxBytes, func(read func(driver.Rows) error) error {
		return raw(queryText(ctx, query), read, func(f func(driver.QueryerContext) error) error {
			return mysqldb.QueryRawOn(conn, f)
		})
	})
}

func appendRows(exprs []sqltext.Expr, dst *table.Rows, maxBytes int,
	query func(read func(driver.Rows) error) error,
) (res Stats, err error) {
	began := time.Now()
	before, size := dst.Len(), dst.Bytes()
	err = query(func(rows driver.Rows) error {
		next := rowAppender(dst, exprs, rows)
		for {
			if more, err := next(); !more || err != nil {
				return err
			}
			if dst.Bytes() >= maxBytes {
				res.Truncated = true
				return errEnough
			}
		}
	})
	if dst.Columns() > 0 {
		dst.Truncate(dst.Len()) // a row that could not be taken whole
	}
	res.Rows, res.Bytes, res.Seconds = dst.Len()-before, dst.Bytes()-size, time.Since(began).Seconds()
	return res, err
}

// Row runs a query of at most one row and returns its texts, or nil for no row.
func Row(ctx context.Context, d mysqldb.Reader, query string, exprs []sqltext.Expr) ([]string, error) {
	rows := table.NewRows(len(exprs))
	_, err := Rows(ctx, d, query, exprs, rows, anyBytes)
	return firstRow(rows, err)
}

// anyBytes bounds nothing.
const anyBytes = 1 << 40

// firstRow are the texts of the first row, nil for none.
func firstRow(rows *table.Rows, err error) ([]string, error) {
	if err != nil || rows.Len() == 0 {
		return nil, err
	}
	texts := make([]string, rows.Columns())
	for i := range texts {
		texts[i] = string(rows.Value(0, i))
	}
	return texts, nil
}

// errEnough ends a query before its last row.
var errEnough = errors.New("enough rows")

// Raw runs a query on a connection and hands over the driver's rows. When read ends before the last row, the connection
// is closed: that, and not reading on, is what ends the statement on the server.
func Raw(ctx context.Context, conn *sql.Conn, query string, read func(driver.Rows) error) error {
	return raw(func(queryer driver.QueryerContext) (driver.Rows, error) {
		return queryer.QueryContext(ctx, query, nil)
	}, read, func(f func(driver.QueryerContext) error) error { return mysqldb.QueryRawOn(conn, f) })
}

// querier sends a query on a connection of the driver.
type querier func(driver.QueryerContext) (driver.Rows, error)

// queryText sends a query whose rows are mysqldb.TextRows, where the connection can.
func queryText(ctx context.Context, query string) querier {
	return func(queryer driver.QueryerContext) (driver.Rows, error) {
		if q, ok := queryer.(mysqldb.TextQueryer); ok {
			return q.QueryText(ctx, query)
		}
		return queryer.QueryContext(ctx, query, nil)
	}
}

// raw is Raw on the connection that on hands over.
func raw(query querier, read func(driver.Rows) error, on func(func(driver.QueryerContext) error) error) error {
	var outcome error
	rawErr := on(func(queryer driver.QueryerContext) error {
		rows, err := query(queryer)
		if err != nil {
			outcome = err
			return connFate(err)
		}
		if outcome = read(rows); outcome == nil {
			outcome = rows.Close()
		} else if mysqlerr.NumberOf(outcome) != 0 {
			return rows.Close() // the server ended the statement: the connection is good
		}
		return connFate(outcome)
	})
	switch {
	case errors.Is(outcome, errEnough):
		return nil
	case outcome != nil:
		return outcome
	case errors.Is(rawErr, driver.ErrBadConn):
		return nil
	}
	return rawErr
}

// connFate makes database/sql close a connection, unless the server itself answered.
func connFate(err error) error {
	if err == nil || mysqlerr.NumberOf(err) != 0 {
		return nil
	}
	return driver.ErrBadConn
}

var errWireType = errors.New("the driver returned a value of an unexpected type")

// AppendRow adds the next row of the driver to dst, and returns false where there is none. values is scratch for as
// many values as a row has.
func AppendRow(dst *table.Rows, exprs []sqltext.Expr, rows driver.Rows, values []driver.Value) (more bool, _ error) {
	if err := rows.Next(values); err != nil {
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		return false, err
	}
	for i, v := range values {
		if err := AppendValue(dst, exprs[i], v); err != nil {
			return false, err
		}
	}
	return true, nil
}

// AppendValue adds a driver value in the text form of its kind. The driver parses integers
// and floating-point numbers of text rows; everything else comes as the server's own bytes.
func AppendValue(dst *table.Rows, e sqltext.Expr, v driver.Value) error {
	switch v := v.(type) {
	case nil:
		dst.AppendNull()
		return nil
	case []byte:
		return appendBytes(dst, e, v)
	case int64:
		dst.AppendFunc(func(b []byte) []byte { return strconv.AppendInt(b, v, 10) })
		return nil
	case uint64:
		dst.AppendFunc(func(b []byte) []byte { return strconv.AppendUint(b, v, 10) })
		return nil
	case float64:
		if e.Kind == table.KindFloat || e.Kind == table.KindDouble {
			dst.AppendFunc(func(b []byte) []byte { return strconv.AppendFloat(b, v, 'g', -1, 64) })
			return nil
		}
	}
	return fmt.Errorf("%w: %T for %s", errWireType, v, e.SQL)
}

func appendBytes(dst *table.Rows, e sqltext.Expr, v []byte) error {
	switch {
	case e.Kind == table.KindBit:
		if len(v) > 8 {
			return fmt.Errorf("%w: %d bytes for %s", errWireType, len(v), e.SQL)
		}
		var n uint64
		for _, b := range v {
			n = n<<8 | uint64(b)
		}
		dst.AppendFunc(func(b []byte) []byte { return strconv.AppendUint(b, n, 10) })
	case e.StripZeros:
		dst.AppendFunc(func(b []byte) []byte { return appendDecimal(b, unpadded(v), e.Fraction) })
	case v == nil:
		dst.AppendNull()
	default:
		dst.Append(v)
	}
	return nil
}

// appendDecimal appends a number with at least so many digits behind its point.
func appendDecimal(dst, v []byte, digits int) []byte {
	dst = append(dst, v...)
	whole, fraction, _ := bytes.Cut(v, []byte("."))
	if digits > 0 && len(whole) == len(v) {
		dst = append(dst, '.')
	}
	for range digits - len(fraction) {
		dst = append(dst, '0')
	}
	return dst
}

// unpadded strips a ZEROFILL's zeros: 0001.10 is 1.10, 0000 is 0.
func unpadded(v []byte) []byte {
	t := bytes.TrimLeft(v, "0")
	if len(t) == 0 || t[0] == '.' {
		return v[len(v)-len(t)-1:]
	}
	return t
}
