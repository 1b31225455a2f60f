package config

import (
	"fmt"
	"maps"
	"slices"
)

// entry is one element of tables: what it names, and the settings that follow from it and defaults.
type entry struct {
	source pattern
	target pattern
	// exclude are names and families of source tables that the family does not have.
	exclude  []pattern
	settings Table
	place    at
}

// targetOrSame is the target's name: the source's where none was given.
func (e entry) targetOrSame() pattern {
	if e.target.zero() {
		return e.source
	}
	return e.target
}

func (d *decoder) tables(a at, defaults Table, c *Config) {
	for _, place := range d.items(a) {
		e := entry{settings: defaults, place: place}
		found := decodeMapping(d, place, tableFields, settingHints, &e)
		if _, ok := found["name"]; !ok {
			d.missing(place, join(place.path, "name"), "for example shop.orders")
			e.source.broken = true
		}
		d.checkFiles(place, found, &e)
		if e.settings.Files == nil {
			d.checkTableConnection(c, place, found["sourceConnection"], "sourceConnection", e.settings.SourceConnection)
		}
		d.checkTableConnection(c, place, found["targetConnection"], "targetConnection", e.settings.TargetConnection)
		d.checkReplicas(c, place, found["replicas"], e.settings)
		d.checkWrite(place, found, e.settings)
		d.checkContract(found, e.settings)
		d.setStaleAfter(place, found["staleAfter"], &e.settings)
		d.checkExclude(found["exclude"], &e)
		d.checkMaskKey(place, e.settings)
		e.target.broken = e.target.broken || !d.checkTarget(e)
		d.checkAgainst(c.entries, e)
		c.entries = append(c.entries, e)
	}
	if len(c.entries) == 0 {
		d.missing(a, a.path, "name at least one table")
	}
}

// checkConnection reports a connection name at a that connections does not have.
func (d *decoder) checkConnection(c *Config, a at, name string) {
	if a.node == nil || name == "" {
		return // not given here, or already reported
	}
	if _, ok := c.Connections[name]; !ok {
		known := slices.Sorted(maps.Keys(c.Connections))
		d.problem(a, Meant(name, known), "there is no such connection")
	}
}

// checkReplicas reports replicas that are no connections, and a limit on the lag of none. What
// a table has from defaults is reported at the table.
func (d *decoder) checkReplicas(c *Config, table, given at, t Table) {
	if given.node == nil {
		given = table
	}
	for _, name := range t.Replicas {
		d.checkConnection(c, given, name)
	}
	if t.MaxReplicaLag > 0 && len(t.Replicas) == 0 {
		d.missing(table, join(table.path, "replicas"), "name the connections whose lag maxReplicaLag limits")
	}
}

func (d *decoder) checkTableConnection(c *Config, table, given at, key, name string) {
	if given.node != nil {
		d.checkConnection(c, given, name)
		return
	}
	if name == "" {
		remedy := fmt.Sprintf("set defaults.%s to a name in connections; that holds for every table", key)
		d.missingOnce(table, join(table.path, key), key, remedy)
	}
}

// checkTarget reports what is wrong with one entry's two names taken together; false means that something was.
func (d *decoder) checkTarget(e entry) bool {
	if e.source.broken || e.target.broken {
		return false
	}
	target := e.targetOrSame()
	a := at{join(e.place.path, "target"), e.place.node}
	switch {
	case e.source.wild && !target.wild:
		d.problem(a, "put a * where the name's * goes", "every table of %s would go into %s", e.source, target)
	case !e.source.wild && target.wild:
		d.problem(a, "write the whole name", "has a *, and the name has none")
	case e.settings.SourceConnection != "" && e.settings.SourceConnection == e.settings.TargetConnection &&
		target == e.source:
		d.problem(a, "give it another target, or another targetConnection", "%s would be copied onto itself", e.source)
	default:
		return true
	}
	return false
}

// checkAgainst reports what is wrong with e beside the entries before it: one table has one
// watermark, and one target has one writer.
func (d *decoder) checkAgainst(before []entry, e entry) {
	if e.source.broken || e.target.broken {
		return
	}
	for _, other := range before {
		if other.source.broken || other.target.broken {
			continue
		}
		switch {
		case other.source == e.source:
			d.problem(at{join(e.place.path, "name"), e.place.node}, "keep one of them", "%s is named by %s already",
				e.source, other.place.path)
			return
		case e.source.wild && other.source.wild && other.source.covers(e.source) &&
			!other.excludes(e.source.fill(witness)):
			d.problem(at{join(e.place.path, "name"), e.place.node}, "put the narrower pattern first",
				"%s is never reached: %s of %s matches first", e.source, other.source, other.place.path)
			return
		}
		clash, ok := sharedTarget(other, e)
		switch {
		case !ok:
		case !apart(other.settings, e.settings):
			d.problem(at{join(e.place.path, "target"), e.place.node}, "give one of them another target; or, where no "+
				"key is in both, write keysDisjoint: true in both; or add a column to both, of different constants, "+
				"and name it in key", "%s is a target of %s already", clash, other.place.path)
			return
		case (e.deletes() || other.deletes()) && !toldApart(other.settings, e.settings):
			d.problem(at{join(e.place.path, "columns"), e.place.node}, "add a column to both, of different constants: "+
				"columns: { add: { origin: \"'eu'\" } }, with letters, digits, _ and - in quotes, or a whole number; "+
				"or leave deletes out of both", "nothing tells the rows of %s from those of %s in %s, so that deletes "+
				"of one would take those of the other", e.source, other.source, clash)
			return
		}
	}
}

// deletes reports whether the entry's tables have sweeps of deletes.
func (e entry) deletes() bool { return e.settings.Deletes.Mode != DeletesOff }

// sharedTarget is a target table that a and b would both write from two different source tables.
func sharedTarget(a, b entry) (pattern, bool) {
	if a.settings.TargetConnection != b.settings.TargetConnection {
		return pattern{}, false
	}
	ta, tb := a.targetOrSame(), b.targetOrSame()
	n, ok := common(ta, tb)
	if !ok {
		return pattern{}, false
	}
	starA, _ := ta.match(n)
	starB, _ := tb.match(n)
	if a.excludes(a.source.fill(starA)) || b.excludes(b.source.fill(starB)) {
		return pattern{}, false
	}
	sameServer := a.settings.SourceConnection == b.settings.SourceConnection
	if sameServer && a.source.fill(starA) == b.source.fill(starB) {
		return pattern{}, false // the very same source table: only one of the two entries gets it
	}
	if ta.wild && tb.wild {
		return tb, true
	}
	return pattern{schema: n.Schema, prefix: n.Table}, true
}
