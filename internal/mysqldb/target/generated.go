package target

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// A generated column of the source is one of the target, too, where the target computes the same
// from the same values: real rows of the source are tried in a temporary table of the target. It is
// carried as a plain column otherwise, and gets the source's values like any other.

// tryGenerated decides about the named generated columns.
func (d *ddl) tryGenerated(ctx context.Context, src mysqldb.Reader, dst *mysqldb.DB, name table.Name,
	named func(*schema.Column) bool,
) error {
	for i := range d.source.Columns {
		c := &d.source.Columns[i]
		if !c.Generated || c.IsPeriod() || !named(c) {
			continue
		}
		if why := d.dependsOnSession(c); why != "" {
			d.carryPlain(c, why)
			continue
		}
		t, err := d.openTrial(ctx, dst, name)
		if err != nil {
			return err
		}
		if err := d.tryColumn(ctx, src, t, c); err != nil {
			return err
		}
	}
	return nil
}

func (d *ddl) carryPlain(c *schema.Column, why string) {
	d.carried = append(d.carried, c.Name)
	d.addFinding(table.LevelInfo, c.Name, "is generated at the source and a plain column on the target, which gets "+
		"the source's values: "+why, "").Topic = table.TopicGenerated
}

// isCarried reports whether a generated column is created as a plain one.
func (d *ddl) isCarried(c *schema.Column) bool {
	return c.Generated && slices.Contains(d.carried, c.Name)
}

// carriedPlain is the definition's end of a generated column that is carried.
func (d *ddl) carriedPlain(c *schema.Column, added bool) []string {
	if added && !d.noRows {
		d.addFinding(table.LevelWarn, c.Name, "is added as a plain column: rows already on the target hold NULL in it "+
			"until they change", d.fillRemedy(c.Name))
	}
	return append([]string{"NULL"}, d.invisible(c, false)...)
}

// sessionFunctions have results that depend on a session's zone, language or mode.
var sessionFunctions = regexp.MustCompile(
	`(?i)\b(from_unixtime|unix_timestamp|convert_tz|date_format|dayname|monthname|format|str_to_date|week)\s*\(`)

// dependsOnSession says why a stored value may be another one than any session of ours computes,
// or "". A virtual column is computed by each session that reads it, on either side.
func (d *ddl) dependsOnSession(c *schema.Column) string {
	if !c.Stored {
		return ""
	}
	code := withoutTexts(c.Expression)
	if m := sessionFunctions.FindStringSubmatch(code); m != nil {
		return "what " + strings.ToLower(m[1]) + "() gives depends on the session that writes"
	}
	for i := range d.source.Columns {
		if base := &d.source.Columns[i]; base.Kind == table.KindTimestamp && refersTo(code, base) {
			return "it depends on the time zone of the session that writes, as " + base.Name + " is a TIMESTAMP"
		}
	}
	return ""
}

// withoutTexts is an expression without its string literals, but with its names.
func withoutTexts(expression string) string {
	var b strings.Builder
	for piece, isText := range pieces(expression) {
		if isText {
			piece = "''"
		}
		b.WriteString(piece)
	}
	return b.String()
}

// refersTo reports whether an expression without texts has a column's name; servers quote names.
func refersTo(code string, c *schema.Column) bool {
	return strings.Contains(strings.ToLower(code), strings.ToLower(sqltext.Ident(c.Name)))
}

// tryColumn lets the target compute one generated column for rows of the source.
func (d *ddl) tryColumn(ctx context.Context, src mysqldb.Reader, t *trial, c *schema.Column) error {
	code := withoutTexts(c.Expression)
	var base []*schema.Column
	for i := range d.source.Columns {
		if b := &d.source.Columns[i]; b.Name != c.Name && !b.IsPeriod() && refersTo(code, b) {
			base = append(base, b)
		}
	}
	rows, trouble, err := d.sample(ctx, src, c, base)
	switch {
	case err != nil:
		return err
	case trouble != 0 && !c.Stored:
		d.addFinding(table.LevelRefuse, c.Name, fmt.Sprintf("is a virtual column that the source cannot compute for "+
			"all rows (error %d): what it holds depends on the session that reads", trouble),
			"make it STORED at the source, or its expression one that every session can compute (CAST the operands of "+
				"an unsigned subtraction AS SIGNED)").Topic = table.TopicGenerated
		return nil
	case trouble != 0:
		d.carryPlain(c, fmt.Sprintf("sessions compute its expression differently (error %d)", trouble))
		return nil
	case rows.Len() == 0:
		d.carryPlain(c, "there is no row to try its expression on")
		return nil
	}
	why, err := d.compute(ctx, t, c, base, rows)
	if err != nil {
		return err
	}
	if why != "" {
		d.carryPlain(c, why)
	}
	return nil
}

// compute says why the target does not compute a column as the source does, or "".
func (d *ddl) compute(ctx context.Context, t *trial, c *schema.Column, base []*schema.Column, rows *table.Rows) (string,
	error,
) {
	noted := d.findings // the real statement notes it again
	defer func() { d.findings = noted }()
	columns := append(d.definitions(base), strings.Join(append([]string{d.definition(c)}, d.generated(c)...), " "))
	if !c.Stored { // an index stores it
		if part, ok := indexedPart(d.source, c); ok {
			columns = append(columns, "KEY ("+indexPart(part)+")")
		}
	}
	return t.computes(ctx, columns, d.onTarget(c), base, d.onTargetAll(base), rows)
}

// definition is a column's name, type and character set on the target.
func (d *ddl) definition(c *schema.Column) string {
	sqlType, changed := targetType(c, d.from, d.to)
	if d.becomesDateTime(c) {
		sqlType = strings.Replace(strings.ToLower(c.Type), "timestamp", "datetime", 1)
	}
	parts := []string{sqltext.Ident(c.Name), sqlType}
	if text, ok := d.charset(c, changed); ok && text != "" {
		parts = append(parts, text)
	}
	return strings.Join(append(parts, d.srid(c)...), " ")
}

// onTarget is what a column is on the target, as far as its values are concerned.
func (d *ddl) onTarget(c *schema.Column) table.Column {
	out := c.Column
	if _, changed := targetType(c, d.from, d.to); changed {
		switch c.Kind {
		case table.KindJSON, table.KindUUID, table.KindInet:
			out.Kind, out.Charset = table.KindString, "utf8mb4"
		default:
		}
	}
	return out
}

func (d *ddl) onTargetAll(columns []*schema.Column) []table.Column {
	out := make([]table.Column, len(columns))
	for i, c := range columns {
		out[i] = d.onTarget(c)
	}
	return out
}

// indexedPart is the part of an index that a column is.
func indexedPart(t *schema.Table, c *schema.Column) (schema.IndexColumn, bool) {
	for _, index := range t.Indexes {
		for _, part := range index.Columns {
			if strings.EqualFold(part.Column, c.Name) && index.Type != "FULLTEXT" && index.Type != "SPATIAL" {
				return part, true
			}
		}
	}
	return schema.IndexColumn{}, false
}

// tryIndexes lets the target take rows of the source under each index of an expression, which it
// computes for every row that is written.
func (d *ddl) tryIndexes(ctx context.Context, src mysqldb.Reader, t *trial) error {
	if d.to.Flavor != mysqldb.FlavorMySQL {
		return nil // it gets none
	}
	for i := range d.source.Indexes {
		index := &d.source.Indexes[i]
		if index.SourceOnly {
			continue
		}
		var parts []string
		var base []*schema.Column
		for _, part := range index.Columns {
			if part.Expression == "" {
				continue
			}
			parts = append(parts, indexPart(part))
			code := withoutTexts(part.Expression)
			for n := range d.source.Columns {
				if b := &d.source.Columns[n]; !b.IsPeriod() && refersTo(code, b) && !slices.Contains(base, b) {
					base = append(base, b)
				}
			}
		}
		if len(parts) == 0 {
			continue
		}
		rows, _, err := d.readSample(ctx, src, base, "")
		if err != nil {
			return err
		}
		if rows == nil || rows.Len() == 0 {
			continue
		}
		why, err := t.accepts(ctx, append(d.definitions(base), "KEY ("+strings.Join(parts, ", ")+")"), base,
			d.onTargetAll(base), rows)
		if err != nil {
			return err
		}
		if why != "" {
			d.refusedIndexes = append(d.refusedIndexes, index.Name)
		}
	}
	return nil
}

// definitions are nullable columns of the target, for a trial.
func (d *ddl) definitions(columns []*schema.Column) []string {
	noted := d.findings // the real statement notes it again
	defer func() { d.findings = noted }()
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = d.definition(c) + " NULL"
	}
	return out
}
