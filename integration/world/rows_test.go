package world_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// A row is one row as the oracle compares it.
type row struct {
	key string
	// raw are the key's values, for statements about the row.
	raw []any
	// shape are the columns that vals belong to; vals are comparable texts.
	shape  []string
	vals   []string
	cursor string
}

func (r row) String() string {
	var b strings.Builder
	for i, name := range r.shape {
		v := r.vals[i]
		if len(v) > 60 {
			v = v[:60] + "…"
		}
		fmt.Fprintf(&b, " %s=%s", name, v)
	}
	return b.String()
}

// null is no text of any value.
const null = "\x00NULL"

type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// read returns the rows of a query whose columns are the table's.
func (t *tablePlan) read(ctx context.Context, db queryer, query string) ([]row, error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // Err says it
	shape, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	forms := make([]form, len(shape))
	for i, name := range shape {
		forms[i] = t.form(name)
	}
	values, into := make([]sql.RawBytes, len(shape)), make([]any, len(shape))
	for i := range values {
		into[i] = &values[i]
	}
	var out []row
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		r := row{shape: shape, vals: make([]string, len(shape))}
		for i, v := range values {
			r.vals[i] = sameForm(forms[i], v)
			if shape[i] == t.cursor.column {
				r.cursor = r.vals[i]
			}
		}
		for _, c := range t.key.columns {
			for i, name := range shape {
				if name == c.name {
					r.key += r.vals[i] + "|"
					r.raw = append(r.raw, keyValue(c.form, values[i]))
				}
			}
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

func keyValue(f form, v []byte) any {
	if f == asBytes {
		return append([]byte{}, v...)
	}
	return string(v)
}

// sameForm is a value in a form that both kinds of server share.
func sameForm(f form, v []byte) string {
	if v == nil {
		return null
	}
	s := string(v)
	switch f {
	case asBytes:
		return fmt.Sprintf("%x", v)
	case asNumber, asMoment:
		if strings.Contains(s, ".") {
			return strings.TrimRight(strings.TrimRight(s, "0"), ".")
		}
	case asFloat:
		if n, err := strconv.ParseFloat(s, 64); err == nil {
			return strconv.FormatFloat(n, 'g', -1, 64)
		}
	case asDocument:
		var doc any
		d := json.NewDecoder(strings.NewReader(s))
		if err := d.Decode(&doc); err == nil {
			if text, err := json.Marshal(doc); err == nil { // members come sorted
				return string(text)
			}
		}
	case asText:
	}
	return s
}

// where is the condition of one key.
func (t *tablePlan) where(key []any) string {
	parts := make([]string, len(key))
	for i, c := range t.key.columns {
		parts[i] = c.name + " = " + literal(key[i])
	}
	return strings.Join(parts, " AND ")
}
