package usualway

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/go-sql-driver/mysql"
	"golang.org/x/sync/errgroup"
)

// Load copies rows by one streaming SELECT on one connection, whose rows are piped into LOAD DATA LOCAL on another. The
// target has to allow local_infile.
type Load struct {
	Source, Target *sql.DB
	// Query selects the rows, all columns of the target's table in their order.
	Query string
	// Into is the target's table, qualified.
	Into string
}

// loadRows are the rows of one statement, which is one transaction.
const loadRows = 1_000_000

// pipes numbers the readers of this process.
var pipes atomic.Int64

// Do copies and returns the number of rows.
func (l Load) Do(ctx context.Context) (rows int64, err error) {
	g, ctx := errgroup.WithContext(ctx)
	files := make(chan *io.PipeReader)
	g.Go(func() (err error) {
		defer close(files)
		rows, err = l.read(ctx, files)
		return err
	})
	var loaded int64
	g.Go(func() (err error) {
		loaded, err = l.write(ctx, files)
		return err
	})
	if err := g.Wait(); err != nil {
		return 0, fmt.Errorf("load into %s: %w", l.Into, err)
	}
	if loaded != rows { // what it cannot load is a warning to LOAD DATA LOCAL
		return 0, fmt.Errorf("load into %s: %d rows of %d were loaded", l.Into, loaded, rows)
	}
	return rows, nil
}

func (l Load) write(ctx context.Context, files <-chan *io.PipeReader) (loaded int64, err error) {
	conn, err := l.Target.Conn(ctx)
	if err != nil {
		return 0, err
	}
	defer conn.Raw(func(any) error { return driver.ErrBadConn }) //nolint:errcheck // its session is not used again
	if _, err := conn.ExecContext(ctx, "SET time_zone = '+00:00'"); err != nil {
		return 0, err
	}
	name := fmt.Sprintf("usualway-%d", pipes.Add(1))
	defer mysql.DeregisterReaderHandler(name)
	for file := range files {
		mysql.RegisterReaderHandler(name, func() io.Reader { return file })
		done, err := conn.ExecContext(ctx, "LOAD DATA LOCAL INFILE 'Reader::"+name+"' INTO TABLE "+l.Into+
			" CHARACTER SET utf8mb4")
		_ = file.CloseWithError(err) // so that the reader does not wait
		if err != nil {
			return 0, err
		}
		n, err := done.RowsAffected()
		if loaded += n; err != nil {
			return 0, err
		}
	}
	return loaded, nil
}

func (l Load) read(ctx context.Context, files chan<- *io.PipeReader) (rows int64, err error) {
	const flushAt = 256 << 10
	var w *io.PipeWriter
	var buf []byte
	flush := func() error {
		_, err := w.Write(buf)
		buf = buf[:0]
		return err
	}
	err = Stream(ctx, l.Source, l.Query, func(values []driver.Value) error {
		if rows%loadRows == 0 {
			if w != nil {
				if err := flush(); err != nil {
					return err
				}
				_ = w.Close() // always nil
			}
			var r *io.PipeReader
			r, w = io.Pipe()
			select {
			case files <- r:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		rows++
		if buf = appendLine(buf, values); len(buf) < flushAt {
			return nil
		}
		return flush()
	})
	if w != nil {
		if err == nil {
			err = flush()
		}
		_ = w.CloseWithError(err) // always nil
	}
	return rows, err
}

// appendLine appends a row as LOAD DATA reads it by default.
func appendLine(dst []byte, values []driver.Value) []byte {
	for i, v := range values {
		if i > 0 {
			dst = append(dst, '\t')
		}
		dst = appendValue(dst, v, `\N`, appendEscaped)
	}
	return append(dst, '\n')
}

func appendEscaped(dst, text []byte) []byte {
	for _, b := range text {
		switch b {
		case '\\', '\t', '\n':
			dst = append(dst, '\\')
		}
		dst = append(dst, b)
	}
	return dst
}
