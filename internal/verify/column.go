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
	no := fmt.Errorf("column %s: %s at the source and %s on the target cannot be compared exactly", s.Name, s.Type,
		t.Type)
	switch {
	case s.Kind == table.KindUnsupported || t.Kind == table.KindUnsupported:
		return nil, no
	case isWhole(s.Kind) && isWhole(t.Kind):
		return nil, nil
	case isWhole(s.Kind) && t.Kind == table.KindDecimal:
		return trimmed(t.Scale > 0), nil
	case isFloat(s.Kind) && isFloat(t.Kind):
		return nil, nil
	case isMoment(s.Kind) && isMoment(t.Kind), s.Kind == table.KindTime && t.Kind == table.KindTime:
		return trimmed(s.Precision != t.Precision), nil
	case s.Kind == table.KindJSON && t.Kind == table.KindString, s.Kind == table.KindString && t.Kind == table.KindJSON:
		return canonicalJSON(t.Kind == table.KindJSON), nil
	case t.Kind == table.KindString && s.Kind != t.Kind:
		if printsAsText(s) && (!t.RawCharset || t.Charset == "ascii") {
			return nil, nil
		}
		return nil, no
	case s.Kind != t.Kind:
		return nil, no
	}
	return formOfOneKind(s, t, no)
}

// formOfOneKind is the form of two columns of one kind; no is the error where there is none.
func formOfOneKind(s, t table.Column, no error) (form, error) {
	switch s.Kind {
	case table.KindDecimal:
		return trimmed(s.Scale != t.Scale), nil
	case table.KindString:
		if !table.ReadAlike(s, t) {
			return nil, no
		}
	case table.KindBytes:
		// Filled up with zeros, two values are one.
		if isFixed(t) && !(isFixed(s) && s.Length == t.Length) {
			return nil, no
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

// printsAsText reports whether a column of text holds just what is read of such a column: no two values of it have one
// text.
func printsAsText(c table.Column) bool {
	switch c.Kind {
	case table.KindUUID, table.KindInet:
		return true
	case table.KindEnum:
		return !slices.Contains(c.Members, "")
	case table.KindSet:
		return !c.SetByNumber()
	default:
		return false
	}
}

// isWhole reports whether the kind's text is a whole number.
func isWhole(k table.Kind) bool { return k.IsInteger() || k == table.KindBit || k == table.KindYear }

func isFloat(k table.Kind) bool { return k == table.KindFloat || k == table.KindDouble }

func isMoment(k table.Kind) bool { return k == table.KindDateTime || k == table.KindTimestamp }

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

// plainZero is 0 for −0.
func plainZero(v []byte) []byte {
	if string(v) == "-0" {
		return v[1:]
	}
	return v
}
