package mapping

import (
	"fmt"

	"github.com/tablehaul/tablehaul/internal/mapping/sqlexpr"
	"github.com/tablehaul/tablehaul/internal/table"
)

// check refuses settings that make no sense for the source.
func (a *application) check() {
	s := a.settings
	for key, names := range map[string][]string{"include": s.Include, "exclude": s.Exclude} {
		for _, name := range names {
			a.known(key, name)
		}
	}
	for _, p := range s.Rename {
		a.known("rename", p.Column)
	}
	a.checkMasks()
	a.checkTypes()
	for _, key := range a.source.PrimaryKey {
		if !s.travels(key) {
			a.refuse(key, fmt.Sprintf("columns leaves out %s, which is part of the primary key: rows could not be "+
				"told apart", key), a.keep(key))
		}
	}
	if a.cursor != "" && !s.travels(a.cursor) {
		a.refuse(a.cursor, fmt.Sprintf("columns leaves out the cursor %s: rows on the target could not be compared "+
			"with newer ones", a.cursor), a.keep(a.cursor))
	}
	if s.Where != "" {
		if p := sqlexpr.Check(s.Where); p != nil {
			a.refuse("", "where "+p.Text, p.Remedy)
		}
	}
}

// keep is how a column that has to travel does.
func (a *application) keep(column string) string {
	if len(a.settings.Include) > 0 {
		return "add " + column + " to columns.include"
	}
	return "take " + column + " out of columns.exclude"
}

// known refuses a column that the source does not have.
func (a *application) known(key, name string) {
	if a.source.Column(name) != nil {
		return
	}
	names := make([]string, len(a.source.Columns))
	for i, c := range a.source.Columns {
		names[i] = c.Name
	}
	remedy := "mend the name in the configuration"
	if like := near(name, names); like != "" {
		remedy = "did you mean " + like + "?"
	}
	a.refuse(name, fmt.Sprintf("columns.%s: the source has no column %s", key, name), remedy)
}

// near is a name that differs from one by letter case or one letter at most; empty for none.
func near(name string, names []string) string {
	for _, other := range names {
		a, b := []rune(table.FoldColumn(name)), []rune(table.FoldColumn(other))
		if distance(a, b) <= 1 {
			return other
		}
	}
	return ""
}

// distance is the number of letters to add, take or change, at most 2.
func distance(a, b []rune) int {
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return min(2, max(len(a), len(b)))
}
