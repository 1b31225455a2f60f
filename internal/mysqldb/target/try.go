package target

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/fetch"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// lateTime bounds the search for a late moment in one column.
const lateTime = 10 * time.Second

// adapt asks both servers what a statement for the named columns (nil for all) cannot know: which
// defaults and generated columns the target can compute, and which moments its TIMESTAMP cannot hold.
func (d *ddl) adapt(ctx context.Context, src mysqldb.Reader, dst *mysqldb.DB, name table.Name, columns []string) error {
	named := func(c *schema.Column) bool { return columns == nil || slices.Contains(columns, c.Name) }
	if err := d.fetchExact(ctx, src, named); err != nil {
		return err
	}
	if err := d.tryDefaults(ctx, dst, named); err != nil {
		return err
	}
	if err := d.findLate(ctx, src, named); err != nil {
		return err
	}
	return d.tryGenerated(ctx, src, dst, name, named)
}

// tryDefaults lets the target resolve every default that is an expression, on no row.
func (d *ddl) tryDefaults(ctx context.Context, dst *mysqldb.DB, named func(*schema.Column) bool) error {
	noted := d.findings // defaultOf notes, and is asked again
	defer func() { d.findings = noted }()
	names := make([]string, len(d.source.Columns))
	for i := range d.source.Columns {
		names[i] = "NULL AS " + sqltext.Ident(d.source.Columns[i].Name)
	}
	row := " FROM (SELECT " + strings.Join(names, ", ") + ") AS one_row WHERE FALSE"
	try := func(expressions []string) (bool, error) {
		rows, err := dst.QueryContext(ctx, "SELECT "+strings.Join(expressions, ", ")+row)
		if err == nil {
			err = errors.Join(rows.Err(), rows.Close())
		}
		if err != nil && mysqlerr.NumberOf(err) == 0 {
			return false, err // the server has not answered
		}
		return err == nil, nil
	}
	var all []string
	var tried []*schema.Column
	for i := range d.source.Columns {
		c := &d.source.Columns[i]
		if def := d.defaultOf(c); strings.HasPrefix(def, "(") && named(c) {
			all, tried = append(all, def), append(tried, c)
		}
	}
	if len(all) == 0 {
		return nil
	}
	if good, err := try(all); good || err != nil {
		return err
	}
	for i, c := range tried {
		good, err := try(all[i : i+1])
		if err != nil {
			return err
		}
		if !good {
			d.uncomputable = append(d.uncomputable, c.Name)
		}
	}
	return nil
}

// lastShort is the last second that a TIMESTAMP of 32 bits holds.
const lastShort = "2038-01-19 03:14:07"

// hasLongTimestamps reports whether a server's TIMESTAMP goes on after 2038.
func hasLongTimestamps(s mysqldb.Server) bool {
	return s.Flavor == mysqldb.FlavorMariaDB && s.AtLeast(11, 5, 0)
}

// findLate looks for TIMESTAMP columns of the source that hold moments beyond the target's, for at most lateTime each.
// A column that cannot be looked through counts as one of them, unless the server fills it: then its moments are past.
func (d *ddl) findLate(ctx context.Context, src mysqldb.Reader, named func(*schema.Column) bool) error {
	if !hasLongTimestamps(d.from) || hasLongTimestamps(d.to) {
		return nil
	}
	for i := range d.source.Columns {
		c := &d.source.Columns[i]
		if c.Kind != table.KindTimestamp || c.Generated || c.Expr != "" || !named(c) {
			continue
		}
		found, err := fetch.FoundWithin(ctx, src, lateTime, "FROM "+sqltext.Qualified(d.source.Name)+" WHERE "+
			sqltext.Column(c.Column)+" > '"+lastShort+".999999' LIMIT 1")
		switch {
		case mysqlerr.IsTimeLimit(err):
			if filled := c.OnUpdate != "" || c.Default != nil && schema.IsCurrentTimestamp(c, *c.Default); !filled {
				d.lateTimestamps = append(d.lateTimestamps, c.Name)
			}
		case err != nil && mysqlerr.NumberOf(err) == 0:
			return err
		case found:
			d.lateTimestamps = append(d.lateTimestamps, c.Name)
		}
	}
	return nil
}

// becomesDateTime reports whether a TIMESTAMP is created as a DATETIME.
func (d *ddl) becomesDateTime(c *schema.Column) bool {
	return slices.Contains(d.lateTimestamps, c.Name)
}
