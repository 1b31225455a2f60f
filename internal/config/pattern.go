package config

import (
	"fmt"
	"strings"

	"github.com/tablehaul/tablehaul/internal/table"
)

// pattern is a table name, or a family of names with any characters between prefix and suffix.
type pattern struct {
	schema string
	prefix string
	suffix string
	wild   bool
	// broken marks a name that was refused, so that it causes no second problem.
	broken bool
}

// parsePattern reads schema.table with at most one * in the table's half, outside backticks.
func parsePattern(s string) (p pattern, wrong string) {
	n, err := table.ParseName(s)
	if err != nil {
		return pattern{}, "is not a table's name"
	}
	p = pattern{schema: n.Schema, prefix: n.Table}
	if !strings.HasPrefix(s, "`") && strings.Contains(n.Schema, "*") {
		return pattern{}, "has a * in the schema"
	}
	if strings.HasSuffix(s, "`") || !strings.Contains(n.Table, "*") {
		return p, ""
	}
	p.wild = true
	p.prefix, p.suffix, _ = strings.Cut(n.Table, "*")
	if strings.Contains(p.suffix, "*") {
		return pattern{}, "has more than one *"
	}
	return p, ""
}

// match reports whether n is one of the family, and what its * stands for.
func (p pattern) match(n table.Name) (star string, ok bool) {
	if n.Schema != p.schema {
		return "", false
	}
	if !p.wild {
		return "", n.Table == p.prefix
	}
	if len(n.Table) < len(p.prefix)+len(p.suffix) {
		return "", false
	}
	rest, ok := strings.CutPrefix(n.Table, p.prefix)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(rest, p.suffix)
}

// fill is the family's name for star.
func (p pattern) fill(star string) table.Name {
	return table.Name{Schema: p.schema, Table: p.prefix + star + p.suffix}
}

func (p pattern) String() string {
	if !p.wild {
		return p.fill("").String()
	}
	// A * in the name's own text cannot occur here: then it would be in backticks and not wild.
	return strings.Replace(p.fill("\x01").String(), "\x01", "*", 1)
}

// zero reports whether nothing was given.
func (p pattern) zero() bool { return p == pattern{} }

// covers reports whether every name of q is one of p's.
func (p pattern) covers(q pattern) bool {
	_, ok := p.match(q.fill(witness))
	return ok && (p.wild || !q.wild)
}

// witness stands for "some characters" in comparisons of patterns: no real name holds it.
const witness = "\x01"

// common is a name of both families, if there is one.
func common(p, q pattern) (table.Name, bool) {
	switch {
	case p.schema != q.schema:
		return table.Name{}, false
	case !p.wild:
		_, ok := q.match(p.fill(""))
		return p.fill(""), ok
	case !q.wild:
		return common(q, p)
	}
	longest := func(a, b string) string {
		if len(a) > len(b) {
			return a
		}
		return b
	}
	n := table.Name{Schema: p.schema, Table: longest(p.prefix, q.prefix) + witness + longest(p.suffix, q.suffix)}
	_, inP := p.match(n)
	_, inQ := q.match(n)
	return n, inP && inQ
}

// Matcher reads schema.table or schema.part_*, as tables are named on a command line. wild says
// that it has a *; match reports whether a table is meant.
func Matcher(text string) (match func(table.Name) bool, wild bool, err error) {
	p, wrong := parsePattern(text)
	if wrong != "" {
		return nil, false, fmt.Errorf("%q %s: write schema.table or schema.part_*", text, wrong)
	}
	return func(n table.Name) bool { _, ok := p.match(n); return ok }, p.wild, nil
}
