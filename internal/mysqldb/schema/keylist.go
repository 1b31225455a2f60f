package schema

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
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
	names   string
	columns []keyColumn
	// apart says that keys are compared column by column: see In.
	apart bool
}

// keyColumn is a column of a KeyList.
type keyColumn struct {
	name string
	// place is where a key of the caller's has the column of the primary key.
	place   int
	literal func(text string) (string, error)
}

var (
	errNoKeyColumn = errors.New("no such column")
	errBadKey      = errors.New("the key makes no sense")
)

// NewKeyList is the KeyList of a table that has a primary key. order names its columns as keys have them; nil is the
// key's own order.
func NewKeyList(t *Table, order []string) (*KeyList, error) {
	names := make([]string, len(t.PrimaryKey))
	l := &KeyList{columns: make([]keyColumn, len(names))}
	for i, name := range t.PrimaryKey {
		c := t.Column(name)
		if c == nil {
			return nil, fmt.Errorf("column %s: %w", name, errNoKeyColumn)
		}
		place := i
		if order != nil {
			place = slices.IndexFunc(order, func(c string) bool { return table.SameColumn(c, name) })
		}
		if place < 0 || order != nil && len(order) != len(names) {
			return nil, fmt.Errorf("%w: a look by %v, and a key of %v", errBadKey, order, t.PrimaryKey)
		}
		names[i] = sqltext.Column(c.Column)
		literal, err := keyLiteral(c)
		if err != nil {
			return nil, err
		}
		l.columns[i] = keyColumn{name: names[i], place: place, literal: literal}
		l.apart = l.apart || sqltext.ComparesByNumber(c.Kind)
	}
	l.names = strings.Join(names, ", ")
	return l, nil
}

// keyLiteral writes the values of a key's column. The members of an ENUM and a SET are compared as text, since two
// tables may count them differently. What has no text of its own is compared by this table's number: the server prints
// the same text for the error value of an ENUM and for its empty member, and for values of a SET with an empty member.
func keyLiteral(c *Column) (func(string) (string, error), error) {
	if !sqltext.ComparesByNumber(c.Kind) || c.SetByNumber() {
		return sqltext.Comparand(c.Column)
	}
	empty := slices.Index(c.Members, "")
	return func(text string) (string, error) {
		if c.Kind == table.KindEnum {
			switch {
			case sqltext.IsEnumError([]byte(text), empty >= 0):
				return "0", nil
			case text == "":
				return strconv.Itoa(empty + 1), nil
			}
		}
		return string(sqltext.AppendQuoted([]byte("_utf8mb4 "), []byte(text))), nil
	}, nil
}

// In is true for the rows with the first n of the keys: as many as maxText bytes of SQL take, and one at least. The
// server compares by the columns' collations: rows whose keys have other bytes may be among them.
//
// Keys with an ENUM or a SET are compared column by column. Inside of a row constructor MySQL compares such a column
// with a number as text, and MariaDB finds no text of it by the index.
func (l *KeyList) In(keys []table.Texts, maxText int) (sql string, n int, err error) {
	begin, between, and := "("+l.names+") IN (", ", ", ", "
	if l.apart {
		begin, between, and = "(", " OR ", " AND "
	}
	var b strings.Builder
	b.WriteString(begin)
	for n < len(keys) && (n == 0 || b.Len() < maxText) {
		if len(keys[n]) != len(l.columns) {
			return "", 0, fmt.Errorf("%w: %d values, and %d columns", errBadKey, len(keys[n]), len(l.columns))
		}
		if n > 0 {
			b.WriteString(between)
		}
		b.WriteByte('(')
		for i, c := range l.columns {
			if i > 0 {
				b.WriteString(and)
			}
			if l.apart {
				b.WriteString(c.name + " = ")
			}
			lit, err := c.literal(keys[n][c.place])
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
