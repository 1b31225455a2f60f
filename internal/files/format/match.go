package format

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/tablehaul/tablehaul/internal/table"
)

// Matched is how the names in a file meet the columns of the target.
type Matched struct {
	// Columns are those of the target that the file has, in the target's order, each with its name in the file as From.
	Columns []table.Column
	// Missing are the target's columns that the file does not have, but for generated ones.
	Missing []string
	// Extra are the names in the file that are no column of the target.
	Extra []string
}

// Match joins the names in a file with the target's columns: by the name itself, else without case, else by the rule
// by which dlt makes names (see Snake), applied to both. Two names in the file for one column, and two columns for one
// name, are ErrColumns. Generated columns take no values: their names are Extra. of is what the names are of, such as a
// file's key: errors begin with it.
func Match(of string, names []string, target []table.Column) (Matched, error) {
	var m Matched
	owner := make([]int, len(names)) // the column of each name, counted from 1
	carried := table.Carried(target)
	found := make([]int, len(carried)) // the name of each column, counted from 1
	for _, same := range []func(string) string{func(s string) string { return s }, table.FoldColumn, Snake} {
		byName := make(map[string]int, len(carried))
		for c := range carried {
			key := same(carried[c].Name)
			if other, twice := byName[key]; twice && key != "" {
				byName[key] = -max(other, -other) // matched only by a name that is nearer
				continue
			}
			byName[key] = c + 1
		}
		for n, name := range names {
			c := byName[same(name)]
			switch {
			case owner[n] != 0 || c == 0:
				continue
			case c < 0:
				if found[-c-1] == 0 {
					return m, fmt.Errorf("%s: %w: %q is more than one column of the target", of, ErrColumns, name)
				}
				continue
			case found[c-1] != 0:
				return m, fmt.Errorf("%s: %w: %q and %q are both %q of the target", of, ErrColumns,
					names[found[c-1]-1], name, carried[c-1].Name)
			}
			owner[n], found[c-1] = c, n+1
		}
	}
	for c := range carried {
		if found[c] == 0 {
			m.Missing = append(m.Missing, carried[c].Name)
			continue
		}
		col := carried[c]
		if col.From = names[found[c]-1]; col.From == col.Name {
			col.From = ""
		}
		m.Columns = append(m.Columns, col)
	}
	for n, name := range names {
		if owner[n] == 0 {
			m.Extra = append(m.Extra, name)
		}
	}
	return m, nil
}

// SameName reports whether two names are one by the rules of [Match].
func SameName(a, b string) bool { return table.SameColumn(a, b) || Snake(a) == Snake(b) }

var (
	notAlphanumeric = regexp.MustCompile(`[^a-zA-Z\d_]+`)
	wordBreak       = regexp.MustCompile(`([^_])([A-Z][a-z]+)`)
	capitalBreak    = regexp.MustCompile(`([a-z0-9])([A-Z])`)
	underscores     = regexp.MustCompile(`__+`)
	reduceAlphabet  = strings.NewReplacer("+", "x", "-", "_", "*", "x", "@", "a", "|", "l")
)

// Snake is the name that dlt's default naming, snake_case, makes of a name; without its limit of length.
func Snake(name string) string {
	name = notAlphanumeric.ReplaceAllString(reduceAlphabet.Replace(strings.TrimSpace(name)), "_")
	name = wordBreak.ReplaceAllString(name, "${1}_${2}")
	name = strings.ToLower(capitalBreak.ReplaceAllString(name, "${1}_${2}"))
	if name != "" && name[0] >= '0' && name[0] <= '9' {
		name = "_" + name
	}
	stripped := strings.TrimRight(name, "_")
	return underscores.ReplaceAllString(stripped+strings.Repeat("x", len(name)-len(stripped)), "_")
}
