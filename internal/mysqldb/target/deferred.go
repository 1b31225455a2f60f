package target

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// DeferredIndex is an index that a target gets after its first load: building it from all rows at
// once costs a half to three quarters of keeping it up to date row by row.
type DeferredIndex struct {
	Name string `json:"name"`
	// Definition is the part after ADD of an ALTER TABLE.
	Definition string `json:"definition"`
}

// deferrable reports whether rows can come before the index: a unique key says which rows may
// be there, and an AUTO_INCREMENT column needs an index that begins with it.
func (d *ddl) deferrable(index *schema.Index) bool {
	if index.Unique || index.Name == "PRIMARY" || len(index.Columns) == 0 {
		return false
	}
	first := d.source.Column(index.Columns[0].Column)
	return first == nil || !first.AutoIncrement
}

// deferredIndexes are the deferrable indexes that a table (nil for one to be created) does not have.
func (d *ddl) deferredIndexes(target *schema.Table) (out []DeferredIndex) {
	for i := range d.source.Indexes {
		index := &d.source.Indexes[i]
		if !d.deferrable(index) || target != nil && (hasIndex(target, index.Name) || d.isIgnored(index)) {
			continue
		}
		if def, ok := d.index(index); ok {
			out = append(out, DeferredIndex{Name: index.Name, Definition: def})
		}
	}
	return out
}

// deferIndexes leaves indexes of a target that is created for later, and says so. auto never asks for a privilege.
func (c *comparison) deferIndexes() {
	timing, rows := c.options.DeferIndexes, c.source.RowsEstimate
	about := "about " + human.Count(rows, "row")
	later := c.ddl.deferredIndexes(nil)
	auto := func(why string) {
		c.addFinding(table.LevelInfo, "", "all indexes are created at once: indexesAfterLoad is auto, and "+why, "")
	}
	switch {
	case len(later) == 0:
	case c.options.Whole:
		if timing.MayDefer() {
			c.addFinding(table.LevelInfo, "", "all indexes are created at once: indexesAfterLoad is for tables with a "+
				"cursor", "")
		}
	case timing.Defers(rows, c.options.HasReplicas):
		if timing == table.IndexesAuto && !c.grants.has("ALTER", c.Name) {
			auto("the login does not clearly have ALTER")
			return
		}
		c.Deferred = later
		c.grants.require(c.Diff, "ALTER")
		c.addFinding(table.LevelInfo, "", fmt.Sprintf("indexes are added after the first load, of %s: %s%s", about,
			deferredNames(later), buildMemory(c.dst.Server)), "")
	case timing == table.IndexesAuto && c.options.HasReplicas:
		auto("the ALTER TABLE that adds them later would hold up the replicas that are looked after")
	case timing == table.IndexesAuto:
		auto(fmt.Sprintf("the source has %s; the bound is %s", about, human.Count(table.LargeLoad, "row")))
	case rows > table.LargeLoad && len(later) > 1:
		c.addFinding(table.LevelInfo, "", fmt.Sprintf("%d indexes are kept up to date while %s are loaded: with "+
			"indexesAfterLoad, one long ALTER TABLE adds them afterwards, which is faster", len(later), about), "")
	}
}

// isIgnored reports whether an index has a column that the target does not get.
func (d *ddl) isIgnored(index *schema.Index) bool {
	return slices.ContainsFunc(index.Columns, func(c schema.IndexColumn) bool {
		return table.HasColumn(d.ignored, c.Column)
	})
}

func hasIndex(t *schema.Table, name string) bool {
	return slices.ContainsFunc(t.Indexes, func(i schema.Index) bool { return strings.EqualFold(i.Name, name) })
}

// AddIndexes adds those of the indexes that the table does not have, in as few statements as the server allows. Other
// sessions may read and write meanwhile (manual: Online DDL Operations), but for a moment at the begin and at the end
// of each statement: [Target.ExecExclusive] says how it waits for the table's lock. It is safe to repeat: while the
// statement of an earlier call runs on the server, this one is put off. A context that ends also ends the statement.
func (t *Target) AddIndexes(ctx context.Context, name table.Name, indexes []DeferredIndex) (added int, err error) {
	now, err := schema.Read(ctx, t.DB, name)
	if err != nil {
		return 0, err
	}
	missing := slices.DeleteFunc(slices.Clone(indexes), func(i DeferredIndex) bool { return hasIndex(now, i.Name) })
	if len(missing) == 0 {
		return 0, nil
	}
	for _, statement := range addIndexesSQL(name, missing) {
		if err := t.execExclusive(ctx, buildSettings(t.Server), statement, name); err != nil {
			return 0, fmt.Errorf("add indexes to %s: %w", name, mysqlerr.Safe(err))
		}
	}
	return len(missing), nil
}

// addIndexesSQL adds indexes in one statement, but for FULLTEXT ones: MySQL makes one of them at a time.
func addIndexesSQL(name table.Name, indexes []DeferredIndex) []string {
	alter := "ALTER TABLE " + sqltext.Qualified(name) + "\n  ADD "
	var together, alone []string
	for _, index := range indexes {
		if strings.HasPrefix(index.Definition, "FULLTEXT ") {
			alone = append(alone, alter+index.Definition)
		} else {
			together = append(together, index.Definition)
		}
	}
	if len(together) > 0 {
		alone = slices.Insert(alone, 0, alter+strings.Join(together, ",\n  ADD "))
	}
	return alone
}

// IncludeDeferred makes a plan with all indexes of one that leaves some for later: for a target that gets no first
// load.
func (p *Diff) IncludeDeferred() {
	if len(p.Deferred) > 0 {
		p.Statements = append(p.Statements, addIndexesSQL(p.Name, p.Deferred)...)
	}
	p.Deferred = nil
}

// MissingIndexes is the finding for a target that is there and lacks Deferred.
func (p *Diff) MissingIndexes() table.Finding {
	remedy := strings.Join(addIndexesSQL(p.Name, p.Deferred), "; ")
	return table.Finding{
		Level: table.LevelInfo, Table: p.Name.String(),
		Text: "the target lacks indexes of the source, which a first load that was cut off may have left out: " +
			deferredNames(p.Deferred),
		Remedy: strings.ReplaceAll(remedy, "\n ", ""),
	}
}

// deferredNames are the names of indexes in one text.
func deferredNames(indexes []DeferredIndex) string {
	names := make([]string, len(indexes))
	for i, index := range indexes {
		names[i] = index.Name
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
