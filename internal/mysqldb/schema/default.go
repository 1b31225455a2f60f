package schema

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// defaultSQL is a column's DEFAULT as SQL that can be written down as it is.
//
// MySQL gives the bare value, and marks expressions in EXTRA; MariaDB gives SQL, and does
// not say which of it is an expression, which other servers want in parentheses.
func (i introspection) defaultSQL(c *Column, r Record) *string {
	d := r["COLUMN_DEFAULT"]
	if !d.Valid || c.Generated {
		return nil
	}
	var text string
	switch {
	case i.server.Flavor == mysqldb.FlavorMariaDB && strings.EqualFold(d.String, "NULL"):
		return nil
	case i.server.Flavor == mysqldb.FlavorMariaDB && IsLiteral(d.String) && !isLob(r), IsCurrentTimestamp(c, d.String):
		text = d.String
	case i.server.Flavor == mysqldb.FlavorMariaDB:
		text = "(" + d.String + ")"
	case strings.Contains(strings.ToUpper(r.Text("EXTRA")), "DEFAULT_GENERATED"):
		text = "(" + unescapeExpression(d.String) + ")"
	default:
		text = mysqlLiteral(c.Kind, d.String)
	}
	return &text
}

// isLob reports the types whose default MySQL accepts only as an expression.
func isLob(r Record) bool {
	t := r.Text("DATA_TYPE")
	return strings.HasSuffix(t, "text") || strings.HasSuffix(t, "blob")
}

// mysqlLiteral writes MySQL's bare default value as SQL.
func mysqlLiteral(kind table.Kind, value string) string {
	switch kind {
	case table.KindInt, table.KindUint, table.KindDecimal, table.KindFloat, table.KindDouble, table.KindYear,
		table.KindBit:
		return value
	case table.KindBytes:
		if strings.HasPrefix(value, "0x") && len(value) > 2 {
			return value
		}
		if value == "0x" {
			return "''"
		}
	default:
	}
	return TextLiteral(value)
}

// TextLiteral quotes a text for DDL, in a session without NO_BACKSLASH_ESCAPES.
func TextLiteral(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", "''", "\x00", `\0`).Replace(s) + "'"
}

var literal = regexp.MustCompile(`(?is)^(-?[0-9.]+(e[-+]?[0-9]+)?|[bx]?'([^'\\]|''|\\.)*'|0x[0-9a-fA-F]+)$`)

// IsLiteral reports whether MariaDB's default is one literal and not an expression.
func IsLiteral(d string) bool { return literal.MatchString(d) }

// IsCurrentTimestamp reports the one default that needs no parentheses anywhere.
func IsCurrentTimestamp(c *Column, d string) bool {
	temporal := c.Kind == table.KindDateTime || c.Kind == table.KindTimestamp
	return temporal && currentTimestamp.MatchString(d)
}

var currentTimestamp = regexp.MustCompile(`(?i)^current_timestamp(\([0-6]?\))?$`)

var onUpdateClause = regexp.MustCompile(`(?i)on update (current_timestamp(\([0-6]?\))?)`)

// onUpdate finds the ON UPDATE expression in EXTRA; both servers write it there.
func onUpdate(extra string) string {
	m := onUpdateClause.FindStringSubmatch(extra)
	if m == nil {
		return ""
	}
	return m[1]
}

// unescapeExpression undoes what MySQL's information schema does to expressions, and to nothing else: it escapes them,
// concat(_utf8mb4\'a\') for concat(_utf8mb4'a'), and encodes them in UTF-8 twice.
func unescapeExpression(s string) string {
	s = decodedOnce(s)
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
			b.WriteByte(sqltext.UnescapeByte(s[i]))
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// decodedOnce gives back a text whose UTF-8 bytes were taken for characters and encoded again. Any other text comes
// back as it is: its characters, taken for bytes, hardly ever are UTF-8.
func decodedOnce(s string) string {
	once := make([]byte, 0, len(s))
	twice := false
	for _, r := range s {
		if r > 0xff {
			return s
		}
		twice = twice || r >= 0x80
		once = append(once, byte(r))
	}
	if !twice || !utf8.Valid(once) {
		return s
	}
	return string(once)
}
