package usualway

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strconv"

	"golang.org/x/sync/errgroup"
)

// netBuffer is the size of one INSERT statement: net_buffer_length of mysqldump, by default.
const netBuffer = 1046528

// Copy copies rows as `mysqldump --quick` piped into `mysql` does: one streaming SELECT on one
// connection, INSERT statements of about 1 MiB on another, each committed by itself. The next
// statement is made while one is executed, as the two programs do.
type Copy struct {
	Source, Target *sql.DB
	// Query selects the rows, all columns of the target's table in their order.
	Query string
	// Into is the target's table, qualified.
	Into string
	// Before and After are statements of the target's connection around the copy.
	Before, After []string
}

// Do copies and returns the number of rows.
func (c Copy) Do(ctx context.Context) (rows int64, err error) {
	g, ctx := errgroup.WithContext(ctx)
	statements := make(chan string)
	g.Go(func() (err error) {
		defer close(statements)
		rows, err = c.read(ctx, statements)
		return err
	})
	g.Go(func() error { return c.write(ctx, statements) })
	if err := g.Wait(); err != nil {
		return 0, fmt.Errorf("copy into %s: %w", c.Into, err)
	}
	return rows, nil
}

func (c Copy) write(ctx context.Context, statements <-chan string) error {
	conn, err := c.Target.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Raw(func(any) error { return driver.ErrBadConn }) //nolint:errcheck // its session is not used again
	for _, q := range append([]string{"SET time_zone = '+00:00'"}, c.Before...) {
		if _, err := conn.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	for q := range statements {
		if _, err := conn.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	for _, q := range c.After {
		if _, err := conn.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

func (c Copy) read(ctx context.Context, statements chan<- string) (rows int64, err error) {
	head := "INSERT INTO " + c.Into + " VALUES "
	buf := make([]byte, 0, netBuffer+64<<10)
	send := func() error {
		select {
		case statements <- string(buf):
			buf = buf[:0]
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	err = Stream(ctx, c.Source, c.Query, func(values []driver.Value) error {
		rows++
		if len(buf) == 0 {
			buf = append(buf, head...)
		} else {
			buf = append(buf, ',')
		}
		buf = appendRow(buf, values)
		if len(buf) >= netBuffer {
			return send()
		}
		return nil
	})
	if err == nil && len(buf) > 0 {
		err = send()
	}
	return rows, err
}

// Stream runs a query as one streaming SELECT in UTC and hands over each row as the driver
// decodes it. The values are valid until the next row.
func Stream(ctx context.Context, db *sql.DB, query string, row func([]driver.Value) error) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // back to the pool
	// A target that commits much at once lets the source wait for longer than its default of a minute.
	if _, err := conn.ExecContext(ctx, "SET time_zone = '+00:00', net_write_timeout = 600"); err != nil {
		return err
	}
	return conn.Raw(func(dc any) error {
		rows, err := dc.(driver.QueryerContext).QueryContext(ctx, query, nil)
		if err != nil {
			return err
		}
		defer rows.Close() //nolint:errcheck // what matters is what Next says
		values := make([]driver.Value, len(rows.Columns()))
		for {
			if err := rows.Next(values); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
			if err := row(values); err != nil {
				return err
			}
		}
	})
}

// appendRow appends (…) of a row: numbers bare, everything else quoted.
func appendRow(dst []byte, values []driver.Value) []byte {
	for i, v := range values {
		dst = append(dst, "(,"[min(i, 1)])
		dst = appendValue(dst, v, "NULL", appendQuoted)
	}
	return append(dst, ')')
}

// appendValue appends a value: numbers bare, NULL as null says, everything else as text says.
func appendValue(dst []byte, v driver.Value, null string, text func(dst, v []byte) []byte) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, null...)
	case int64:
		return strconv.AppendInt(dst, v, 10)
	case uint64:
		return strconv.AppendUint(dst, v, 10)
	case []byte:
		return text(dst, v)
	default:
		return text(dst, fmt.Append(nil, v))
	}
}

func appendQuoted(dst, text []byte) []byte {
	dst = append(dst, '\'')
	from := 0
	for i, b := range text {
		if b == '\'' || b == '\\' {
			dst = append(append(dst, text[from:i]...), '\\')
			from = i
		}
	}
	return append(append(dst, text[from:]...), '\'')
}
