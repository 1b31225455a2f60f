package target

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// index is an index's definition; false where the target cannot have it.
func (d *ddl) index(index *schema.Index) (string, bool) {
	skip := func(why string) (string, bool) {
		level := table.LevelInfo
		if index.Unique {
			level = table.LevelWarn
		}
		d.addFinding(level, "", fmt.Sprintf("index %s is not created on the target: %s", index.Name, why), "")
		return "", false
	}
	kind := "KEY"
	switch {
	case index.SourceOnly && index.Name == d.source.KeyName():
		return "", false // refused by the mapping
	case index.SourceOnly:
		return skip("it has a column that the target does not get")
	case index.Name == "PRIMARY":
		kind = "PRIMARY KEY"
	case index.Type == "FULLTEXT" || index.Type == "SPATIAL":
		kind = index.Type + " KEY"
	case index.Type == "VECTOR":
		return skip("vector indexes are not supported")
	case index.Type == "HASH" && d.to.Flavor != mysqldb.FlavorMariaDB:
		return skip("the server has no unique keys over long columns")
	case index.Unique:
		kind = "UNIQUE KEY"
	}
	parts := make([]string, len(index.Columns))
	for i, part := range index.Columns {
		if part.Expression != "" && (d.to.Flavor == mysqldb.FlavorMariaDB || !d.to.AtLeast(8, 0, 13)) {
			return skip("the server has no functional indexes")
		}
		c := d.source.Column(part.Column)
		if part.Column != "" && c == nil || c != nil && c.Generated && c.IsPeriod() {
			return skip("it has a column that the target does not get")
		}
		parts[i] = indexPart(part)
	}
	if slices.Contains(d.refusedIndexes, index.Name) {
		return skip(fmt.Sprintf("%s does not take its expression for all rows", d.to))
	}
	if index.Type == "FULLTEXT" && !d.oneCollation(index) {
		return skip("its columns have different collations there")
	}
	if kind != "PRIMARY KEY" {
		kind += " " + sqltext.Ident(index.Name)
	}
	out := kind + " (" + strings.Join(parts, ", ") + ")"
	if index.Comment != "" {
		out += " COMMENT " + schema.TextLiteral(index.Comment)
	}
	if index.Invisible {
		switch {
		case d.to.Flavor == mysqldb.FlavorMariaDB && d.to.AtLeast(10, 6, 0):
			out += " IGNORED"
		case d.to.Flavor == mysqldb.FlavorMySQL && d.to.AtLeast(8, 0, 0):
			out += " INVISIBLE"
		}
	}
	return out, true
}

// oneCollation reports whether an index's columns have the same collation on the target, as a
// FULLTEXT index wants it: columns of keys may get a stricter one there.
func (d *ddl) oneCollation(index *schema.Index) bool {
	seen := map[string]bool{}
	for _, part := range index.Columns {
		c := d.source.Column(part.Column)
		if c == nil {
			return false
		}
		key := d.keys[table.FoldColumn(c.Name)] && c.Kind == table.KindString
		t, err := d.collations.translate(c.Charset, c.Collation, key, c.RawCharset)
		if err != nil {
			return false
		}
		seen[t.collation] = true
	}
	return len(seen) == 1
}

func indexPart(part schema.IndexColumn) string {
	text := sqltext.Ident(part.Column)
	if part.Expression != "" {
		text = "(" + part.Expression + ")"
	}
	if part.Prefix > 0 {
		text += fmt.Sprintf("(%d)", part.Prefix)
	}
	if part.Desc {
		text += " DESC"
	}
	return text
}
