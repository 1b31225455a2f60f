package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"

	"github.com/tablehaul/tablehaul/integration/scene"
)

// writeOrders writes the rows first to last as LOAD DATA reads them. It
// returns the size that they have as CSV (RFC 4180, quotes only where they are needed, UTF-8).
func writeOrders(path string, first, last int) (csvBytes int64, err error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer f.Close() //nolint:errcheck // the good case closes below
	const flushAt = 256 << 10
	var buf []byte
	for o := range scene.Orders(first, last) {
		csvBytes += csvSize(o)
		if buf = o.AppendLine(buf); len(buf) < flushAt {
			continue
		}
		if _, err := f.Write(buf); err != nil {
			return 0, err
		}
		buf = buf[:0]
	}
	if _, err := f.Write(buf); err != nil {
		return 0, err
	}
	return csvBytes, f.Close()
}

func csvSize(o *scene.Order) (n int64) {
	for _, text := range o.Texts {
		n += int64(len(text)) + 1 // a comma, or the line's end
		if bytes.ContainsAny(text, ",\"\r\n") {
			n += 2
		}
	}
	return n
}

// loadData reads a file into the side table by LOAD DATA LOCAL, as one statement on one
// connection. What it affects must be want: a row that was replaced counts twice.
func (b *bench) loadData(ctx context.Context, file string, want int64) error {
	conn, err := b.TargetDB.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // back to the pool
	if _, err := conn.ExecContext(ctx, "SET time_zone = '+00:00'"); err != nil {
		return err
	}
	var done sql.Result
	if err := scene.WithLocalInfile(ctx, b.TargetDB, func() error {
		done, err = conn.ExecContext(ctx,
			"LOAD DATA LOCAL INFILE '"+file+"' INTO TABLE "+sideTable+" CHARACTER SET utf8mb4")
		return err
	}); err != nil {
		return fmt.Errorf("LOAD DATA LOCAL: %w", err)
	}
	if n, err := done.RowsAffected(); err != nil || n != want {
		return fmt.Errorf("LOAD DATA LOCAL affected %d rows, not %d: %w", n, want, err)
	}
	return nil
}
