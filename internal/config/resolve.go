package config

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tablehaul/tablehaul/internal/table"
)

// ErrUnknownTable is wrapped by Config.Table for a table that the configuration does not name.
var ErrUnknownTable = errors.New("not in the configuration")

// Pattern is an entry of tables that names a family: which tables it has, only the source knows.
type Pattern struct {
	// Name is the entry's text, such as "shop.log_*"; Schema is its first half.
	Name   string
	Schema string
	// Target is the target's pattern, in the same form.
	Target string
	// Connection is where its tables are read from, TargetConnection where they go.
	Connection       string
	TargetConnection string
	Cursor           string

	entry entry
}

// Match reports whether n is one of the family. An exact entry or an earlier pattern may still own it.
func (p Pattern) Match(n table.Name) bool {
	_, ok := p.entry.match(n)
	return ok
}

// Settings are those that every table of the family has; they name no table.
func (p Pattern) Settings() Table { return p.entry.settings }

// Table is what the configuration says about the source table n. Exact names win over patterns,
// then the first match. The error wraps ErrUnknownTable and names tables that look alike.
func (c *Config) Table(n table.Name) (Table, error) {
	for _, wild := range []bool{false, true} {
		for _, e := range c.entries {
			if e.source.wild != wild {
				continue
			}
			if star, ok := e.match(n); ok {
				t := e.settings
				t.Name, t.Target = n, e.targetOrSame().fill(star)
				return t, nil
			}
		}
	}
	return Table{}, fmt.Errorf("table %s is %w; %s", n, ErrUnknownTable, c.instead(n))
}

// Tables are the tables named exactly, resolved, in the file's order.
func (c *Config) Tables() []Table {
	var out []Table
	for _, e := range c.entries {
		if e.source.wild {
			continue
		}
		t := e.settings
		t.Name, t.Target = e.source.fill(""), e.targetOrSame().fill("")
		out = append(out, t)
	}
	return out
}

// Patterns are the entries that name families, in the file's order.
func (c *Config) Patterns() []Pattern {
	var out []Pattern
	for _, e := range c.entries {
		if e.source.wild {
			out = append(out, Pattern{
				Name: e.source.String(), Schema: e.source.schema, Target: e.targetOrSame().String(),
				Connection: e.settings.SourceConnection, TargetConnection: e.settings.TargetConnection,
				Cursor: e.settings.Cursor, entry: e,
			})
		}
	}
	return out
}

// shownNames bounds the list in a message about an unknown table.
const shownNames = 5

// instead is the remedy for an unknown table: names that look alike, or some that there are.
func (c *Config) instead(n table.Name) string {
	var names, sameTable []string
	for i, e := range c.entries {
		if _, ok := e.source.match(n); ok && e.excludes(n) {
			return fmt.Sprintf("tables[%d].exclude leaves it out of %s", i, e.source)
		}
		names = append(names, e.source.String())
		if !e.source.wild && e.source.prefix == n.Table {
			sameTable = append(sameTable, e.source.String())
		}
	}
	if near := didYouMean(n.String(), names); len(near) > 0 {
		return "did you mean " + strings.Join(near, " or ") + "?"
	}
	if len(sameTable) > 0 {
		return "did you mean " + strings.Join(sameTable[:min(shownNames, len(sameTable))], " or ") + "?"
	}
	more := ""
	if len(names) > shownNames {
		more = fmt.Sprintf(" and %d more", len(names)-shownNames)
		names = names[:shownNames]
	}
	return "it names " + strings.Join(names, ", ") + more
}
