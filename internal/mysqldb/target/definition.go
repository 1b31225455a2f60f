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

// column is a column's definition; false where the target cannot have it. A column that is
// added to a table with rows is nullable unless every old row gets the source's own value.
func (d *ddl) column(c *schema.Column, added bool) (string, bool) {
	if c.Generated && c.IsPeriod() {
		d.addFinding(table.LevelInfo, c.Name, "a system versioning column is not created on the target", "")
		return "", false
	}
	c = asDeclared(c)
	sqlType, changed := targetType(c, d.from, d.to)
	if d.becomesDateTime(c) {
		sqlType = strings.Replace(strings.ToLower(c.Type), "timestamp", "datetime", 1)
		d.addFinding(table.LevelInfo, c.Name, fmt.Sprintf("%s becomes %s on the target, in UTC: the target's "+
			"TIMESTAMP ends in 2038", c.Type, sqlType), "")
	}
	parts := []string{sqltext.Ident(c.Name), sqlType}
	if changed {
		d.addFinding(table.LevelInfo, c.Name, fmt.Sprintf("%s becomes %s on the target", c.Type, sqlType), "")
	}
	if text, ok := d.charset(c, changed); !ok {
		return "", false
	} else if text != "" {
		parts = append(parts, text)
	}
	parts = append(parts, d.srid(c)...)
	switch {
	case d.isCarried(c):
		parts = append(parts, d.carriedPlain(c, added)...)
	case c.Generated:
		parts = append(parts, d.generated(c)...)
	default:
		parts = append(parts, d.plain(c, added)...)
	}
	if c.Comment != "" {
		parts = append(parts, "COMMENT "+schema.TextLiteral(c.Comment))
	}
	return strings.Join(parts, " "), true
}

// asDeclared is a column with the type that the settings give it on the target.
func asDeclared(c *schema.Column) *schema.Column {
	if c.As == nil || c.Generated {
		return c
	}
	out := *c
	out.Column = *c.As
	out.Name, out.Nullable, out.Invisible, out.AutoIncrement = c.Name, c.Nullable, c.Invisible, c.AutoIncrement
	out.Default, out.SRID = nil, nil // the default is of the source's type
	return &out
}

// checkDeclared refuses types that do not hold every value of their column.
func (c *comparison) checkDeclared() {
	for i := range c.source.Columns {
		from := &c.source.Columns[i]
		if from.As == nil {
			continue
		}
		to := &schema.Column{Column: *from.As}
		if why := misfit(from, to); why != "" {
			f := c.addFinding(table.LevelRefuse, from.Name, fmt.Sprintf("is %s at the source and %s by columns.type: "+
				"%s", describeType(from), describeType(to), why), "choose a type that holds every value")
			f.Topic = table.TopicMapping
		}
	}
}

func (d *ddl) charset(c *schema.Column, changed bool) (string, bool) {
	cs, co := c.Charset, c.Collation
	switch c.Kind {
	case table.KindString, table.KindEnum, table.KindSet:
	case table.KindUUID, table.KindInet, table.KindJSON:
		if !changed {
			return "", true
		}
		cs, co = textType(c)
	default:
		return "", true
	}
	if cs == "" {
		// MySQL's information schema names no character set for ENUM and SET of binary.
		cs, co = "binary", "binary"
	}
	if c.HiddenMembers {
		d.addFinding(table.LevelRefuse, c.Name, "has a member with a '?', which is also how the server shows "+
			"characters that it cannot name (emoji among them)",
			"create the target table by hand, with this column's members as the source has them")
		return "", false
	}
	key := d.keys[table.FoldColumn(c.Name)] && c.Kind == table.KindString
	t, err := d.collations.translate(cs, co, key, c.RawCharset)
	if err != nil {
		d.addFinding(table.LevelRefuse, c.Name, fmt.Sprintf("the target server does not have character set %s", cs),
			"convert the column to utf8mb4 at the source, or leave it out")
		return "", false
	}
	switch {
	case t.changed && key && !mayMerge(c, t.collation): // of the others checkCreatedKeys tells
		d.addFinding(table.LevelWarn, c.Name, fmt.Sprintf("collation %s becomes %s on the target, so that no two keys "+
			"are taken for one; a key that changes only in what the old collation ignores arrives as another row", co,
			t.collation), "").Topic = table.TopicCollation
	case t.changed:
		d.addFinding(table.LevelInfo, c.Name, fmt.Sprintf("collation %s becomes %s on the target", co, t.collation),
			"").Topic = table.TopicCollation
	}
	return "CHARACTER SET " + t.charset + " COLLATE " + t.collation, true
}

func (d *ddl) srid(c *schema.Column) []string {
	switch {
	case c.Kind != table.KindGeometry || c.SRID == nil:
		return nil
	case d.to.Flavor == mysqldb.FlavorMariaDB:
		return []string{fmt.Sprintf("REF_SYSTEM_ID=%d", *c.SRID)}
	case d.to.AtLeast(8, 0, 3) && (*c.SRID != 0 || d.from.Flavor == mysqldb.FlavorMySQL):
		return []string{fmt.Sprintf("SRID %d", *c.SRID)} // MariaDB says 0 where nothing was declared
	}
	return nil
}

func (d *ddl) generated(c *schema.Column) []string {
	parts := []string{"GENERATED ALWAYS AS (" + expressionFor(d.to, c.Expression) + ")", "VIRTUAL"}
	if c.Stored {
		parts[1] = "STORED"
	}
	if d.from.Flavor != d.to.Flavor {
		d.addFinding(table.LevelInfo, c.Name,
			fmt.Sprintf("its expression comes from %s and is computed by %s", d.from, d.to), "")
	}
	if !c.Nullable && d.to.Flavor == mysqldb.FlavorMySQL {
		parts = append(parts, "NOT NULL") // MariaDB's grammar has no such clause here
	}
	return append(parts, d.invisible(c, false)...)
}

func (d *ddl) plain(c *schema.Column, added bool) []string {
	def := d.defaultOf(c)
	nullable := c.Nullable
	switch {
	case added && !d.noRows:
		nullable, def = d.forOldRows(c, def)
	case added && isExpressionDefault(c) && def != "" && d.to.Flavor == mysqldb.FlavorMySQL:
		// An ALTER refuses functions that may differ on a replica, whether there are rows or not.
		d.addFinding(table.LevelInfo, c.Name, "its default is not created on the target: "+def, "")
		def = ""
	}
	parts := []string{"NOT NULL"}
	if nullable {
		parts[0] = "NULL" // said, because a bare TIMESTAMP may mean NOT NULL
	}
	if def == "" && !nullable && c.Kind == table.KindTimestamp {
		// Without a DEFAULT, a server with explicit_defaults_for_timestamp=OFF adds ON UPDATE by itself.
		def = fmt.Sprintf("CURRENT_TIMESTAMP(%d)", c.Precision)
	}
	if def != "" {
		parts = append(parts, "DEFAULT "+def)
	}
	// The source's ON UPDATE is left out: the target's columns hold the source's values, and an UPDATE of another
	// column on the target must not change them. In the cursor it would make the row newer than the source's for ever.
	counts := c.AutoIncrement && !added && d.mayCount(c)
	if counts {
		parts = append(parts, "AUTO_INCREMENT")
	}
	return append(parts, d.invisible(c, !nullable && def == "" && !counts)...)
}

// mayCount reports whether a column can be AUTO_INCREMENT in InnoDB, which wants an index that
// begins with it. MyISAM and Aria count within a group as well.
func (d *ddl) mayCount(c *schema.Column) bool {
	for _, index := range d.source.Indexes {
		if !index.SourceOnly && len(index.Columns) > 0 && strings.EqualFold(index.Columns[0].Column, c.Name) {
			return true
		}
	}
	d.addFinding(table.LevelInfo, c.Name, "is created without AUTO_INCREMENT, for which InnoDB wants an index that "+
		"begins with it", "")
	return false
}

func (d *ddl) invisible(c *schema.Column, needsDefault bool) []string {
	if !c.Invisible {
		return nil
	}
	if !hasInvisible(d.to) || (needsDefault && d.to.Flavor == mysqldb.FlavorMariaDB) {
		d.addFinding(table.LevelInfo, c.Name, "is visible on the target, which cannot hide it", "")
		return nil
	}
	return []string{"INVISIBLE"}
}

// defaultOf is the DEFAULT's SQL for the target, or "".
func (d *ddl) defaultOf(c *schema.Column) string {
	if c.Default == nil {
		return ""
	}
	def := *c.Default
	expression := strings.HasPrefix(def, "(")
	switch {
	case expression && !hasExpressionDefaults(d.to),
		strings.Contains(strings.ToLower(def), "nextval("),
		c.Kind == table.KindGeometry && d.to.Flavor != d.from.Flavor, d.becomesDateTime(c):
		d.addFinding(table.LevelInfo, c.Name, "its default is not created on the target", "")
		return ""
	}
	if slices.Contains(d.uncomputable, c.Name) {
		d.addFinding(table.LevelInfo, c.Name,
			fmt.Sprintf("its default is not created on the target, since %s cannot compute it: %s", d.to, def), "")
		return ""
	}
	if expression {
		return expressionFor(d.to, def)
	}
	return def
}
