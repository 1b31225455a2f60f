package scene

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/go-sql-driver/mysql"
	"golang.org/x/sync/errgroup"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
)

// Order is one row of the table.
type Order struct {
	ID int
	// Texts are the row's values as a server prints them, in the order of the table's columns;
	// nil is NULL.
	Texts [7][]byte
}

// Positions of the columns in Order.Texts, as far as they are changed.
const (
	ColumnStatus    = 2
	ColumnUpdatedAt = 6
)

var (
	created  = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	updated  = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	statuses = [][]byte{[]byte("new"), []byte("paid"), []byte("sent"), []byte("returned")}
)

// Orders yields the rows first to last that Fill makes, the same ones for the same numbers.
// The texts are valid until the next row.
func Orders(first, last int) iter.Seq[*Order] {
	return func(yield func(*Order) bool) {
		var o Order
		var buf []byte
		var r *rand.Rand
		for id := first - (first-1)%fillBatch; id <= last; id++ {
			if (id-1)%fillBatch == 0 { // a generator per batch, so that batches can be made side by side
				r = rand.New(rand.NewPCG(uint64(id), uint64(id+fillBatch-1)))
			}
			buf = o.draw(r, id, buf[:0])
			if id >= first && !yield(&o) {
				return
			}
		}
	}
}

// draw makes the row with that id, with its texts in buf.
func (o *Order) draw(r *rand.Rand, id int, buf []byte) []byte {
	const filler = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	o.ID = id
	var ends [len(o.Texts)]int
	note := id%7 != 0
	letter := 0
	if note {
		letter = r.IntN(len(filler) + 1)
	}
	buf = strconv.AppendInt(buf, int64(id), 10)
	ends[0] = len(buf)
	buf = append(strconv.AppendInt(append(buf, "customer "...), int64(id%9973), 10), " of the "...)
	buf = strconv.AppendInt(buf, int64(r.IntN(1000)), 10)
	ends[1] = len(buf)
	buf = append(buf, statuses[r.IntN(len(statuses))]...)
	ends[ColumnStatus] = len(buf)
	whole, cents := r.IntN(100000), r.IntN(100)
	buf = append(strconv.AppendInt(buf, int64(whole), 10), '.', byte('0'+cents/10), byte('0'+cents%10))
	ends[3] = len(buf)
	buf = append(append(buf, filler[:letter]...), ", ring twice — größte Sorgfalt 😀"...)
	ends[4] = len(buf)
	buf = created.Add(time.Duration(id)*time.Second).AppendFormat(buf, "2006-01-02 15:04:05")
	ends[5] = len(buf)
	buf = updated.Add(time.Duration(id)*time.Microsecond).AppendFormat(buf, "2006-01-02 15:04:05.000000")
	ends[ColumnUpdatedAt] = len(buf)
	from := 0
	for i, end := range ends {
		o.Texts[i] = buf[from:end:end]
		from = end
	}
	if !note {
		o.Texts[4] = nil
	}
	return buf
}

// AppendLine appends the row as LOAD DATA reads it by default. No text needs escaping.
func (o *Order) AppendLine(b []byte) []byte {
	for i, text := range o.Texts {
		if i > 0 {
			b = append(b, '\t')
		}
		if text == nil {
			b = append(b, `\N`...)
		}
		b = append(b, text...)
	}
	return append(b, '\n')
}

// writeLines writes the rows first to last as LOAD DATA reads them.
func writeLines(w io.Writer, first, last int) error {
	const flushAt = 64 << 10
	var b []byte
	for o := range Orders(first, last) {
		if b = o.AppendLine(b); len(b) >= flushAt {
			if _, err := w.Write(b); err != nil {
				return err
			}
			b = b[:0]
		}
	}
	_, err := w.Write(b)
	return err
}

// Load makes the source table with the rows that Fill makes, several times as fast: by two LOAD
// DATA LOCAL side by side, with the index by_update built afterwards. The server must allow
// local_infile.
func Load(ctx context.Context, db *sql.DB, rows int) error {
	if _, err := db.ExecContext(ctx, "DROP DATABASE IF EXISTS shop"); err != nil {
		return fmt.Errorf("make the source table: %w", err)
	}
	return LoadMissing(ctx, db, rows, nil)
}

// duplicateKeyName is the server's number for an index that is there.
const duplicateKeyName = 1061

// loadRows are the rows of one LOAD DATA, which is one transaction.
const loadRows = 1_000_000

// LoadMissing is Load that goes on where an earlier one with as many rows was interrupted. It calls onRows, if not
// nil, with the number of rows that are there, as they come.
func LoadMissing(ctx context.Context, db *sql.DB, rows int, onRows func(int)) error {
	var tables int
	if err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'shop' AND "+
		"table_name = 'orders'").Scan(&tables); err != nil {
		return fmt.Errorf("look for the source table: %w", err)
	}
	if tables == 0 {
		if err := makeTable(ctx, db); err != nil {
			return err
		}
		if _, err := db.ExecContext(ctx, "ALTER TABLE shop.orders DROP KEY by_update"); err != nil {
			return fmt.Errorf("make the source table: %w", err)
		}
	}
	if err := WithLocalInfile(ctx, db, func() error { return loadParts(ctx, db, rows, onRows) }); err != nil {
		return fmt.Errorf("fill the source table: %w", err)
	}
	for _, q := range []string{"ALTER TABLE shop.orders ADD KEY by_update (updated_at)", "ANALYZE TABLE shop.orders"} {
		if _, err := db.ExecContext(ctx, q); err != nil &&
			mysqlerr.NumberOf(err) != duplicateKeyName {
			return fmt.Errorf("fill the source table: %w", err)
		}
	}
	return nil
}

// loadParts loads the parts that are not there, two side by side. A part is there if its last row is.
func loadParts(ctx context.Context, db *sql.DB, rows int, onRows func(int)) error {
	size := min(loadRows, (rows/2+fillBatch-1)/fillBatch*fillBatch)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(2)
	var there atomic.Int64
	for first := 1; first <= rows; first += size {
		last := min(first+size-1, rows)
		g.Go(func() error {
			var found int
			err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM shop.orders WHERE id = ?", last).Scan(&found)
			if err != nil {
				return err
			}
			if found == 0 {
				if err := loadOrders(ctx, db, first, last); err != nil {
					return err
				}
			}
			if n := there.Add(int64(last - first + 1)); onRows != nil {
				onRows(int(n))
			}
			return nil
		})
	}
	return g.Wait()
}

func loadOrders(ctx context.Context, db *sql.DB, first, last int) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // back to the pool
	name := fmt.Sprintf("orders-%d-%d", first, last)
	mysql.RegisterReaderHandler(name, func() io.Reader {
		r, w := io.Pipe()
		go func() { _ = w.CloseWithError(writeLines(w, first, last)) }() // always nil
		return r
	})
	defer mysql.DeregisterReaderHandler(name)
	for _, q := range []string{
		// MariaDB lets one of the two wait for the numbers of the other's rows.
		"SET time_zone = '+00:00', innodb_lock_wait_timeout = 600, sql_log_bin = 0",
		"LOAD DATA LOCAL INFILE 'Reader::" + name + "' INTO TABLE shop.orders CHARACTER SET utf8mb4",
	} {
		if _, err := conn.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	return nil
}
