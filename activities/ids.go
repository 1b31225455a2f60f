package activities

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// IDText writes a table's name as a part of a workflow id. Printable ASCII stays as it is;
// everything else, and the percent sign, becomes %uXXXX: Temporal's clients send ids in headers
// of requests, and refuse to send other characters there.
//
// Even 128 characters of which none is ASCII stay below the 1,000 that an id may have.
func IDText(tbl string) string {
	var b strings.Builder
	for _, r := range tbl {
		switch {
		case r >= ' ' && r <= '~' && r != '%':
			b.WriteRune(r)
		case r <= 0xFFFF:
			fmt.Fprintf(&b, "%%u%04X", r)
		default:
			fmt.Fprintf(&b, "%%U%06X", r)
		}
	}
	return b.String()
}

var idEscape = regexp.MustCompile(`%u[0-9A-F]{4}|%U[0-9A-F]{6}`)

// TableOfID reads back what IDText wrote.
func TableOfID(text string) string {
	return idEscape.ReplaceAllStringFunc(text, func(s string) string {
		r, err := strconv.ParseUint(s[2:], 16, 32)
		if err != nil {
			return s
		}
		return string(rune(r))
	})
}
