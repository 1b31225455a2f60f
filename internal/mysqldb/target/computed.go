package target

import (
	"context"
	"fmt"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// compareGenerated compares a generated column of the source with the target's of that name. A plain
// one gets the source's values.
func compareGenerated(p *Diff, source *schema.Table, from, to *schema.Column) {
	switch {
	case from.IsPeriod():
		if !to.Generated {
			extraColumn(p, to, "is filled by the source's server, and a plain column on the target, which is not "+
				"written")
		}
	case !to.Generated:
		p.addFinding(table.LevelInfo, to.Name, "is generated at the source and a plain column on the target, which "+
			"gets the source's values", "").Topic = table.TopicGenerated
		compareColumn(p, from, to)
		p.carryColumn(from.Name)
	default:
		p.compareComputedType(from, to)
		alike := expressionKey(from) == expressionKey(to)
		if !alike || from.Expression != to.Expression && p.from.Flavor == p.to.Flavor {
			p.computed = append(p.computed, computed{from, to, alike})
		}
		d := ddl{source: source}
		if why := d.dependsOnSession(from); why != "" {
			p.addFinding(table.LevelWarn, to.Name, "is computed by the target, and may hold other values there: "+why,
				"make it a plain column on the target (ALTER TABLE … MODIFY), which gets the source's values, and "+
					"run once with --full").Topic = table.TopicGenerated
		}
	}
}

// carryColumn adds a generated column of the source to those whose values travel.
func (p *Diff) carryColumn(name string) { p.carried = append(p.carried, name) }

// carry takes over what a builder found, and the generated columns that it makes plain.
func (p *Diff) carry(builder *ddl) {
	p.Findings = append(p.Findings, builder.findings...)
	p.carried = append(p.carried, builder.carried...)
}

// compareComputedType refuses a generated column of the target that would round what the source computes. Its server
// says nothing of that: neither of digits of a FLOAT nor, on MySQL, of fractions of a second.
func (p *Diff) compareComputedType(from, to *schema.Column) {
	switch from.Kind {
	case table.KindInt, table.KindUint, table.KindDecimal, table.KindFloat, table.KindDouble, table.KindDateTime,
		table.KindTimestamp, table.KindTime:
	default:
		return
	}
	if why := misfit(from, to); why != "" {
		p.addFinding(table.LevelRefuse, to.Name, fmt.Sprintf("is generated on both sides, is %s at the source and %s "+
			"on the target: %s", from.Type, to.Type, why), "give it the source's type on the target, or "+
			p.makePlain(from, to)).Topic = table.TopicGenerated
	}
}

// makePlain is how a person makes a generated column of the target one that gets the source's values.
func (p *Diff) makePlain(from, to *schema.Column) string {
	return fmt.Sprintf("make it a plain column there, which gets the source's values: ALTER TABLE %s DROP COLUMN %s, "+
		"ADD COLUMN %[2]s %s NULL; then run once with --full", sqltext.Qualified(p.Name), sqltext.Ident(to.Name),
		from.Type)
}

// computed is a generated column on both sides whose expressions read differently.
type computed struct {
	from, to *schema.Column
	// alike says that two servers may print one expression in these two ways.
	alike bool
}

// printedAlike leaves out what servers of two kinds print in different ways.
var printedAlike = strings.NewReplacer(" ", "", "`", "", "(", "", ")", "")

// expressionKey is equal for expressions that servers of two kinds may only print differently. Two of one kind print
// one expression in one way.
func expressionKey(c *schema.Column) string {
	expression := expressionFor(mysqldb.Server{Flavor: mysqldb.FlavorMariaDB}, c.Expression)
	var b strings.Builder
	for piece, isText := range pieces(expression) {
		if !isText {
			piece = printedAlike.Replace(strings.ToLower(piece))
		}
		b.WriteString(piece)
	}
	return b.String()
}

// tryComputed lets the target compute those generated columns that both sides have and whose
// expressions read differently, for the first and the last rows of the source. One that is altered
// at the source would otherwise hold what it held before.
func (d *ddl) tryComputed(ctx context.Context, src mysqldb.Reader, dst *mysqldb.DB, p *Diff,
	target *schema.Table,
) error {
	for _, c := range p.computed {
		if d.dependsOnSession(c.from) != "" {
			continue // warned of
		}
		t, err := d.openTrial(ctx, dst, p.Name)
		if err != nil {
			return err
		}
		if t.unavailable != "" && d.from.Flavor != d.to.Flavor {
			continue // kinds of servers print expressions differently
		}
		why, err := d.computesOnTarget(ctx, src, dst, t, c, target)
		if err != nil {
			return err
		}
		switch {
		case why == "":
		case c.alike && t.unavailable != "": // an upgraded server may print one expression with other brackets
			remedy := "compare the two expressions, or " + p.makePlain(c.from, c.to)
			p.addFinding(table.LevelWarn, c.to.Name, "is generated on both sides, by expressions that are not written "+
				"alike: "+why, remedy).Topic = table.TopicGenerated
		default:
			p.addFinding(table.LevelRefuse, c.to.Name, fmt.Sprintf("is generated on both sides, by expressions that "+
				"read differently: %s", why), "give it the source's expression on the target, or "+
				p.makePlain(c.from, c.to)).Topic = table.TopicGenerated
		}
	}
	return nil
}

// computesOnTarget says why the target's own column does not hold what the source's does, or "".
func (d *ddl) computesOnTarget(ctx context.Context, src mysqldb.Reader, dst *mysqldb.DB, t *trial, c computed,
	target *schema.Table,
) (string, error) {
	var base, onTarget []*schema.Column
	code := withoutTexts(c.from.Expression) + withoutTexts(c.to.Expression)
	for i := range d.source.Columns {
		b := &d.source.Columns[i]
		if to := target.Column(b.Name); to != nil && to.Name != c.to.Name && !b.IsPeriod() &&
			(refersTo(code, b) || refersTo(code, to)) {
			base, onTarget = append(base, b), append(onTarget, to)
		}
	}
	rows, trouble, err := d.readSample(ctx, src, append(base[:len(base):len(base)], c.from), "")
	if err != nil || trouble != 0 || rows.Len() == 0 {
		return "", err
	}
	own := newDDL(target, d.to, d.to, d.collations)
	if err := own.fetchExact(ctx, dst, func(to *schema.Column) bool { return to.Name == c.to.Name }); err != nil {
		return "", err
	}
	exact := own.source.Column(c.to.Name)
	last := strings.Join(append([]string{own.definition(exact)}, own.generated(exact)...), " ")
	return t.computes(ctx, append(own.definitions(onTarget), last), c.to.Column, base, own.onTargetAll(onTarget), rows)
}
