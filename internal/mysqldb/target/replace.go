package target

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/table"
)

// checkReplace refuses a target on which ConflictsReplace would delete rows that the source holds.
//
// A row may push another out only where the source could not hold both. So every unique key
// of the target must be one that the source keeps, or rows would push each other out for ever.
func (c *comparison) checkReplace(ctx context.Context) error {
	if !c.options.Replace {
		return nil
	}
	source, target := c.source, c.target
	for _, index := range target.Indexes {
		if !index.Unique || index.Name == target.KeyName() {
			continue
		}
		switch {
		case !schema.SupportsLookup(index) || slices.ContainsFunc(index.Columns, func(part schema.IndexColumn) bool {
			column := target.Column(part.Column)
			return column == nil || column.Generated
		}):
			c.addFinding(table.LevelWarn, "", fmt.Sprintf("uniqueConflicts: replace cannot look rows up by the "+
				"target's unique key %s (an expression, a generated column, a hash, or invisible): a row whose value "+
				"another row holds stops the run", index.Name), "")
		case !slices.ContainsFunc(source.Indexes, func(s schema.Index) bool {
			return implies(source, target, s, index)
		}):
			c.addFinding(table.LevelRefuse, "", fmt.Sprintf("the target has a unique key %s that the source does "+
				"not keep:"+
				" with uniqueConflicts: replace, rows that the source holds side by side would push each other out",
				index.Name),
				fmt.Sprintf("drop unique key %s on the target, or set uniqueConflicts: fail", index.Name))
		}
	}
	return checkReferences(ctx, c.dst, c.Diff)
}

// implies reports whether no two rows that a source's unique key allows could meet under a target's.
func implies(source, target *schema.Table, s, t schema.Index) bool {
	if !s.Unique {
		return false
	}
	for _, sp := range s.Columns {
		at := slices.IndexFunc(t.Columns, func(tp schema.IndexColumn) bool {
			c := source.Column(tp.Column)
			return c != nil && sp.Column != "" && table.SameColumn(c.Name, sp.Column)
		})
		if at < 0 {
			return false
		}
		tp := t.Columns[at]
		if tp.Prefix > 0 && (sp.Prefix == 0 || sp.Prefix > tp.Prefix) {
			return false
		}
		from, to := source.Column(sp.Column), target.Column(tp.Column)
		if from.Kind != to.Kind || from.Precision > to.Precision || from.Scale > to.Scale ||
			from.Kind == table.KindString && mayMerge(from, to.Collation) {
			return false
		}
	}
	return true
}

// checkReferences refuses a target whose rows take other tables' rows with them.
func checkReferences(ctx context.Context, d *mysqldb.DB, p *Diff) (err error) {
	list, err := d.QueryContext(ctx, "SELECT CONCAT(CONSTRAINT_SCHEMA, '.', TABLE_NAME), DELETE_RULE FROM "+
		"information_schema.REFERENTIAL_CONSTRAINTS"+
		" WHERE UNIQUE_CONSTRAINT_SCHEMA = ? AND REFERENCED_TABLE_NAME = ? ORDER BY 1, 2", p.Name.Schema, p.Name.Table)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, list.Close()) }()
	for list.Next() {
		var child, rule string
		if err := list.Scan(&child, &rule); err != nil {
			return err
		}
		if rule == "RESTRICT" || rule == "NO ACTION" {
			p.addFinding(table.LevelWarn, "", fmt.Sprintf("table %s refers to the target: with uniqueConflicts: "+
				"replace, a row that has to make way and is referred to stops the run", child), "")
			continue
		}
		p.addFinding(table.LevelRefuse, "", fmt.Sprintf("table %s refers to the target with ON DELETE %s: with "+
			"uniqueConflicts: replace, a row that makes way for a moment would change rows there", child, rule),
			"drop that foreign key on the target, or set uniqueConflicts: fail")
	}
	return list.Err()
}
