package verify

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/tablehaul/tablehaul/internal/table"
)

// Sum is the sum of a row's values, each in the form in which it is compared.
type Sum = table.Sum

// Layout says what of a row is compared. The rows of both sides have its columns in its order, the key's first.
type Layout struct {
	// Columns are all that is read: first the key's, in the key's order.
	Columns []Column `json:"columns"`
	// Key is how many columns the key has.
	Key int `json:"key"`
	// Cursor is the place of the cursor among Columns, -1 for a table without one.
	Cursor int `json:"cursor"`
	// AsOf is the cursor's value, in the source's exact text, up to which both sides hold the same rows.
	AsOf string `json:"asOf,omitempty"`
	// Since is where a comparison of what has changed begins, exclusive; "" for all rows.
	Since string `json:"since,omitempty"`
	// Tombstone is the column of the target that marks rows as deleted, nil for none. Rows of the target are read with
	// it behind Columns.
	Tombstone *table.Column `json:"tombstone,omitempty"`
	// Owned says that all rows of the target are known to have come from the source.
	Owned bool `json:"owned,omitempty"`
	// KeysOnly says that rows of the same key are equal, with any other values: the target keeps the version that it
	// had first. Another spelling of a key is the same key.
	KeysOnly bool `json:"keysOnly,omitempty"`
	// PlainZero says that a side keeps no −0 of a FLOAT or a DOUBLE: it is 0 then.
	PlainZero bool `json:"plainZero,omitempty"`
	// Versions says that the source's rows are versions of rows in files: several may have one key, and no watermark
	// bounds them. With a cursor, the newest counts, and a row of the target may be newer; without one, the last.
	Versions bool `json:"versions,omitempty"`

	forms []form
}

// Prepare makes a Layout ready, and refuses columns that cannot be compared exactly, by name.
func (l *Layout) Prepare() error {
	l.forms = make([]form, len(l.Columns))
	for i, c := range l.Columns {
		var err error
		if l.forms[i], err = c.forms(); err != nil {
			return err
		}
		if l.Versions && c.Source.Kind == table.KindJSON {
			l.forms[i] = canonicalJSON(true) // the server prints a document in its own form
		}
		if l.PlainZero && isFloat(c.Source.Kind) {
			l.forms[i] = plainZero
		}
	}
	if l.Key < 1 || l.Key > len(l.Columns) || l.Cursor >= len(l.Columns) {
		return fmt.Errorf("the layout makes no sense: %d key columns of %d, cursor %d", l.Key, len(l.Columns), l.Cursor)
	}
	return nil
}

// Side tells source and target apart.
type Side int

// The two sides.
const (
	Source Side = iota
	Target
)

// ColumnsOf are the columns to read on one side, in the layout's order.
func (l *Layout) ColumnsOf(side Side) []table.Column {
	out := make([]table.Column, len(l.Columns))
	for i, c := range l.Columns {
		if out[i] = c.Source; side == Target {
			out[i] = c.Target
		}
	}
	if side == Target && l.Tombstone != nil {
		out = append(out, *l.Tombstone)
	}
	return out
}

// KeyNames are the names of the key's columns on one side, in the layout's order.
func (l *Layout) KeyNames(side Side) []string {
	out := make([]string, l.Key)
	for i, c := range l.ColumnsOf(side)[:l.Key] {
		out[i] = c.Name
	}
	return out
}

// value is a value in the form in which it is compared.
func (l *Layout) value(rows *table.Rows, row, column int) []byte {
	return l.form(rows.Value(row, column), column)
}

// form is a value of a column in the form in which it is compared.
func (l *Layout) form(v []byte, column int) []byte {
	if v == nil || l.forms[column] == nil {
		return v
	}
	return l.forms[column](v)
}

// keyOf appends the key's bytes.
func (l *Layout) keyOf(dst []byte, rows *table.Rows, row int) []byte {
	for c := range l.Key {
		dst = table.AppendValue(dst, l.value(rows, row, c))
	}
	return dst
}

// KeyOf are the bytes of a row's key, as table.Texts.Bytes has them.
func (l *Layout) KeyOf(rows *table.Rows, row int) string { return string(l.keyOf(nil, rows, row)) }

// KeyBytes are KeyOf of the values of a key, of either side.
func (l *Layout) KeyBytes(key table.Texts) string {
	var b []byte
	for c, text := range key {
		b = table.AppendValue(b, l.form([]byte(text), c))
	}
	return string(b)
}

// KeyTexts are the values of a row's key, in the form in which they are compared.
func (l *Layout) KeyTexts(rows *table.Rows, row int) table.Texts {
	return texts(l.keyOf(nil, rows, row))
}

// SeenOf tells versions of a row apart: its cursor, and where there is none its sum, as hex digits.
func (l *Layout) SeenOf(rows *table.Rows, row int) string {
	if l.Cursor >= 0 {
		return string(rows.Value(row, l.Cursor))
	}
	sum := l.sumOf(new([]byte), rows, row)
	return hex.EncodeToString(sum[:])
}

// sumOf is the sum of a row's values that are compared; buf is scratch.
func (l *Layout) sumOf(buf *[]byte, rows *table.Rows, row int) Sum {
	*buf = l.appendCompared((*buf)[:0], rows, row)
	return table.SumOf(*buf)
}

// appendCompared appends a row's values that are compared: AppendRow, or the key alone.
func (l *Layout) appendCompared(dst []byte, rows *table.Rows, row int) []byte {
	if l.KeysOnly {
		return l.keyOf(dst, rows, row)
	}
	return l.AppendRow(dst, rows, row)
}

// AppendRow appends a row's values in the form in which they are compared: equal rows of both sides have equal bytes.
func (l *Layout) AppendRow(dst []byte, rows *table.Rows, row int) []byte {
	for c := range l.Columns {
		dst = table.AppendValue(dst, l.value(rows, row, c))
	}
	return dst
}

// After reports whether a row's cursor is above a bound, in the source's exact text, or NULL.
func (l *Layout) After(rows *table.Rows, row int, bound string) bool {
	v := rows.Value(row, l.Cursor)
	if len(v) > 0 && len(v) == len(bound) && v[0] != '-' && bound[0] != '-' { // the usual case, without a copy
		return string(v) > bound
	}
	return v == nil || l.compareCursor(string(v), bound) > 0
}

// pending reports whether the row's cursor is above AsOf, or NULL: no run has promised it.
func (l *Layout) pending(rows *table.Rows, row int) bool {
	return l.Cursor >= 0 && !l.Versions && l.After(rows, row, l.AsOf)
}

// changed reports whether the row's cursor is above Since, and not above AsOf.
func (l *Layout) changed(rows *table.Rows, row int) bool {
	v := rows.Value(row, l.Cursor)
	return v != nil && l.compareCursor(string(v), l.Since) > 0 && !l.pending(rows, row)
}

// compareCursor orders two texts of the cursor, of either side: -1, 0 or 1.
func (l *Layout) compareCursor(a, b string) int {
	return table.OrderCursor(l.Columns[l.Cursor].Source.Kind, a, b)
}

// texts are the key's values as bytes that keyOf has appended.
func texts(key []byte) table.Texts {
	var out table.Texts
	for b := key; len(b) > 0; {
		if b[0] == 0 {
			out, b = append(out, ""), b[1:]
			continue
		}
		n, size := binary.Uvarint(b[1:])
		b = b[1+size:]
		out, b = append(out, string(b[:n])), b[n:]
	}
	return out
}
