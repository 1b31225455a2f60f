package compare

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// Side is a table on one server.
type Side struct {
	DB     *sql.DB
	Schema string
	Table  string
}

// Options say what to compare.
type Options struct {
	// Columns are compared; Key, a subset, orders the rows and must be unique on both sides.
	Columns []string
	Key     []string
	// Where restricts the source's rows, such as "updated_at <= '…'"; empty compares all.
	Where string
	// Expr overrides how a column is read, for values that two servers print differently.
	Expr map[string]string
	// NumericKey says that Key is one unsigned number: large tables then compare in the
	// primary key's own order, without a sort.
	NumericKey bool
}

// Report counts rows by what was found.
type Report struct {
	Rows      int64
	Missing   int64 // on the source only
	Extra     int64 // on the target only
	Different int64
	// First describes the first difference by key, for a test's message.
	First string
}

// Equal reports whether no difference was found.
func (r Report) Equal() bool { return r.Missing == 0 && r.Extra == 0 && r.Different == 0 }

func (r Report) String() string {
	if r.Equal() {
		return fmt.Sprintf("%d rows equal", r.Rows)
	}
	return fmt.Sprintf("%d rows, %d missing, %d extra, %d different; first: %s", r.Rows, r.Missing, r.Extra,
		r.Different, r.First)
}

// Tables compares both sides by merging two ordered streams.
func Tables(ctx context.Context, src, dst Side, o Options) (Report, error) {
	a, err := openStream(ctx, src, o, o.Where)
	if err != nil {
		return Report{}, fmt.Errorf("read the source: %w", err)
	}
	defer a.close()
	b, err := openStream(ctx, dst, o, "")
	if err != nil {
		return Report{}, fmt.Errorf("read the target: %w", err)
	}
	defer b.close()
	var r Report
	for a.next() || b.next() {
		b.next()
		switch order(a, b) {
		case 0:
			r.Rows++
			if a.rest() != b.rest() {
				r.Different++
				r.note("different at key " + a.key())
			}
			a.take()
			b.take()
		case -1:
			r.Missing++
			r.note("missing on the target, key " + a.key())
			a.take()
		default:
			r.Extra++
			r.note("only on the target, key " + b.key())
			b.take()
		}
	}
	if a.err != nil {
		return r, fmt.Errorf("read the source: %w", a.err)
	}
	if b.err != nil {
		return r, fmt.Errorf("read the target: %w", b.err)
	}
	return r, nil
}

func (r *Report) note(s string) {
	if r.First == "" {
		r.First = s
	}
}

// stream is one side's rows in key order, one row ahead.
type stream struct {
	conn *sql.Conn
	rows *sql.Rows
	keys int
	row  []sql.RawBytes
	buf  []sql.RawBytes
	args []any
	done bool
	err  error
}

// openStream selects key columns first, as hex so that both sides sort by the same bytes.
func openStream(ctx context.Context, s Side, o Options, where string) (*stream, error) {
	conn, err := s.DB.Conn(ctx)
	if err != nil {
		return nil, err
	}
	for _, q := range []string{"SET SESSION time_zone = '+00:00'", "SET NAMES utf8mb4"} {
		if _, err := conn.ExecContext(ctx, q); err != nil {
			return nil, err
		}
	}
	var list, order []string
	for i, c := range append(append([]string{}, o.Key...), o.Columns...) {
		expr := ident(c)
		if e, ok := o.Expr[c]; ok {
			expr = e
		}
		list = append(list, expr)
		if i < len(o.Key) {
			order = append(order, fmt.Sprint(i+1))
		}
	}
	for i := range o.Key { // a common order under all collations
		list[i] = "HEX(" + list[i] + ")"
	}
	if o.NumericKey {
		list[0] = "LPAD(" + ident(o.Key[0]) + ", 20, '0')"
		order[0] = ident(o.Key[0])
	}
	query := "SELECT " + strings.Join(list, ", ") + " FROM " + ident(s.Schema) + "." + ident(s.Table)
	if where != "" {
		query += " WHERE " + where
	}
	query += " ORDER BY " + strings.Join(order, ", ")
	rows, err := conn.QueryContext(ctx, query) //nolint:rowserrcheck // the stream keeps the rows, and next asks
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	st := &stream{conn: conn, rows: rows, keys: len(o.Key)}
	st.buf = make([]sql.RawBytes, len(list))
	st.args = make([]any, len(list))
	for i := range st.buf {
		st.args[i] = &st.buf[i]
	}
	return st, nil
}

func (s *stream) next() bool {
	if s.row != nil {
		return true
	}
	if s.done || !s.rows.Next() {
		s.done = true
		if s.err == nil {
			s.err = s.rows.Err()
		}
		return false
	}
	if s.err = s.rows.Scan(s.args...); s.err != nil {
		s.done = true
		return false
	}
	s.row = s.buf
	return true
}

func (s *stream) take() { s.row = nil }

func (s *stream) key() string {
	parts := make([]string, s.keys)
	for i := range parts {
		parts[i] = string(s.row[i])
	}
	return strings.Join(parts, "/")
}

// rest joins the values so that NULL, ” and shifted values cannot look alike.
func (s *stream) rest() string {
	var b strings.Builder
	for _, v := range s.row[s.keys:] {
		if v == nil {
			b.WriteString("~;")
			continue
		}
		fmt.Fprintf(&b, "%d:", len(v))
		b.Write(v)
	}
	return b.String()
}

func (s *stream) close() {
	_ = s.rows.Close()
	_ = s.conn.Close()
}

func order(a, b *stream) int {
	switch {
	case a.row == nil:
		return 1
	case b.row == nil:
		return -1
	}
	for i := range a.keys {
		if c := strings.Compare(string(a.row[i]), string(b.row[i])); c != 0 {
			return c
		}
	}
	return 0
}

func ident(s string) string { return "`" + strings.ReplaceAll(s, "`", "``") + "`" }
