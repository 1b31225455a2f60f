package integration_test

import (
	"fmt"
	"slices"
	"strings"
)

var numberColumns = []typeCase{
	{name: "flag", ddl: "BOOL", values: []string{"TRUE", "FALSE", "-128"}},
	{name: "dec_max", ddl: "DECIMAL(65,30)", values: []string{
		strings.Repeat("9", 35) + "." + strings.Repeat("9", 30),
		"-" + strings.Repeat("9", 35) + "." + strings.Repeat("9", 30),
		"0." + strings.Repeat("0", 29) + "1", "-0." + strings.Repeat("0", 29) + "1", "0", "1.10",
	}},
	{name: "dec_int", ddl: "DECIMAL(65,0)", values: []string{
		strings.Repeat("9", 65), "-" + strings.Repeat("9", 65),
		"0",
	}},
	{name: "dec_fraction", ddl: "DECIMAL(30,30)", values: []string{
		"0." + strings.Repeat("9", 30),
		"-0." + strings.Repeat("9", 30), "0",
	}},
	{name: "dec_small", ddl: "DECIMAL(9,2)", values: []string{"9999999.99", "-9999999.99", "-0.01", "0.00"}},
	{name: "dec_18", ddl: "DECIMAL(18,6)", values: []string{
		"999999999999.999999", "-999999999999.999999",
		"0.000001",
	}},
	{name: "dec_unsigned", ddl: "DECIMAL(10,4) UNSIGNED", values: []string{"999999.9999", "0.0001", "0"}},
	{
		name: "dec_zerofill", ddl: "DECIMAL(10,3) UNSIGNED ZEROFILL",
		values: []string{"0", "0.5", "12.345", "9999999.999"},
	},
	{name: "int_zerofill", ddl: "INT(8) UNSIGNED ZEROFILL", values: []string{"0", "42", "4294967295"}},
	{
		name: "big_zerofill", ddl: "BIGINT(20) UNSIGNED ZEROFILL",
		values: []string{"0", "42", "18446744073709551615"},
	},
	{name: "f", ddl: "FLOAT", oracle: asDouble, values: []string{
		"0.1e0", "16777216e0", "16777217e0 + 2", "3.4028234663852886e38", "-3.4028234663852886e38",
		"1.401298464324817e-45",
		"-1.401298464324817e-45", "1.1754943508222875e-38", "1.1754942106924411e-38", "0e0", "123456.789e0",
		"1e0/3",
	}},
	{
		name: "f_digits", ddl: "FLOAT(7,2)", oracle: asDouble,
		values: []string{"99999.99", "-99999.99", "0.01", "12345.67", "0"},
	},
	{
		name: "f_unsigned", ddl: "FLOAT UNSIGNED", oracle: asDouble,
		values: []string{"3.4028234663852886e38", "0.1e0"},
	},
	{name: "d", ddl: "DOUBLE", oracle: asDouble, values: []string{
		"0.1e0", "0.30000000000000004e0", "1.7976931348623157e308", "-1.7976931348623157e308", "5e-324", "-5e-324",
		"2.2250738585072014e-308", "2.2250738585072009e-308", "9007199254740993e0", "1e15", "1e16", "1e-5",
		"123456789012345678e0", "0e0",
	}},
	{
		name: "d_digits", ddl: "DOUBLE(12,3)", oracle: asDouble,
		values: []string{"999999999.999", "-0.001", "123456789.123"},
	},
	// MariaDB has no −0
	{name: "f_minus", ddl: "FLOAT", oracle: asDouble, values: []string{"-0e0", "0e0"}, on: onlyMySQL},
	// neither here
	{name: "d_minus", ddl: "DOUBLE", oracle: asDouble, values: []string{"-0e0", "0e0"}, on: onlyMySQL},
	{name: "y", ddl: "YEAR", values: []string{"0", "1901", "1970", "2000", "2155"}},
}

func numberCases() []typeCase {
	cases := slices.Clone(numberColumns)
	for _, n := range []struct {
		name string
		bits uint
	}{{"TINYINT", 8}, {"SMALLINT", 16}, {"MEDIUMINT", 24}, {"INT", 32}, {"BIGINT", 64}} {
		low := fmt.Sprint(-1 << (n.bits - 1))
		high := fmt.Sprint(uint64(1)<<(n.bits-1) - 1)
		cases = append(cases,
			typeCase{name: strings.ToLower(n.name) + "_s", ddl: n.name, values: []string{low, high, "0", "-1", "1"}},
			typeCase{
				name: strings.ToLower(n.name) + "_u", ddl: n.name + " UNSIGNED",
				values: []string{"0", "1", fmt.Sprint(^uint64(0) >> (64 - n.bits))},
			})
	}
	for _, bits := range []uint{1, 2, 7, 8, 9, 31, 32, 33, 63, 64} {
		cases = append(cases, typeCase{
			name: fmt.Sprintf("bit_%d", bits), ddl: fmt.Sprintf("BIT(%d)", bits), oracle: asNumber,
			values: []string{"0", fmt.Sprint(^uint64(0) >> (64 - bits))},
		})
	}
	return cases
}

func momentCases() []typeCase {
	cases := []typeCase{
		{name: "date_", ddl: "DATE", values: []string{
			"'0000-00-00'", "'2024-00-15'", "'2024-02-30'", "'2024-01-00'", "'0000-01-01'", "'0001-01-01'",
			"'1582-10-10'",
			"'1969-12-31'", "'1970-01-01'", "'2024-02-29'", "'9999-12-31'",
		}},
		// MySQL ends at 838:59:59
		{
			name: "time_long", ddl: "TIME(6)", values: []string{"'838:59:59.999999'", "'-838:59:59.999999'"},
			on: onlyMariaDB,
		},
	}
	for digits := range 7 {
		// tail is the last fraction that the precision has; first the smallest.
		tail, first := "", ""
		if digits > 0 {
			tail, first = "."+strings.Repeat("9", digits), "."+strings.Repeat("0", digits-1)+"1"
		}
		cases = append(cases,
			typeCase{
				name: fmt.Sprintf("datetime_%d", digits), ddl: fmt.Sprintf("DATETIME(%d)", digits),
				values: []string{
					"'0000-00-00 00:00:00'", "'2024-00-15 10:00:00" + tail + "'", "'2024-02-30 23:59:59" + tail + "'",
					"'0000-01-01 00:00:00'",
					"'0001-01-01 00:00:00'", "'1000-01-01 00:00:00" + first + "'", "'1969-12-31 23:59:59" + tail + "'",
					"'1970-01-01 00:00:00'",
					"'2024-03-31 02:30:00" + first + "'", "'9999-12-31 23:59:59" + tail + "'",
				},
			},
			typeCase{
				name: fmt.Sprintf("timestamp_%d", digits), ddl: fmt.Sprintf("TIMESTAMP(%d)", digits),
				values: []string{
					"'0000-00-00 00:00:00'", "'1970-01-01 00:00:01'", "'2024-03-31 01:30:00" + first + "'",
					"'2024-10-27 00:30:00" + tail + "'",
					"'2024-10-27 01:30:00" + tail + "'", "'2038-01-19 03:14:07" + tail + "'",
				},
			},
			typeCase{name: fmt.Sprintf("time_%d", digits), ddl: fmt.Sprintf("TIME(%d)", digits), values: []string{
				"'-838:59:59'", "'838:59:59'", "'838:59:58" + tail + "'", "'-838:59:58" + tail + "'",
				"'-00:00:01" + tail + "'",
				"'00:00:00'", "'23:59:59" + tail + "'", "'24:00:00'", "'12:00:00" + first + "'",
			}})
	}
	return cases
}

func memberCases() []typeCase {
	many, set := make([]string, 0, 300), make([]string, 0, 64)
	for i := range 300 {
		many = append(many, fmt.Sprintf("'m%d'", i))
	}
	for i := range 64 {
		set = append(set, fmt.Sprintf("'s%d'", i))
	}
	odd := `'a','A b','c,d','e''f','g"h','i\\j','ü','日','%',' lead','x\ny'`
	return []typeCase{
		{name: "enum_odd", ddl: "ENUM(" + odd + ") COLLATE utf8mb4_bin", values: numbers(0, 11), oracle: asMember},
		{
			name: "enum_many", ddl: "ENUM(" + strings.Join(many, ",") + ")",
			values: []string{"0", "1", "255", "256", "300"}, oracle: asMember,
		},
		// The error value is '' too, and yet another value than the empty member.
		{name: "enum_empty", ddl: "ENUM('a','','b')", values: numbers(0, 3), oracle: asMember},
		{name: "enum_digits", ddl: "ENUM('2','1','0')", values: numbers(0, 3), oracle: asMember},
		{name: "enum_latin1", ddl: `ENUM('é','€','') CHARACTER SET latin1`, values: numbers(0, 3), oracle: asMember},
		{name: "enum_sjis", ddl: `ENUM('ソ','表','a') CHARACTER SET sjis`, values: numbers(0, 3), oracle: asMember},
		{name: "enum_sjis_empty", ddl: `ENUM('ソ','') CHARACTER SET sjis`, values: numbers(0, 2), oracle: asMember},
		{name: "enum_binary", ddl: `ENUM('a','A') CHARACTER SET binary`, values: numbers(0, 2), oracle: asMember},
		{name: "enum_ucs2", ddl: `ENUM('a','é') CHARACTER SET ucs2`, values: numbers(0, 2), oracle: asMember},
		{name: "enum_utf32", ddl: `ENUM('a','日') CHARACTER SET utf32`, values: numbers(0, 2), oracle: asMember},
		{
			name: "set_odd", ddl: `SET('a','A b','e''f','g"h','i\\j','ü','日',' lead') COLLATE utf8mb4_bin`,
			values: []string{"0", "1", "2", "255", "85", "128"}, oracle: asMember,
		},
		{
			name: "set_all", ddl: "SET(" + strings.Join(set, ",") + ")",
			values: []string{"0", "1", "9223372036854775808", "18446744073709551615"}, oracle: asMember,
		},
		{name: "set_sjis", ddl: `SET('ソ','表') CHARACTER SET sjis`, values: numbers(0, 3), oracle: asMember},
		{name: "set_empty", ddl: `SET('')`, values: []string{"0"}, oracle: asMember},
	}
}

func numbers(first, last int) []string {
	var out []string
	for i := first; i <= last; i++ {
		out = append(out, fmt.Sprint(i))
	}
	return out
}
