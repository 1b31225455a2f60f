package target

import (
	"context"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/table"
)

// planColumns are the columns that the target is to get.
func planColumns(p *Diff, missing []*schema.Column, o Options) (names []string) {
	for _, c := range missing {
		if !o.AddColumns {
			if !c.Generated {
				p.note(table.LevelRefuse, c.Name, "is missing on the target", "add it to the target, or leave it out of the sync")
			}
			continue
		}
		names = append(names, c.Name)
	}
	return names
}

// planMissing plans how the target gets the named columns.
func planMissing(ctx context.Context, d *mysqldb.DB, p *Diff, src mysqldb.Reader, builder *ddl, target *schema.Table, names []string, allowed grants, o Options) error {
	if len(names) == 0 {
		return nil
	}
	if err := builder.adapt(ctx, src, d, p.Name, names); err != nil {
		return err
	}
	builder.noRows = o.Rewrites
	if !p.Refused() && !o.Rewrites { // the login may read the target
		rows, err := New(d).HasRows(ctx, p.Name)
		if mysqlerr.Classify(err) == mysqlerr.ClassConfiguration {
			rows = true // no SELECT, which a run says
		} else if err != nil {
			return err
		}
		if builder.noRows = !rows; rows {
			if err := builder.compareOldRows(ctx, src, names, o); err != nil {
				return err
			}
		}
		askFilled(p, builder.source, target, builder.differ)
	}
	if err := builder.tryAdd(ctx, d, p, names); err != nil {
		return err
	}
	addColumns(p, builder, target, names, allowed)
	return nil
}

// addColumns adds what the target lacks.
func addColumns(p *Diff, builder *ddl, target *schema.Table, names []string, allowed grants) {
	allowed.need(p, "ALTER")
	if statement := builder.add(p.Name, names); statement != "" {
		statement = alterable(target, p, statement)
		p.Statements = append(p.Statements, statement)
		p.note(table.LevelInfo, "", "columns are added to the target: "+strings.Join(names, ", "), "")
	}
	p.carry(builder)
}
