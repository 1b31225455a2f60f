package target

import (
	"context"
	"fmt"
	"slices"

	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// A rename at the source looks like a column that was dropped and another that was added. After a rename, the
// rows on the target must keep their values; after an addition, they must not. No server says which it was.
// Where the two columns are at the same place and of types that fit, a person has to decide, unless the rows
// decide it: a rename changes no value, and where all rows hold the default, nothing is lost.

// refuseRenames refuses missing columns of the source that may be columns of the target by another name.
func (d *ddl) refuseRenames(ctx context.Context, src mysqldb.Reader, dst *mysqldb.DB, p *Diff, target *schema.Table,
	missing []*schema.Column, o Options,
) error {
	if o.Rewrites {
		return nil
	}
	refused := p.Refused() // perhaps since the login may not read the target
	var taken []string
	for _, m := range missing {
		for _, e := range extraColumns(d.source, target) {
			if slices.Contains(taken, e.Name) || !mayBeRenamed(e, m) ||
				!slices.Equal(adjacentColumns(target, d.source, e.Name), adjacentColumns(d.source, target, m.Name)) {
				continue
			}
			taken = append(taken, e.Name)
			distinct := false
			if !refused {
				var err error
				if distinct, err = d.distinguishedByRows(ctx, src, dst, target, e, m, o); err != nil {
					return err
				}
			}
			if !distinct {
				refuseRename(p, e, m, "at the same place and of a type that fits")
			}
			break
		}
	}
	return nil
}

// distinguishedByRows reports whether the rows tell a new column from a renamed one: a row that is of the same
// version on both sides holds different values, or every row of the source holds the new one's default.
func (d *ddl) distinguishedByRows(ctx context.Context, src mysqldb.Reader, dst *mysqldb.DB, target *schema.Table, e,
	m *schema.Column, o Options,
) (bool, error) {
	ours, err := valuesByKey(ctx, dst, newDDL(target, d.to, d.to, d.collations), target.PrimaryKey, o.Cursor, e)
	if err != nil {
		return false, err
	}
	theirs, err := valuesByKey(ctx, src, d, target.PrimaryKey, o.Cursor, m)
	if err != nil {
		return false, err
	}
	for version, value := range theirs {
		if held, ok := ours[version]; ok && held != value {
			return true, nil
		}
	}
	if len(theirs) == 0 || m.Default == nil && !m.Nullable || isExpressionDefault(m) {
		return false, nil
	}
	all := &ddl{source: d.source}
	from, err := all.oldRows(Options{})
	if err != nil {
		return false, err
	}
	other, err := all.findOther(ctx, src, []*schema.Column{m}, from, oldRowsTime)
	return other == nil && len(all.unproven) == 0, err
}

// valuesByKey are a column's values in the first and last rows by their key and version.
func valuesByKey(ctx context.Context, db mysqldb.Reader, d *ddl, key []string, cursor string,
	c *schema.Column,
) (map[string]string, error) {
	var columns []*schema.Column
	for _, name := range append(slices.Clone(key), cursor) {
		if k := d.source.Column(name); k != nil {
			columns = append(columns, k)
		} else if name != "" {
			return nil, nil
		}
	}
	rows, _, err := d.readSample(ctx, db, append(columns, c), "")
	if err != nil || rows == nil {
		return nil, err
	}
	out := make(map[string]string, rows.Len())
	for i := range rows.Len() {
		version := ""
		for n := range columns {
			version += fmt.Sprintf("%q,", rows.Value(i, n))
		}
		out[version] = fmt.Sprintf("%t %q", rows.Value(i, len(columns)) == nil, rows.Value(i, len(columns)))
	}
	return out, nil
}

// refuseFilled refuses added columns whose old rows hold values of their own, where a column of the
// target fits that the source does not have any more, wherever it is.
func refuseFilled(p *Diff, source, target *schema.Table, names []string) {
	for _, name := range names {
		m := source.Column(name)
		for _, e := range extraColumns(source, target) {
			if mayBeRenamed(e, m) {
				refuseRename(p, e, m, "of a type that fits, and old rows of the source hold values in the new one")
				break
			}
		}
	}
}

func refuseRename(p *Diff, e, m *schema.Column, why string) {
	at := sqltext.Qualified(p.Name)
	p.addFinding(table.LevelRefuse, m.Name, fmt.Sprintf("is new at the source, and the target has %s, which the "+
		"source no longer has, %s: it may be the same column by another name, and rows on the target would lose its "+
		"values", e.Name, why), fmt.Sprintf("where it was renamed, ALTER TABLE %s RENAME COLUMN %s TO %s on the "+
		"target (CHANGE on servers before MySQL 8.0 and MariaDB 10.5), or keep the target's name by columns: { "+
		"rename: { %s: %s } }; where it is another column, tablehaul run TABLE --full adds and fills it, or add it "+
		"to the target by hand and fill it by tablehaul backfill TABLE %s", at, sqltext.Ident(e.Name),
		sqltext.Ident(m.Name),
		m.SourceName(), e.Name, human.Arg(m.Name)))
}

// extraColumns are plain columns of the target that the source does not have.
func extraColumns(source, target *schema.Table) (out []*schema.Column) {
	for i := range target.Columns {
		if c := &target.Columns[i]; !c.Generated && source.Column(c.Name) == nil {
			out = append(out, c)
		}
	}
	return out
}

// mayBeRenamed reports whether values of one of the columns may have been those of the other.
func mayBeRenamed(e, m *schema.Column) bool {
	return !m.Generated && (misfit(m, e) == "" || misfit(e, m) == "")
}

// adjacentColumns are the nearest columns before and behind the named one that both tables have.
func adjacentColumns(t, other *schema.Table, name string) []string {
	at := slices.IndexFunc(t.Columns, func(c schema.Column) bool { return c.Name == name })
	out := []string{"", ""}
	for i := at - 1; i >= 0 && out[0] == ""; i-- {
		if other.Column(t.Columns[i].Name) != nil {
			out[0] = table.FoldColumn(t.Columns[i].Name)
		}
	}
	for i := at + 1; i < len(t.Columns) && out[1] == ""; i++ {
		if other.Column(t.Columns[i].Name) != nil {
			out[1] = table.FoldColumn(t.Columns[i].Name)
		}
	}
	return out
}
