package mapping

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mapping/sqlexpr"
	"github.com/tablehaul/tablehaul/internal/mask"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/table"
)

// AsRead is the table.Column.MadeBy of a column whose values are those of a column that the source stores: its type
// says all of them.
const AsRead = "="

// Own is the column of the source whose values c, a column of the mapped source, has or shows by a mask. It is nil for
// an added column, and for a mask that shows nothing of them.
func (s *Settings) Own(source *schema.Table, c *schema.Column) *schema.Column {
	if _, added := s.added(c.Name); added {
		return nil
	}
	from := source.Column(c.SourceName())
	if from == nil || s.maskOf(from) == mask.Null || s.maskOf(from) == mask.Empty {
		return nil
	}
	return from
}

// added is the expression of an added column.
func (s *Settings) added(name string) (expression string, ok bool) {
	if s == nil {
		return "", false
	}
	return valueOf(s.Add, name)
}

// maskOf is the mask of a column of the source; "" for none.
func (s *Settings) maskOf(from *schema.Column) string {
	if s == nil {
		return ""
	}
	word, _ := valueOf(s.Mask, from.Name)
	return word
}

// withMadeBy is t, which the settings have made of a source, with MadeBy of each column. A filter decides which rows
// there are: what it reads counts for the first column of the key.
func (s *Settings) withMadeBy(t, source *schema.Table) *schema.Table {
	out := *t
	out.Columns = slices.Clone(t.Columns)
	for i := range out.Columns {
		c, m := &out.Columns[i], making{source: source}
		m.column(s, c)
		if len(t.PrimaryKey) > 0 && table.SameColumn(c.Name, t.PrimaryKey[0]) {
			m.reads(t.Filter)
		}
		c.MadeBy = m.digest()
	}
	return &out
}

// making collects what the values of one column are made by.
type making struct {
	source *schema.Table
	parts  []string
	// seen are the columns of the source that are among the parts.
	seen []string
}

func (m *making) digest() string {
	if len(m.parts) == 0 {
		return AsRead
	}
	sum := sha256.Sum256([]byte(strings.Join(m.parts, "\x00")))
	return hex.EncodeToString(sum[:8])
}

// column adds what decides the values of a column of the mapped source, beside the type of its own column there.
func (m *making) column(s *Settings, c *schema.Column) {
	if expression, ok := s.added(c.Name); ok {
		m.reads(expression)
		return
	}
	from := m.source.Column(c.SourceName())
	if from == nil || s.maskOf(from) == mask.Null {
		return
	}
	m.computed(from)
	switch s.maskOf(from) {
	case mask.HMAC:
		m.parts = append(m.parts, printed(from))
	case mask.DateShift:
		for _, name := range m.source.PrimaryKey {
			if key := m.source.Column(name); key != nil {
				m.parts = append(m.parts, printed(key))
				m.computed(key)
			}
		}
	}
}

// computed adds the expression of a column that the source computes.
func (m *making) computed(c *schema.Column) {
	if c.Expression == "" || c.IsPeriod() {
		return
	}
	m.parts = append(m.parts, "AS "+sqlexpr.Rename(c.Expression, table.FoldColumn))
	m.reads(c.Expression)
}

// reads adds the columns that an expression of the source reads.
func (m *making) reads(expression string) {
	for _, name := range sqlexpr.Names(expression) {
		c := m.source.Column(name)
		if c == nil || table.HasColumn(m.seen, name) {
			continue
		}
		m.seen = append(m.seen, name)
		m.parts = append(m.parts, table.FoldColumn(name)+" "+compared(c))
		m.computed(c)
	}
}

// printed is as much of a column's type as decides the text that the worker reads of a value. It stays where a column
// takes more values, as BIGINT after INT or a longer VARCHAR.
func printed(c *schema.Column) string {
	switch c.Kind {
	case table.KindInt, table.KindUint, table.KindDecimal: // without the zeros of ZEROFILL
		return fmt.Sprintf("number %d", c.Scale)
	case table.KindString, table.KindEnum, table.KindSet:
		if c.RawCharset {
			return "bytes of " + c.Charset
		}
		return "text"
	case table.KindBytes:
		return "bytes"
	default:
		return strings.ToLower(c.Type)
	}
}

// compared is as much of a column's type as decides what expressions of the source make of a value.
func compared(c *schema.Column) string {
	text, sqlType := printed(c), strings.ToLower(c.Type)
	if c.Collation != "" {
		text += " " + c.Collation
	}
	// Zeros in front of a number and behind bytes are part of a value there.
	if strings.Contains(sqlType, "zerofill") || strings.HasPrefix(sqlType, "binary") {
		text += " " + sqlType
	}
	return text
}
