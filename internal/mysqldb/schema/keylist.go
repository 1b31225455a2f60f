package schema

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// KeysAtOnce bounds the keys of one list: MariaDB turns a list of 1,000 into a join. KeysText bounds their SQL, in
// bytes.
const (
	KeysAtOnce = 500
	KeysText   = 512 << 10
)

// KeyList writes the primary keys of some rows as a condition.
type KeyList struct {
	names    string
	literals []func(text string) (string, error)
	// places are where a key of the caller's has the columns of the primary key, in the primary key's order.
	places []int
}

var (
	errNoKeyColumn = errors.New("no such column")
	errBadKey      = errors.New("the key makes no sense")
)

// NewKeyList is the KeyList of a table that has a primary key. order names its columns as keys have them; nil is the
// key's own order.
func NewKeyList(t *Table, order []string) (*KeyList, error) {
	names := make([]string, len(t.PrimaryKey))
	l := &KeyList{literals: make([]func(string) (string, error), len(names)), places: make([]int, len(names))}
	for i, name := range t.PrimaryKey {
		c := t.Column(name)
		if c == nil {
			return nil, fmt.Errorf("column %s: %w", name, errNoKeyColumn)
		}
		if l.places[i] = i; order != nil {
			l.places[i] = slices.IndexFunc(order, func(c string) bool { return table.SameColumn(c, name) })
		}
		if l.places[i] < 0 || order != nil && len(order) != len(names) {
			return nil, fmt.Errorf("%w: a look by %v, and a key of %v", errBadKey, order, t.PrimaryKey)
		}
		names[i] = sqltext.Column(c.Column)
		var err error
		if l.literals[i], err = keyLiteral(c); err != nil {
			return nil, err
		}
	}
	l.names = strings.Join(names, ", ")
	return l, nil
}

// keyLiteral writes the values of a key's column. The members of an ENUM and a SET are compared as text, since two
// tables may count them differently.
func keyLiteral(c *Column) (func(string) (string, error), error) {
	if sqltext.ComparesByNumber(c.Kind) && !c.SetByNumber() {
		return func(text string) (string, error) {
			return string(sqltext.AppendQuoted([]byte("_utf8mb4 "), []byte(text))), nil
		}, nil
	}
	return sqltext.Comparand(c.Column)
}

// In is true for the rows with the first n of the keys: as many as maxText bytes of SQL take, and one at least. The
// server compares by the columns' collations: rows whose keys have other bytes may be among them.
func (l *KeyList) In(keys []table.Texts, maxText int) (sql string, n int, err error) {
	var b strings.Builder
	b.WriteString("(" + l.names + ") IN (")
	for n < len(keys) && (n == 0 || b.Len() < maxText) {
		if len(keys[n]) != len(l.literals) {
			return "", 0, fmt.Errorf("%w: %d values, and %d columns", errBadKey, len(keys[n]), len(l.literals))
		}
		if n > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('(')
		for i, place := range l.places {
			if i > 0 {
				b.WriteString(", ")
			}
			lit, err := l.literals[i](keys[n][place])
			if err != nil {
				return "", 0, err
			}
			b.WriteString(lit)
		}
		b.WriteByte(')')
		n++
	}
	b.WriteByte(')')
	return b.String(), n, nil
}
