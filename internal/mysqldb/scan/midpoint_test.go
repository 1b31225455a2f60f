package scan

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/table"
)

func TestMidpointsLieBetweenTwoValues(t *testing.T) {
	for _, c := range []struct {
		column       table.Column
		lo, hi, want string
	}{
		{table.Column{Kind: table.KindInt, Bits: 64}, "-9223372036854775808", "9223372036854775807", "-1"},
		{
			table.Column{Kind: table.KindUint, Bits: 64},
			"18446744073709551613", "18446744073709551615",
			"18446744073709551614",
		},
		{table.Column{Kind: table.KindBit, Bits: 64}, "4", "5", "4"},
		{table.Column{Kind: table.KindYear}, "0", "2100", "2000"},
		{table.Column{Kind: table.KindYear}, "0", "1901", "0"},
		{table.Column{Kind: table.KindDecimal, Precision: 10, Scale: 3}, "-1.100", "1.000", "-0.050"},
		{
			table.Column{Kind: table.KindDecimal, Precision: 40},
			"9", "90000000000000000000000000000001",
			"45000000000000000000000000000005",
		},
		{table.Column{Kind: table.KindDouble}, "-1.7e+308", "1.7e+308", "0"},
		{table.Column{Kind: table.KindFloat}, "0.10000000149011612", "0.20000000298023224", "0.15000000596046448"},
		{table.Column{Kind: table.KindDate}, "0000-00-00", "2024-02-30", "1012-01-15"},
		{table.Column{Kind: table.KindDate}, "2024-02-29", "2024-03-02", "2024-02-28"},
		{
			table.Column{Kind: table.KindDateTime, Precision: 6},
			"2024-01-01 00:00:00.000001",
			"2024-01-01 23:00:00.000003", "2024-01-01 11:30:00.000002",
		},
		{table.Column{Kind: table.KindTimestamp}, "0000-00-00 00:00:00", "2037-01-01 00:00:00", "1970-01-01 00:00:01"},
		{table.Column{Kind: table.KindTime, Precision: 3}, "-838:59:59.000", "-00:00:00.500", "-419:29:59.750"},
		{table.Column{Kind: table.KindInet, Type: "inet6"}, "::", "ffff::", "7fff:8000::"},
		{table.Column{Kind: table.KindInet, Type: "inet4"}, "0.0.0.0", "255.255.255.255", "127.255.255.255"},
		{
			table.Column{Kind: table.KindBytes},
			"same\x00", "same\xff\xff",
			"same\x7f\xff\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00",
		},
		{
			table.Column{Kind: table.KindUUID},
			"ffffffff-0000-4000-8000-000000000000",
			"00000000-0000-4000-8000-00000000000c", "7fffffff-0000-4000-8000-000000000006",
		},
	} {
		m := newMidpointer(posPart{column: c.column})
		got, ok := m.strategies[0](c.lo, c.hi)
		require.True(t, ok, "%+v", c)
		require.Equal(t, c.want, got, "%s … %s", c.lo, c.hi)
		for _, strategy := range m.strategies {
			_, ok := strategy(c.lo, c.lo)
			require.False(t, ok, "between %s and itself", c.lo)
		}
	}
}

func TestMidpointsOfTexts(t *testing.T) {
	ci, bin := table.Column{
		Kind:      table.KindString,
		Collation: "utf8mb4_0900_ai_ci",
		Length:    20,
	}, table.Column{
		Kind:      table.KindString,
		Collation: "utf8mb4_bin",
	}
	for _, c := range []struct {
		column         table.Column
		strategy       int
		lo, hi, prefix string
	}{
		{ci, 0, "0", "f", "7"},
		{ci, 0, "A7", "b7", "af"},
		{ci, 0, "Abc1", "aBC5", "abc3"},
		{ci, 0, "Österreich", "Zürich", "u"},
		{ci, 0, "Абрамов", "Яковлев", "п"},
		{ci, 0, "b", "A", ""},
		{ci, 0, "e", "É", ""},
		{ci, 1, "zebra", "åsa", "²"},
		{ci, 2, "王伟", "李娜", "李"},
		{ci, 2, "smith 1", "smith 27", "smith 2"},
		{bin, 0, "A", "z", "j"},
		{bin, 0, "a", "a2", "a0"},
		{bin, 1, "b", "a", "a"},
	} {
		got, ok := textStrategies(c.column)[c.strategy](c.lo, c.hi)
		require.Equal(t, c.prefix != "", ok, "%+v", c)
		require.True(t, strings.HasPrefix(got, c.prefix), "%+v: %q", c, got)
	}
}
