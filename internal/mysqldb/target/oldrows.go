package target

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/fetch"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// oldRowsTime bounds the search for a row that has another value than an added column's default.
const oldRowsTime = 10 * time.Second

// compareOldRows looks whether the rows that the target has already hold the defaults of the named
// columns at the source, which an ADD COLUMN gives them on the target. They do not where the column
// was renamed, where its default was changed afterwards, or where rows were changed and their cursor
// was not. Rows above the watermark are read again anyway. It takes at most oldRowsTime.
func (d *ddl) compareOldRows(ctx context.Context, src mysqldb.Reader, names []string, o Options) error {
	var columns []*schema.Column
	for i := range d.source.Columns {
		c := &d.source.Columns[i]
		if slices.Contains(names, c.Name) && !c.Generated &&
			(c.Default == nil && c.Nullable || c.Default != nil && !isExpressionDefault(c)) {
			columns = append(columns, c)
		}
	}
	from, err := d.oldRows(o)
	if err != nil {
		return err
	}
	for began := time.Now(); len(columns) > 0; {
		other, err := d.findOther(ctx, src, columns, from, oldRowsTime-time.Since(began))
		if err != nil {
			return err
		}
		if other == nil {
			return nil
		}
		columns = slices.DeleteFunc(columns, func(c *schema.Column) bool { return slices.Contains(other, c.Name) })
	}
	return nil
}

// oldRows are the source's rows that no later run reads unless they change, as FROM and WHERE.
func (d *ddl) oldRows(o Options) (string, error) {
	from := sqltext.Qualified(d.source.Name)
	if len(d.source.PrimaryKey) > 0 {
		// A cursor's index would look each row up.
		from += " FORCE INDEX (" + sqltext.Ident(d.source.AtSource().KeyName()) + ")"
	}
	cursor := d.source.Column(o.Cursor)
	if cursor == nil || o.Watermark == "" {
		return from + " WHERE ", nil
	}
	write, err := sqltext.Comparand(cursor.Column)
	if err != nil {
		return "", err
	}
	bound, err := write(o.Watermark)
	if err != nil {
		return from + " WHERE ", nil // a watermark of another kind: the run says so
	}
	return from + " WHERE " + sqltext.Column(cursor.Column) + " <= " + bound + " AND ", nil
}

// findOther finds one old row in which some of the columns do not hold their default, and returns their names, which it
// keeps in d.differ; nil where there is no such row, or none was found in time, which it keeps in d.unproven.
func (d *ddl) findOther(ctx context.Context, src mysqldb.Reader, columns []*schema.Column, from string,
	left time.Duration,
) ([]string, error) {
	exprs := make([]sqltext.Expr, len(columns))
	conditions := make([]string, len(columns))
	for i, c := range columns {
		conditions[i] = isNotDefault(c)
		exprs[i] = sqltext.Expr{SQL: conditions[i], Kind: table.KindInt}
	}
	query := strings.Join(conditions, ", ") + " FROM " + from + "(" + strings.Join(conditions, " OR ") + ") LIMIT 1"
	found, err := fetch.RowWithin(ctx, src, left, query, exprs)
	// no SELECT: the source's preflight says so
	if mysqlerr.IsTimeLimit(err) || mysqlerr.Classify(err) == mysqlerr.ClassConfiguration {
		for _, c := range columns {
			d.unproven = append(d.unproven, c.Name)
		}
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []string
	for i, differs := range found {
		if differs == "1" {
			out = append(out, columns[i].Name)
		}
	}
	d.differing = append(d.differing, out...)
	return out, nil
}

// fillRemedy says how old rows get the values of an added column.
func (d *ddl) fillRemedy(column string) string {
	return fmt.Sprintf("tablehaul backfill TABLE %s fills it, and so does tablehaul run TABLE --full",
		human.Arg(column))
}

// isNotDefault is true of a row whose value is another one than the column's default, bit for bit.
func isNotDefault(c *schema.Column) string {
	name := sqltext.Column(c.Column)
	if c.Expr != "" {
		name = "(" + c.Expr + ")"
	}
	if c.Default == nil {
		return "(" + name + " IS NOT NULL)"
	}
	value, def := name, "DEFAULT("+name+")"
	switch c.Kind {
	case table.KindString, table.KindBytes:
		value, def = "CAST("+value+" AS BINARY)", "CAST("+def+" AS BINARY)"
	case table.KindEnum, table.KindSet:
		value, def = sqltext.SetNumber(value), sqltext.SetNumber(def)
	default:
	}
	return "(NOT (" + value + " <=> " + def + "))"
}

// forOldRows is how a column is added so that the rows already there get no value that the source
// never had: with its default where old rows hold that, and nullable without one otherwise.
func (d *ddl) forOldRows(c *schema.Column, def string) (nullable bool, _ string) {
	remedy := d.fillRemedy(c.Name)
	switch {
	case slices.Contains(d.differing, c.Name):
		d.addFinding(table.LevelWarn, c.Name, "is added as nullable, since rows of the source hold another value than "+
			"its default: rows already on the target hold NULL in it until they change", remedy)
		return true, ""
	case c.Default == nil && c.Nullable && !slices.Contains(d.unproven, c.Name):
		return true, ""
	case c.Default == nil && !c.Nullable, isExpressionDefault(c), def == "" && c.Default != nil:
		d.addFinding(table.LevelWarn, c.Name, "is added as nullable: rows already on the target hold NULL in it until "+
			"they change", remedy)
		return true, ""
	case slices.Contains(d.unproven, c.Name):
		d.addFinding(table.LevelWarn, c.Name, "is added with its default, and it takes too long to see whether all "+
			"rows of the source hold it: those already on the target do", remedy)
	}
	return c.Nullable, def
}
