package sqltext

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tablehaul/tablehaul/internal/table"
)

// SetNumber is the number of a SET's bits. A sum would be a DOUBLE, which has fewer than 64, and
// MariaDB warns of a CAST of the highest.
func SetNumber(expr string) string { return "(" + expr + " | 0)" }

// setAppender writes values of a SET that travel by number. A SET gets the number of the same
// members, which may have other bits there; any other column gets the text that the source prints.
func setAppender(from, to table.Column) Appender {
	bits := make([]uint64, len(from.Members)) // of the target, by bit of the source; 0 for a member it lacks
	for i, member := range from.Members {
		if j := slices.Index(to.Members, member); to.Kind == table.KindSet && j >= 0 {
			bits[i] = 1 << j
		}
	}
	return func(dst, v []byte) ([]byte, error) {
		n, err := strconv.ParseUint(string(v), 10, 64)
		if err != nil || len(from.Members) < 64 && n>>len(from.Members) != 0 {
			return dst, errBadText
		}
		if to.Kind != table.KindSet {
			return AppendQuoted(dst, []byte(printedSet(from.Members, n))), nil
		}
		var out uint64
		for i := range bits {
			if n&(1<<i) == 0 {
				continue
			}
			if bits[i] == 0 {
				return dst, errBadText // such a target is refused by the plan
			}
			out |= bits[i]
		}
		return strconv.AppendUint(dst, out, 10), nil
	}
}

// printedSet is what both servers print for a SET: an empty member before all others leaves no comma.
func printedSet(members []string, n uint64) string {
	var b strings.Builder
	for i, member := range members {
		if n&(1<<i) == 0 {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(member)
	}
	return b.String()
}

// SetText is a text that a server reads as the members of a number: with an empty member's comma.
func SetText(members []string, number string) (string, error) {
	n, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		return "", errBadText
	}
	var names []string
	for i, member := range members {
		if n&(1<<i) != 0 {
			names = append(names, member)
		}
	}
	if len(names) == 1 && names[0] == "" {
		return ",", nil // without the comma no member at all
	}
	return strings.Join(names, ","), nil
}
