package target

import (
	"context"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/table"
)

// columnsToAdd are the missing columns that the target gets.
func (c *comparison) columnsToAdd(missing []*schema.Column) (names []string) {
	for _, m := range missing {
		switch {
		case c.options.Contract.NewColumns == table.ContractAdd:
			names = append(names, m.Name)
		case m.Generated:
		case c.options.Contract.NewColumns == table.ContractIgnore && !table.SameColumn(m.Name, c.options.Cursor):
			c.ignored = append(c.ignored, m.Name)
			c.addFinding(table.LevelInfo, m.Name, "is missing on the target and not read: schema.newColumns is ignore",
				"")
		default:
			c.addFinding(table.LevelRefuse, m.Name, "is missing on the target",
				"add it to the target; or set schema.newColumns to add, or to ignore, which leaves it out")
		}
	}
	return names
}

// addColumns adds the named columns of the source to the target.
func (c *comparison) addColumns(ctx context.Context, names []string) error {
	if len(names) == 0 {
		return nil
	}
	if err := c.ddl.adapt(ctx, c.src, c.dst, c.Name, names); err != nil {
		return err
	}
	if err := c.checkOldRows(ctx, names); err != nil {
		return err
	}
	if err := c.ddl.tryAdd(ctx, c.dst, c.Diff, names); err != nil {
		return err
	}
	c.grants.require(c.Diff, "ALTER")
	if statement := c.ddl.add(c.Name, names); statement != "" {
		c.Statements = append(c.Statements, alterable(c.target, c.Diff, statement))
		c.addFinding(table.LevelInfo, "", "columns are added to the target: "+strings.Join(names, ", "), "")
	}
	c.carry(c.ddl)
	return nil
}

// checkOldRows finds out what rows that are on the target already get in added columns.
func (c *comparison) checkOldRows(ctx context.Context, names []string) error {
	c.ddl.noRows = c.options.Rewrites
	if c.Refused() || c.options.Rewrites { // a refusal may mean that the login cannot read the target
		return nil
	}
	rows, err := New(c.dst).HasRows(ctx, c.Name)
	if mysqlerr.Classify(err) == mysqlerr.ClassConfiguration {
		rows = true // no SELECT privilege, which a run reports
	} else if err != nil {
		return err
	}
	if c.ddl.noRows = !rows; rows {
		if err := c.ddl.compareOldRows(ctx, c.src, names, c.options); err != nil {
			return err
		}
	}
	refuseFilled(c.Diff, c.source, c.target, c.ddl.differing)
	return nil
}
