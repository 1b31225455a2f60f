package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing wrong with a configuration file.
type Problem struct {
	// Path is the key, such as "tables[1].cursor"; empty for the file as a whole.
	Path string `json:"path"`
	// Line is where, from 1; 0 where the problem is that something is missing.
	Line int `json:"line,omitempty"`
	// Text says what is wrong, Remedy what to do. Neither holds a secret.
	Text   string `json:"text"`
	Remedy string `json:"remedy,omitempty"`
}

// String is "tables[1].cursor: what is wrong (line 12); what to do".
func (p Problem) String() string {
	var b strings.Builder
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	b.WriteString(p.Text)
	if p.Line > 0 {
		fmt.Fprintf(&b, " (line %d)", p.Line)
	}
	if p.Remedy != "" {
		b.WriteString("; " + p.Remedy)
	}
	return b.String()
}

// Problems is the error of Load: everything wrong with one file, in the file's order.
type Problems struct {
	// File is the file's path; empty when it came from a plain reader.
	File string
	List []Problem
}

// Error is one line per problem below a heading.
func (p *Problems) Error() string {
	name := cmp.Or(p.File, "the configuration")
	noun := "problems"
	if len(p.List) == 1 {
		noun = "problem"
	}
	lines := []string{fmt.Sprintf("%s has %d %s:", name, len(p.List), noun)}
	for _, one := range p.List {
		lines = append(lines, "  "+one.String())
	}
	return strings.Join(lines, "\n")
}

// sorted orders by line; what has no line (something missing) comes last, in the order found.
func sorted(list []Problem) []Problem {
	slices.SortStableFunc(list, func(a, b Problem) int {
		if (a.Line == 0) != (b.Line == 0) {
			return cmp.Compare(b.Line, a.Line)
		}
		return cmp.Compare(a.Line, b.Line)
	})
	return list
}
