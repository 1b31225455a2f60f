package mysqldb

// compareGenerated compares a generated column of the source with the target's of that name. A plain
// one gets the source's values.
func compareGenerated(p *TargetPlan, source *Table, from, to *Column) {
	switch {
	case from.isPeriod():
		if !to.Generated {
			extraColumn(p, to, "is filled by the source's server, and a plain column on the target, which is not written")
		}
	case !to.Generated:
		p.note(LevelInfo, to.Name, "is generated at the source and a plain column on the target, which gets the source's values", "").Topic = TopicGenerated
		compareColumn(p, from, to)
		p.carryColumn(from.Name)
	default:
		d := ddl{source: source}
		if why := d.dependsOnSession(from); why != "" {
			p.note(LevelWarn, to.Name, "is computed by the target, and may hold other values there: "+why,
				"make it a plain column on the target (ALTER TABLE … MODIFY), which gets the source's values, and run once with --full").Topic = TopicGenerated
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
