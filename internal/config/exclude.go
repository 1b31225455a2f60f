package config

import "github.com/tablehaul/tablehaul/internal/table"

// match reports whether n is one of the entry's tables, and what its * stands for.
func (e entry) match(n table.Name) (star string, ok bool) {
	if e.excludes(n) {
		return "", false
	}
	return e.source.match(n)
}

// excludes reports whether n is one of the tables that the entry leaves out.
func (e entry) excludes(n table.Name) bool {
	for _, p := range e.exclude {
		if _, ok := p.match(n); ok {
			return true
		}
	}
	return false
}

// setExclude reads a list of names and patterns.
func setExclude(d *decoder, a at, e *entry) {
	for _, place := range d.list(a, "[schema.table, schema.part_*]") {
		v, ok := d.scalar(place)
		if !ok {
			continue
		}
		p, wrong := parsePattern(v.text)
		if wrong != "" {
			d.problem(place, "write schema.table or schema.part_*", "%s %s", v.shown, wrong)
			continue
		}
		e.exclude = append(e.exclude, p)
	}
}

// checkExclude reports an exclude of an entry that names one table, and excludes that leave out nothing or everything.
func (d *decoder) checkExclude(a at, e *entry) {
	if a.node == nil || e.source.broken {
		return
	}
	if !e.source.wild {
		d.problem(a, "put it beside a name with a *", "%s is one table: there is nothing to leave out", e.source)
		return
	}
	for _, p := range e.exclude {
		switch _, some := common(e.source, p); {
		case p.covers(e.source):
			d.problem(a, "leave the entry out, or narrow the exclude", "%s leaves out every table of %s", p, e.source)
		case !some:
			d.problem(a, "mend the name", "%s is none of %s", p, e.source)
		}
	}
}
