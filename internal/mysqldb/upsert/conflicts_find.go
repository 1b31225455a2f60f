package upsert

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/tablehaul/tablehaul/internal/mysqldb/fetch"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// findConflicts locks the conflicting rows of the row at a position, and returns their keys. newer
// says that one of them is newer, by cursor.
func (w *writer) findConflicts(ctx context.Context, at int) (found *table.Rows, newer bool, err error) {
	found = table.NewRows(len(w.plan.key))
	for _, index := range w.plan.uniques {
		where, ok, err := w.conflictCondition(at, index)
		if err != nil {
			return nil, false, err
		}
		if !ok {
			continue
		}
		n, err := w.readConflicts(ctx, at, index, where, found)
		if err != nil {
			return nil, false, err
		}
		newer = newer || n
	}
	return found, newer, nil
}

// readConflicts adds the conflicting rows of one unique key to found.
func (w *writer) readConflicts(
	ctx context.Context, at int, index schema.Index, where []byte, found *table.Rows,
) (newer bool, err error) {
	p := w.plan
	w.query = append(w.query[:0], "SELECT "...)
	exprs := make([]sqltext.Expr, len(p.key))
	for n, i := range p.key {
		exprs[n] = sqltext.Position(w.db.Server, p.targets[i].Column)
		w.query = append(append(w.query, exprs[n].SQL...), ", "...)
	}
	if w.query, err = w.appendOlder(w.query, at); err != nil {
		return false, err
	}
	w.query = append(w.query, " FROM "+sqltext.Qualified(p.target.Name)+
		" FORCE INDEX ("+sqltext.Ident(index.Name)+") WHERE "...)
	w.query = append(w.query, where...)
	w.query = append(w.query, " AND NOT ("...)
	if w.query, err = w.appendOwnKey(w.query, at); err != nil {
		return false, err
	}
	w.query = append(w.query, ") FOR UPDATE"...)
	list, err := w.conn.QueryContext(ctx, string(w.query))
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, list.Close()) }()
	values, dest := make([]any, len(exprs)), make([]any, len(exprs)+1)
	for i := range values {
		dest[i] = &values[i]
	}
	var older bool
	dest[len(exprs)] = &older
	for list.Next() {
		if err := list.Scan(dest...); err != nil {
			return false, err
		}
		for i, v := range values {
			if err := fetch.AppendValue(found, exprs[i], v); err != nil {
				return false, err
			}
		}
		newer = newer || !older
	}
	return newer, list.Err()
}

// appendOlder appends a condition: 1 where the row at a position may replace the target's row, and
// 0 where that is newer.
func (w *writer) appendOlder(dst []byte, at int) ([]byte, error) {
	i := w.plan.cursor
	if i < 0 {
		return append(dst, '1'), nil
	}
	c := sqltext.Ident(w.plan.targets[i].Name)
	fresh, err := w.comparable(nil, at, i)
	if err != nil {
		return dst, err
	}
	older := c + " <= " + string(fresh)
	replaced, err := w.plan.unsettledCondition(c, string(fresh))
	if replaced != "" {
		older += " OR " + replaced
	}
	return append(dst, "COALESCE("+older+", "+c+" IS NULL)"...), err
}

// appendOwnKey appends the condition that a row has the primary key of the row at a position.
func (w *writer) appendOwnKey(dst []byte, at int) (_ []byte, err error) {
	for n, i := range w.plan.key {
		if n > 0 {
			dst = append(dst, " AND "...)
		}
		dst = append(dst, sqltext.Ident(w.plan.targets[i].Name)+" = "...)
		if dst, err = w.comparable(dst, at, i); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// conflictCondition is the condition that a row of the target has the unique value of the row at a
// position. ok is false where no row can have it, and where an index cannot answer the condition.
func (w *writer) conflictCondition(at int, index schema.Index) (where []byte, ok bool, err error) {
	if !schema.SupportsLookup(index) {
		return nil, false, nil
	}
	for n, part := range index.Columns {
		i := w.plan.position(part.Column)
		if i < 0 {
			return nil, false, nil // generated, or the target's own
		}
		v := w.rows.Value(int(w.order[at]), i)
		if v == nil {
			return nil, false, nil // NULLs are equal to nothing
		}
		if n > 0 {
			where = append(where, " AND "...)
		}
		if part.Prefix > 0 && w.plan.columns[i].RawCharset {
			return nil, false, nil
		}
		if part.Prefix > 0 {
			where = w.appendPrefix(where, i, v, part.Prefix)
			continue
		}
		where = append(where, sqltext.Ident(part.Column)+" = "...)
		if where, err = w.comparable(where, at, i); err != nil {
			return nil, false, err
		}
	}
	return where, true, nil
}

// appendPrefix appends the condition that a column has the same first characters, or bytes, as a
// value. An index of the prefix answers LIKE; the second half is exact.
func (w *writer) appendPrefix(dst []byte, i int, v []byte, size int) []byte {
	c := w.plan.targets[i]
	introducer := "_binary"
	if c.Kind == table.KindString {
		introducer = ""
		v = firstRunes(v, size)
	} else {
		v = v[:min(len(v), size)]
	}
	var pattern []byte
	for _, b := range bytes.TrimRight(v, " ") {
		if b == '%' || b == '_' || b == '\\' {
			pattern = append(pattern, '\\')
		}
		pattern = append(pattern, b)
	}
	name := sqltext.Ident(c.Name)
	dst = append(dst, name+" LIKE "+introducer...)
	dst = sqltext.AppendQuoted(dst, append(pattern, '%'))
	dst = append(dst, " AND LEFT("+name+", "+strconv.Itoa(size)+") = "+introducer...)
	return sqltext.AppendQuoted(dst, v)
}

// firstRunes is the first n characters of v.
func firstRunes(v []byte, n int) []byte {
	end := 0
	for ; n > 0 && end < len(v); n-- {
		_, size := utf8.DecodeRune(v[end:])
		end += size
	}
	return v[:end]
}

// comparable appends a value as a literal that its column on the target compares with by its own
// collation; NULL for a NULL.
func (w *writer) comparable(dst []byte, at, i int) ([]byte, error) {
	from, to := w.plan.columns[i], w.plan.targets[i].Column
	row := w.order[at]
	v := w.rows.Value(int(row), i)
	if v != nil && from.Kind == table.KindEnum && to.Kind == table.KindEnum {
		// By index: as text, the empty member equals the error value.
		if sqltext.IsEnumError(v, slices.Contains(from.Members, "")) {
			return append(dst, '0'), nil
		}
		return strconv.AppendInt(dst, int64(slices.Index(to.Members, string(v))+1), 10), nil
	}
	if v == nil || from.Kind != table.KindString || to.Kind != table.KindString || from.RawCharset || to.RawCharset {
		return w.appendValue(dst, row, i)
	}
	write, err := sqltext.Comparand(to)
	if err != nil {
		return dst, err
	}
	text, err := write(string(v))
	return append(dst, text...), err
}
