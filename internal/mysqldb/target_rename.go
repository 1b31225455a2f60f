package mysqldb

import (
	"fmt"
	"slices"

	"github.com/tablehaul/tablehaul/internal/table"
)

// A rename at the source looks like a column that was dropped and another that was added. The rows
// on the target must keep their values after the one and not after the other, and no server says
// which it was. Where the two are at the same place and of types that fit, a person is asked.

// askRenames refuses missing columns of the source that may be columns of the target by another name.
func askRenames(p *TargetPlan, source, target *Table, missing []*Column) {
	var taken []string
	for _, m := range missing {
		for _, e := range extraColumns(source, target) {
			if !slices.Contains(taken, e.Name) && mayBeRenamed(e, m) && slices.Equal(neighbours(target, source, e.Name), neighbours(source, target, m.Name)) {
				taken = append(taken, e.Name)
				askRename(p, e, m, "at the same place and of a type that fits")
				break
			}
		}
	}
}

// askFilled refuses added columns whose old rows hold values of their own, where a column of the
// target fits that the source does not have any more, wherever it is.
func askFilled(p *TargetPlan, source, target *Table, names []string) {
	for _, name := range names {
		m := source.Column(name)
		for _, e := range extraColumns(source, target) {
			if mayBeRenamed(e, m) {
				askRename(p, e, m, "of a type that fits, and old rows of the source hold values in the new one")
				break
			}
		}
	}
}

func askRename(p *TargetPlan, e, m *Column, why string) {
	at := Qualified(p.Name)
	p.note(LevelRefuse, m.Name, fmt.Sprintf("is new at the source, and the target has %s, which the source no longer has, %s: "+
		"it may be the same column by another name, and rows on the target would lose its values", e.Name, why),
		fmt.Sprintf("where it was renamed, ALTER TABLE %s RENAME COLUMN %s TO %s on the target (CHANGE on servers before MySQL 8.0 and MariaDB 10.5); "+
			"where it is another column, ALTER TABLE %s ADD COLUMN %s %s NULL on the target and run once with --full, or drop %s there",
			at, Ident(e.Name), Ident(m.Name), at, Ident(m.Name), m.Type, e.Name))
}

// extraColumns are plain columns of the target that the source does not have.
func extraColumns(source, target *Table) (out []*Column) {
	for i := range target.Columns {
		if c := &target.Columns[i]; !c.Generated && source.Column(c.Name) == nil {
			out = append(out, c)
		}
	}
	return out
}

// mayBeRenamed reports whether values of one of the columns may have been those of the other.
func mayBeRenamed(e, m *Column) bool {
	return !m.Generated && (misfit(m, e) == "" || misfit(e, m) == "")
}

// neighbours are the nearest columns before and behind the named one that both tables have.
func neighbours(t, other *Table, name string) []string {
	at := slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == name })
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
