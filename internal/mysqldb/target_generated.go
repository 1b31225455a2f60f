package mysqldb

import (
	"context"
	"fmt"
	"strings"

	"github.com/tablehaul/tablehaul/internal/table"
)

// compareGenerated compares a generated column of the source with the target's of that name. A plain
// one gets the source's values.
func compareGenerated(p *TargetPlan, source *Table, from, to *Column) {
	switch {
	case from.isPeriod():
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
func (p *TargetPlan) carryColumn(name string) { p.carried = append(p.carried, name) }

// carry takes over what a builder found, and the generated columns that it makes plain.
func (p *TargetPlan) carry(builder *ddl) {
	p.Findings = append(p.Findings, builder.found...)
	p.carried = append(p.carried, builder.carried...)
}

// computed is a generated column on both sides whose expressions read differently.
type computed struct{ from, to *Column }

// expressionKey is equal for expressions that servers only print differently.
func expressionKey(c *Column) string {
	expression := strings.ToLower(expressionFor(Server{Flavor: FlavorMariaDB}, c.Expression))
	return strings.NewReplacer(" ", "", "`", "", "(", "", ")", "").Replace(expression)
}

// tryComputed lets the target compute those generated columns that both sides have and whose
// expressions read differently, for the first and the last rows of the source. One that is altered
// at the source would otherwise hold what it held before.
func (d *ddl) tryComputed(ctx context.Context, src, dst *DB, p *TargetPlan, target *Table) error {
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
			at := Qualified(p.Name)
			p.note(table.LevelRefuse, c.to.Name, fmt.Sprintf("is generated on both sides, by expressions that read differently: %s", why),
				fmt.Sprintf("give it the source's expression on the target, or make it a plain column there, which gets the source's values: ALTER TABLE %s DROP COLUMN %s, ADD COLUMN %[2]s %s NULL; then run once with --full",
					at, Ident(c.to.Name), c.from.Type)).Topic = table.TopicGenerated
		}
	}
	return nil
}

// computesOnTarget says why the target's own column does not hold what the source's does, or "".
func (d *ddl) computesOnTarget(ctx context.Context, src, dst *DB, t *trial, c computed, target *Table) (string, error) {
	var base, onTarget []*Column
	code := withoutTexts(c.from.Expression) + withoutTexts(c.to.Expression)
	for i := range d.source.Columns {
		b := &d.source.Columns[i]
		if to := target.Column(b.Name); to != nil && to.Name != c.to.Name && !b.isPeriod() && (refersTo(code, b) || refersTo(code, to)) {
			base, onTarget = append(base, b), append(onTarget, to)
		}
	}
	rows, trouble, err := d.readSample(ctx, src, append(base[:len(base):len(base)], c.from), "")
	if err != nil || trouble != 0 || rows.Len() == 0 {
		return "", err
	}
	own := newDDL(target, d.to, d.to, d.have)
	if err := own.readExact(ctx, dst, func(to *Column) bool { return to.Name == c.to.Name }); err != nil {
		return "", err
	}
	exact := own.source.Column(c.to.Name)
	last := strings.Join(append([]string{own.bare(exact)}, own.generated(exact)...), " ")
	return t.computes(ctx, append(own.bareAll(onTarget), last), c.to.Column, base, own.onTargetAll(onTarget), rows)
}
