package table

import (
	"slices"
	"strings"
	"unicode"
)

// SameColumn reports whether two names mean the same column. The servers ignore letter case in
// column names, and so must everything that looks a column up or compares keys.
//
// It folds what every server folds. Letters that Unicode got after version 3.0 have no case in
// MySQL and in MariaDB before 11.5, and four signs that are an ordinary letter's double, such as
// the Kelvin sign, have none in MariaDB. Where a server folds more than this, a column counts as
// missing, and the server refuses to add it. Two columns of a server are never taken for one.
func SameColumn(a, b string) bool { return a == b || FoldColumn(a) == FoldColumn(b) }

// HasColumn reports whether a list of columns' names has a name; see SameColumn.
func HasColumn(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return SameColumn(n, name) })
}

// FoldColumn is the form of a column's name that is equal for all spellings of it; a map that
// has columns for keys is keyed by it.
func FoldColumn(name string) string {
	return strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII && unicode.Is(caseless, r) {
			return r
		}
		return unicode.ToLower(r)
	}, name)
}

// caseless are the letters with a lower case in Unicode and none in the servers' identifiers.
var caseless = &unicode.RangeTable{R16: []unicode.Range16{
	{0x0130, 0x0130, 1},
	{0x0220, 0x0220, 1},
	{0x023a, 0x024f, 1},
	{0x0370, 0x037f, 1},
	{0x03cf, 0x03cf, 1},
	{0x03d8, 0x03d8, 1},
	{0x03f4, 0x03f4, 1},
	{0x03f7, 0x03ff, 1},
	{0x048a, 0x048a, 1},
	{0x04c0, 0x04c0, 1},
	{0x04c5, 0x04c5, 1},
	{0x04c9, 0x04c9, 1},
	{0x04cd, 0x04cd, 1},
	{0x04f6, 0x04f6, 1},
	{0x04fa, 0x052f, 1},
	{0x10a0, 0x13ff, 1},
	{0x1c90, 0x1cbf, 1},
	{0x1e9e, 0x1e9e, 1},
	{0x1efa, 0x1eff, 1},
	{0x2126, 0x2126, 1},
	{0x212a, 0x212b, 1},
	{0x2132, 0x2132, 1},
	{0x2183, 0x2183, 1},
	{0x2c00, 0xfeff, 1},
}}
