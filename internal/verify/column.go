package verify

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/table"
)

// Column is a column whose values both sides hold.
type Column struct {
	Source table.Column `json:"source"`
	Target table.Column `json:"target"`
}

// form rewrites a value so that equal values of both sides have equal bytes. nil leaves it as it is.
type form func(v []byte) []byte

// forms are how the values of both sides are compared. The error names the column and its types.
func (c Column) forms() (form, error) {
	s, t := c.Source, c.Target
	no := fmt.Errorf(
		"column %s: %s at the source and %s on the target cannot be compared exactly",
		s.Name,
		s.Type,
		t.Type,
	)
	switch {
	case s.Kind == table.KindUnsupported || t.Kind == table.KindUnsupported:
		return nil, no
	case s.Kind.IsInteger() && t.Kind.IsInteger():
		return nil, nil
	case isFloat(s.Kind) && isFloat(t.Kind):
		return nil, nil
	case isMoment(s.Kind) && isMoment(t.Kind), s.Kind == table.KindTime && t.Kind == table.KindTime:
		return trimmed(s.Precision != t.Precision), nil
	case isJSON(s, t):
		return canonicalJSON, nil
	case s.Kind != t.Kind:
		return nil, no
	}
	switch s.Kind {
	case table.KindDecimal:
		return trimmed(s.Scale != t.Scale), nil
	case table.KindString:
		if s.RawCharset != t.RawCharset || s.RawCharset && s.Charset != t.Charset {
			return nil, no
		}
	case table.KindBytes:
		if isFixed(s) != isFixed(t) || isFixed(s) && s.Length != t.Length {
			return trimZeroBytes, nil
		}
	case table.KindEnum:
		if slices.Contains(s.Members, "") != slices.Contains(t.Members, "") {
			return nil, no
		}
	case table.KindSet:
		if s.SetByNumber() != t.SetByNumber() || s.SetByNumber() && !slices.Equal(s.Members, t.Members) {
			return nil, no
		}
	default:
	}
	return nil, nil
}

func isFloat(k table.Kind) bool { return k == table.KindFloat || k == table.KindDouble }

func isMoment(k table.Kind) bool { return k == table.KindDateTime || k == table.KindTimestamp }

// isJSON reports whether one side prints JSON in a form of its own, and the other holds the text.
func isJSON(s, t table.Column) bool {
	return s.Kind == table.KindJSON && t.Kind == table.KindString ||
		s.Kind == table.KindString && t.Kind == table.KindJSON
}

func isFixed(c table.Column) bool { return strings.HasPrefix(c.Type, "binary") }

// trimmed takes zeros away behind a point, and the point with them, where the sides have different numbers of digits.
func trimmed(differ bool) form {
	if !differ {
		return nil
	}
	return func(v []byte) []byte {
		if !slices.Contains(v, '.') {
			return v
		}
		for v[len(v)-1] == '0' {
			v = v[:len(v)-1]
		}
		if v[len(v)-1] == '.' {
			v = v[:len(v)-1]
		}
		return v
	}
}

// trimZeroBytes takes away the zero bytes with which a BINARY column fills a value up.
func trimZeroBytes(v []byte) []byte {
	for len(v) > 0 && v[len(v)-1] == 0 {
		v = v[:len(v)-1]
	}
	return v
}
