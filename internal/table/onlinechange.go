package table

import (
	"regexp"
	"strings"
)

// onlineChange are the names that tools for online schema changes give to the tables beside the
// one that they change: gh-ost _x_gho, _x_ghc, _x_del and _x_20240131120000_del, pt-online-schema-change
// _x_new and _x_old, with further underscores in front where a name is taken.
var onlineChange = regexp.MustCompile(`(?s)^_+(.+?)(?:_[0-9]{14})?_(gho|ghc|del|new|old)$`)

// StateTable is the table of Tablehaul's own in the schema of each target.
const StateTable = "tablehaul_state"

// longestName is how many characters a name can have; gh-ost cuts the original's name to fit.
const longestName = 64

// WithoutOnlineChanges splits the tables of one schema into those of the schema itself and those
// that belong to Tablehaul itself or to a tool for online schema changes (gh-ost, pt-online-schema-change). A name that
// ends with _gho or _ghc is always gh-ost's. One with _del, _new or _old counts only where the
// table that it would stand beside is in the schema: anybody may name a table so.
func WithoutOnlineChanges(names []Name) (kept, left []Name) {
	here := make(map[string]bool, len(names))
	for _, n := range names {
		here[n.Table] = true
	}
	for _, n := range names {
		if strings.EqualFold(n.Table, StateTable) || isReplacement(n.Table) || isOnlineChange(n.Table, here) {
			left = append(left, n)
		} else {
			kept = append(kept, n)
		}
	}
	return kept, left
}

func isOnlineChange(name string, here map[string]bool) bool {
	m := onlineChange.FindStringSubmatch(name)
	if m == nil {
		return false
	}
	if m[2] == "gho" || m[2] == "ghc" || here[m[1]] {
		return true
	}
	// The original's own name may begin with underscores.
	for rest := m[1]; len(rest) < len(name); {
		rest = "_" + rest
		if !strings.HasPrefix(name[1:], rest) {
			break
		}
		if here[rest] {
			return true
		}
	}
	if len([]rune(name)) < longestName {
		return false
	}
	for original := range here {
		if original != name && strings.HasPrefix(original, m[1]) {
			return true
		}
	}
	return false
}
