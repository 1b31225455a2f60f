package mysqldb

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/table"
)

func TestScalesGuessBetweenTwoValues(t *testing.T) {
	for _, c := range []struct {
		column       table.Column
		lo, hi, want string
	}{
		{table.Column{Kind: table.KindInt, Bits: 64}, "-9223372036854775808", "9223372036854775807", "-1"},
		{table.Column{Kind: table.KindUint, Bits: 64}, "18446744073709551613", "18446744073709551615", "18446744073709551614"},
		{table.Column{Kind: table.KindBit, Bits: 64}, "4", "5", "4"},
		{table.Column{Kind: table.KindYear}, "0", "2100", "2000"},
		{table.Column{Kind: table.KindYear}, "0", "1901", "0"},
		{table.Column{Kind: table.KindDecimal, Precision: 10, Scale: 3}, "-1.100", "1.000", "-0.050"},
		{table.Column{Kind: table.KindDecimal, Precision: 40}, "9", "90000000000000000000000000000001", "45000000000000000000000000000005"},
		{table.Column{Kind: table.KindDouble}, "-1.7e+308", "1.7e+308", "0"},
		{table.Column{Kind: table.KindFloat}, "0.10000000149011612", "0.20000000298023224", "0.15000000596046448"},
		{table.Column{Kind: table.KindDate}, "0000-00-00", "2024-02-30", "1012-01-15"},
		{table.Column{Kind: table.KindDate}, "2024-02-29", "2024-03-02", "2024-02-28"},
		{table.Column{Kind: table.KindDateTime, Precision: 6}, "2024-01-01 00:00:00.000001", "2024-01-01 23:00:00.000003", "2024-01-01 11:30:00.000002"},
		{table.Column{Kind: table.KindTimestamp}, "0000-00-00 00:00:00", "2037-01-01 00:00:00", "1970-01-01 00:00:01"},
		{table.Column{Kind: table.KindTime, Precision: 3}, "-838:59:59.000", "-00:00:00.500", "-419:29:59.750"},
		{table.Column{Kind: table.KindInet, Type: "inet6"}, "::", "ffff::", "7fff:8000::"},
		{table.Column{Kind: table.KindInet, Type: "inet4"}, "0.0.0.0", "255.255.255.255", "127.255.255.255"},
		{table.Column{Kind: table.KindBytes}, "same\x00", "same\xff\xff", "same\x7f\xff\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00"},
		{table.Column{Kind: table.KindUUID}, "ffffffff-0000-4000-8000-000000000000", "00000000-0000-4000-8000-00000000000c", "7fffffff-0000-4000-8000-000000000006"},
	} {
		s := newScale(nil, posPart{column: c.column})
		got, ok, err := s.ways[0](t.Context(), c.lo, c.hi)
		require.NoError(t, err)
		require.True(t, ok, "%+v", c)
		require.Equal(t, c.want, got, "%s … %s", c.lo, c.hi)
		for _, way := range s.ways {
			_, ok, err := way(t.Context(), c.lo, c.lo)
			require.NoError(t, err)
			require.False(t, ok, "between %s and itself", c.lo)
		}
	}
}

// sortedAlphabet is an alphabet that needs no server: it knows the given classes.
func sortedAlphabet(classes ...string) *alphabet {
	a := &alphabet{class: map[rune]int{}, column: table.Column{Length: 20}}
	for i, equal := range classes {
		for _, r := range equal {
			a.class[r] = i + 1
			a.known = append(a.known, r)
		}
		a.letters = append(a.letters, []rune(equal)[0])
	}
	slices.Sort(a.known)
	return a
}

func TestAlphabetGuessesByTheOrderOfTheCollation(t *testing.T) {
	a := sortedAlphabet("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "aA", "bB", "cC", "dD", "eE", "fF")
	for _, c := range [][3]string{
		{"0", "f", "7"},
		{"A7", "b7", "af"},
		{"Abc1", "aBC5", "Abc3"},
		{"a", "a2", "a0"},
		{"b", "a", ""},
		{"e", "E", ""},
	} {
		got, ok, err := a.between(t.Context(), c[0], c[1])
		require.NoError(t, err)
		require.Equal(t, c[2] != "", ok, "%v", c)
		if ok {
			require.Equal(t, c[2], got[:len(c[2])], "%v: %q", c, got)
		}
	}
}
