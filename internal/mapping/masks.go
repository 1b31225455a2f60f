package mapping

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mask"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// checkMasks refuses masks that cannot be, and those under which two rows would look like one, or have no order.
func (a *application) checkMasks() {
	for _, m := range a.settings.Mask {
		path := "columns.mask." + m.Column + ": "
		c := a.source.Column(m.Column)
		switch {
		case c == nil:
			a.known("mask", m.Column)
		case !a.settings.travels(c.Name):
			a.refuse(c.Name, path+"the column does not travel", "take the mask or the exclude away")
		case a.cursor != "" && table.SameColumn(c.Name, a.cursor):
			a.refuse(c.Name, path+"the cursor cannot have a mask: rows could not be ordered", "take the mask away")
		case table.HasColumn(a.source.PrimaryKey, c.Name):
			a.refuse(c.Name, path+"the column is part of the key: two rows could become one", "take the mask away")
		case a.uniqueIndex(c.Name) != "":
			a.refuse(c.Name, path+fmt.Sprintf("the column is in the unique key %s: two rows could meet in it",
				a.uniqueIndex(c.Name)), "exclude the column, or take the mask away")
		case !mask.Known(m.Value):
			a.refuse(c.Name, path+fmt.Sprintf("%q is no mask", m.Value),
				"write one of "+strings.Join(mask.Words(), ", "))
		case !mask.Accepts(m.Value, c.Kind):
			a.refuse(c.Name, path+fmt.Sprintf("%s does not take the type %s", m.Value, c.Type),
				m.Value+" takes "+mask.Takes(m.Value))
		case mask.Keyed(m.Value) && a.settings.KeyFingerprint == "":
			a.refuse(c.Name, path+m.Value+" needs a key",
				"set maskKey: ${NAME}, and the variable NAME where workers run")
		}
	}
}

// uniqueIndex is a unique key that has a column; empty for none.
func (a *application) uniqueIndex(column string) string {
	for _, index := range a.source.Indexes {
		if index.Unique && schema.HasColumn(index.Columns, column) {
			return index.Name
		}
	}
	return ""
}

// masked is a column with its mask; false where it has none, or one that is refused.
func (a *application) masked(c schema.Column) (schema.Column, bool) {
	word, ok := valueOf(a.settings.Mask, c.Name)
	if !ok || !mask.Known(word) || !mask.Accepts(word, c.Kind) {
		return c, false
	}
	name := sqltext.Ident(c.Name)
	c.Default, c.OnUpdate, c.AutoIncrement = nil, "", false
	if c.IsComputed() {
		a.note(c.Name, fmt.Sprintf("column %s is computed, has a mask, and is a plain column on the target", c.Name),
			"")
		c.Generated, c.Expression, c.SourceExpression, c.Stored = false, "", "", false
	}
	zeros, _ := mask.Zeros(word)
	switch {
	case word == mask.Null:
		c.Expr, c.Nullable = "NULL", true
	case word == mask.Empty:
		nothing := "''"
		if strings.HasPrefix(strings.ToLower(c.Type), "binary") { // which is filled with zeros
			nothing = fmt.Sprintf("CAST('' AS BINARY(%d))", c.Length)
		}
		c.Expr = "IF(" + name + " IS NULL, NULL, " + nothing + ")"
	case word == mask.Stars, word == mask.Last4:
		c.Expr = starsSQL(c.Column, word)
	case word == mask.Year, word == mask.Month:
		c = beginning(c, name, word)
	case zeros > 0:
		c.Expr = fmt.Sprintf("TRUNCATE(%s, -%d)", name, zeros)
		switch c.Kind {
		case table.KindDecimal:
			c.Expr = fmt.Sprintf("CAST(%s AS DECIMAL(%d,%d))", c.Expr, c.Precision, c.Scale)
		case table.KindFloat: // which has fewer digits than a large multiple
			c.Kind, c.Type = table.KindDouble, "double"
		default:
		}
	case word == mask.HMAC:
		c = hashed(c, name)
	default:
		c.Mask = word
	}
	return c, true
}

// starsSQL replaces each character, or each but the last four of a text that has more of them. The result is in the
// column's own character set.
func starsSQL(c table.Column, word string) string {
	name, star := sqltext.Ident(c.Name), "'*'"
	if c.RawCharset {
		star = "CONVERT('*' USING " + c.Charset + ")"
	}
	stars := func(n string) string { return "REPEAT(" + star + ", " + n + ")" }
	length := "CHAR_LENGTH(" + name + ")"
	if word == mask.Stars {
		return stars(length)
	}
	return fmt.Sprintf("IF(%[2]s <= 4, %[3]s, CONCAT(%[4]s, RIGHT(%[1]s, 4)))", name, length, stars(length),
		stars(length+" - 4"))
}

// beginning is the first day of a date's year or month, at midnight. A TIMESTAMP becomes a DATETIME in UTC: the
// first day of 1970 is none of its values. A date of the year 0 becomes the zero date.
func beginning(c schema.Column, name, word string) schema.Column {
	day := fmt.Sprintf("LPAD(YEAR(%s), 4, '0'), ", name)
	if word == mask.Month {
		// A month of 0, as in 2024-00-00, is in no month of the calendar.
		day += fmt.Sprintf("'-', LPAD(GREATEST(MONTH(%s), 1), 2, '0'), '-01'", name)
	} else {
		day += "'-01-01'"
	}
	clock := ""
	if c.Kind != table.KindDate {
		clock = " 00:00:00"
		if c.Precision > 0 {
			clock += "." + strings.Repeat("0", c.Precision)
		}
	}
	if c.Kind == table.KindTimestamp {
		c.Kind, c.Type = table.KindDateTime, strings.Replace(strings.ToLower(c.Type), "timestamp", "datetime", 1)
	}
	c.Expr = fmt.Sprintf("CASE WHEN %[1]s IS NULL THEN NULL WHEN YEAR(%[1]s) = 0 THEN '0000-00-00%[2]s' ELSE "+
		"CONCAT(%[3]s, '%[2]s') END", name, clock, day)
	return c
}

// hashed is a column of keyed digests: the worker reads the value's text, and replaces it.
func hashed(c schema.Column, name string) schema.Column {
	out := schema.Column{Comment: c.Comment}
	out.Column = table.Column{
		Name: c.Name, From: c.From, Nullable: c.Nullable, Invisible: c.Invisible, Mask: mask.HMAC,
		Type: fmt.Sprintf("char(%d)", mask.HexLength), Kind: table.KindString, Length: mask.HexLength,
		Charset: "utf8mb4", Collation: "utf8mb4_bin",
	}
	switch {
	case c.RawCharset:
		out.Expr = "CAST(" + name + " AS BINARY)"
	case strings.Contains(strings.ToLower(c.Type), "zerofill"):
		out.Expr = name + " + 0"
	case slices.Contains([]table.Kind{table.KindEnum, table.KindUUID, table.KindInet}, c.Kind):
		out.Expr = "CAST(" + name + " AS CHAR)"
	}
	return out
}
