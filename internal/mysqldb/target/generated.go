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
func (d *ddl) tryGenerated(ctx context.Context, src mysqldb.Reader, dst *mysqldb.DB, name table.Name, named func(*schema.Column) bool) error {
	for i := range d.source.Columns {
		c := &d.source.Columns[i]
		if !c.Generated || c.IsPeriod() || !named(c) {
			continue
		}
		if why := d.dependsOnSession(c); why != "" {
			d.carryPlain(c, why)
			continue
		}
		t, err := d.trialOn(ctx, dst, name)
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
	d.note(table.LevelInfo, c.Name, "is generated at the source and a plain column on the target, which gets the source's values: "+why, "").Topic = table.TopicGenerated
}

// isCarried reports whether a generated column is created as a plain one.
func (d *ddl) isCarried(c *schema.Column) bool {
	return c.Generated && slices.Contains(d.carried, c.Name)
}

// carriedPlain is the definition's end of a generated column that is carried.
func (d *ddl) carriedPlain(c *schema.Column, added bool) []string {
	if added && !d.noRows {
		d.note(table.LevelWarn, c.Name, "is added as a plain column: rows already on the target hold NULL in it until they change", "tablehaul run TABLE --full fills it")
	}
	return append([]string{"NULL"}, d.invisible(c, false)...)
}

// sessionFunctions have results that depend on a session's zone, language or mode.
var sessionFunctions = regexp.MustCompile(`(?i)\b(from_unixtime|unix_timestamp|convert_tz|date_format|dayname|monthname|format|str_to_date|week)\s*\(`)

// dependsOnSession says why a stored value may be another one than any session of ours computes,
// or "". A virtual column is computed by whoever reads it, on either side.
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

// withoutTexts is an expression without what stands in quotes, but with its names.
func withoutTexts(expression string) string {
	var b strings.Builder
	for i := 0; i < len(expression); {
		end := i + 1
		switch expression[i] {
		case '\'', '"':
			end = quoteEnd(expression, i)
			b.WriteString("''")
		case '`':
			end = quoteEnd(expression, i)
			b.WriteString(expression[i:end])
		default:
			b.WriteByte(expression[i])
		}
		i = end
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
		d.note(table.LevelRefuse, c.Name, fmt.Sprintf("is a virtual column that the source cannot compute for all rows (error %d): what it holds depends on the session that reads", trouble),
			"make it STORED at the source, or its expression one that every session can compute (CAST the operands of an unsigned subtraction AS SIGNED)").Topic = table.TopicGenerated
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
func (d *ddl) compute(ctx context.Context, t *trial, c *schema.Column, base []*schema.Column, rows *table.Rows) (string, error) {
	noted := d.found // the real statement notes it again
	defer func() { d.found = noted }()
	columns := append(d.bareAll(base), strings.Join(append([]string{d.bare(c)}, d.generated(c)...), " "))
	if !c.Stored { // an index stores it
		if part, ok := indexedPart(d.source, c); ok {
			columns = append(columns, "KEY ("+indexPart(part)+")")
		}
	}
	return t.computes(ctx, columns, d.onTarget(c), base, d.onTargetAll(base), rows)
}

// bare is a column's name, type and character set on the target.
func (d *ddl) bare(c *schema.Column) string {
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
		why, err := t.takes(ctx, append(d.bareAll(base), "KEY ("+strings.Join(parts, ", ")+")"), base, d.onTargetAll(base), rows)
		if err != nil {
			return err
		}
		if why != "" {
			d.refusing = append(d.refusing, index.Name)
		}
	}
	return nil
}

// bareAll are nullable columns of the target, for a trial.
func (d *ddl) bareAll(columns []*schema.Column) []string {
	noted := d.found // the real statement notes it again
	defer func() { d.found = noted }()
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = d.bare(c) + " NULL"
	}
	return out
}

// compareGenerated compares a generated column of the source with the target's of that name. A plain
// one gets the source's values.
func compareGenerated(p *Diff, source *schema.Table, from, to *schema.Column) {
	switch {
	case from.IsPeriod():
		if !to.Generated {
			extraColumn(p, to, "is filled by the source's server, and a plain column on the target, which is not written")
		}
	case !to.Generated:
		p.note(table.LevelInfo, to.Name, "is generated at the source and a plain column on the target, which gets the source's values", "").Topic = table.TopicGenerated
		compareColumn(p, from, to)
		p.carryColumn(from.Name)
	default:
		if expressionKey(from) != expressionKey(to) {
			p.computed = append(p.computed, computed{from, to})
		}
		d := ddl{source: source}
		if why := d.dependsOnSession(from); why != "" {
			p.note(table.LevelWarn, to.Name, "is computed by the target, and may hold other values there: "+why,
				"make it a plain column on the target (ALTER TABLE … MODIFY), which gets the source's values, and run once with --full").Topic = table.TopicGenerated
		}
	}
}

// carryColumn adds a generated column of the source to those whose values travel.
func (p *Diff) carryColumn(name string) { p.carried = append(p.carried, name) }

// carry takes over what a builder found, and the generated columns that it makes plain.
func (p *Diff) carry(builder *ddl) {
	p.Findings = append(p.Findings, builder.found...)
	p.carried = append(p.carried, builder.carried...)
}

// computed is a generated column on both sides whose expressions read differently.
type computed struct{ from, to *schema.Column }

// expressionKey is equal for expressions that servers only print differently.
func expressionKey(c *schema.Column) string {
	expression := strings.ToLower(expressionFor(mysqldb.Server{Flavor: mysqldb.FlavorMariaDB}, c.Expression))
	return strings.NewReplacer(" ", "", "`", "", "(", "", ")", "").Replace(expression)
}

// tryComputed lets the target compute those generated columns that both sides have and whose
// expressions read differently, for the first and the last rows of the source. One that is altered
// at the source would otherwise hold what it held before.
func (d *ddl) tryComputed(ctx context.Context, src mysqldb.Reader, dst *mysqldb.DB, p *Diff, target *schema.Table) error {
	for _, c := range p.computed {
		if d.dependsOnSession(c.from) != "" {
			continue // warned of
		}
		t, err := d.trialOn(ctx, dst, p.Name)
		if err != nil {
			return err
		}
		if t.barred != "" && d.from.Flavor != d.to.Flavor {
			continue // kinds of servers print expressions differently
		}
		why, err := d.computesOnTarget(ctx, src, dst, t, c, target)
		if err != nil {
			return err
		}
		if why != "" {
			at := sqltext.Qualified(p.Name)
			p.note(table.LevelRefuse, c.to.Name, fmt.Sprintf("is generated on both sides, by expressions that read differently: %s", why),
				fmt.Sprintf("give it the source's expression on the target, or make it a plain column there, which gets the source's values: ALTER TABLE %s DROP COLUMN %s, ADD COLUMN %[2]s %s NULL; then run once with --full",
					at, sqltext.Ident(c.to.Name), c.from.Type)).Topic = table.TopicGenerated
		}
	}
	return nil
}

// computesOnTarget says why the target's own column does not hold what the source's does, or "".
func (d *ddl) computesOnTarget(ctx context.Context, src mysqldb.Reader, dst *mysqldb.DB, t *trial, c computed, target *schema.Table) (string, error) {
	var base, onTarget []*schema.Column
	code := withoutTexts(c.from.Expression) + withoutTexts(c.to.Expression)
	for i := range d.source.Columns {
		b := &d.source.Columns[i]
		if to := target.Column(b.Name); to != nil && to.Name != c.to.Name && !b.IsPeriod() && (refersTo(code, b) || refersTo(code, to)) {
			base, onTarget = append(base, b), append(onTarget, to)
		}
	}
	rows, trouble, err := d.readSample(ctx, src, append(base[:len(base):len(base)], c.from), "")
	if err != nil || trouble != 0 || rows.Len() == 0 {
		return "", err
	}
	own := newDDL(target, d.to, d.to, d.have)
	if err := own.readExact(ctx, dst, func(to *schema.Column) bool { return to.Name == c.to.Name }); err != nil {
		return "", err
	}
	exact := own.source.Column(c.to.Name)
	last := strings.Join(append([]string{own.bare(exact)}, own.generated(exact)...), " ")
	return t.computes(ctx, append(own.bareAll(onTarget), last), c.to.Column, base, own.onTargetAll(onTarget), rows)
}
