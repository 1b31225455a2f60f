package survey

import (
	"regexp"
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/table"
)

// joinFindings moves a finding that several tables have in the same words to Common. Such a finding is about the server
// or the login, so it refuses no table.
func (r *Result) joinFindings() {
	key := func(f table.Finding) table.Finding { f.Table = ""; return f }
	count := map[table.Finding]int{}
	for _, t := range r.Tables {
		for _, f := range t.Findings {
			count[key(f)]++
		}
	}
	shared := func(f table.Finding) bool {
		return f.Column == "" && f.Topic != table.TopicKey && f.Topic != table.TopicCursor && count[key(f)] > 1
	}
	for _, t := range r.Tables {
		for _, f := range t.Findings {
			if k := key(f); shared(f) && !slices.Contains(r.Common, k) {
				r.Common = append(r.Common, k)
			}
		}
		t.Findings = slices.DeleteFunc(t.Findings, shared)
		t.Refused = refused(t.Findings)
	}
}

// numbered matches a table name that ends with a number or a date.
var numbered = regexp.MustCompile(`^(.*?[^0-9_])_?[0-9]+(?:_[0-9]+)*$`)

// minFamily is how many similar tables get one entry with a *.
const minFamily = 3

// joinFamilies finds tables whose names differ only in a number at the end, and whose keys and cursors are equal.
func (r *Result) joinFamilies() {
	type group struct{ schema, stem, key, cursor string }
	groups := map[group][]*Table{}
	for _, t := range r.Tables {
		m := numbered.FindStringSubmatch(t.name.Table)
		if m == nil || t.Refused || strings.Contains(t.name.Table, "*") {
			continue
		}
		stem := m[1]
		if strings.HasPrefix(t.name.Table[len(stem):], "_") {
			stem += "_"
		}
		g := group{t.name.Schema, stem, strings.Join(t.Key, ","), t.Cursor}
		groups[g] = append(groups[g], t)
	}
	for g, members := range groups {
		if len(members) < minFamily {
			continue
		}
		family := strings.Replace(table.Name{Schema: g.schema, Table: g.stem + "\x01"}.String(), "\x01", "*", 1)
		if strings.Contains(family, "`") {
			continue // in backticks a * is an ordinary character
		}
		for _, t := range members {
			t.Family = family
		}
	}
}
