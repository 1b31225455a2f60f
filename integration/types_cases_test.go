package integration_test

import (
	"encoding/hex"
	"fmt"
	"strings"
)

func numberCases() []typeCase {
	cases := []typeCase{
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

// text is a literal of a UTF-8 text.
func text(s string) string { return "_utf8mb4 x'" + hex.EncodeToString([]byte(s)) + "'" }

// textValues are texts that every Unicode character set holds.
func textValues() []string {
	return []string{
		text(""), text(" "), text("a"), text("a "), text("  a"), text("A"), text("é"), text("e\u0301"), text("ß"),
		text("日本語"),
		text("\x00"), text("a\x00b"), text("\x00\x00"), text(`\`), text(`\\`), text(`\'`), text(`'`), text(`"`),
		text("`"), text("'; --"),
		text("\n"), text("\r\n"), text("\t"), text("\x1a"), text("%_"), text("NULL"), text("\\N"), text("\u200b"),
		text("\ufeff"), text("\uffff"),
		text("\u0080"), text("ﬁ"), text("İı"), text("\ue000"), text("0"), text("-0"), text("1e5"),
	}
}

func textCases() []typeCase {
	plain := textValues()
	wide := append(textValues(), text("😀"), text("a😀b"), text("👩‍👩‍👧"), text("\U0010ffff"), text("𝒳 "))
	cases := []typeCase{
		{
			name: "char_", ddl: "CHAR(12) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", values: notPadded(wide),
			oracle: asHex,
		},
		{
			name: "varchar_", ddl: "VARCHAR(12) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci", values: wide,
			oracle: asHex,
		},
		{
			name: "varchar_bin", ddl: "VARCHAR(12) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", values: wide,
			oracle: asHex,
		},
		{
			name: "varchar_general", ddl: "VARCHAR(12) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci", values: wide,
			oracle: asHex,
		},
		{
			name: "varchar_0900", ddl: "VARCHAR(12) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_as_cs", values: wide,
			oracle: asHex, on: fromMySQL,
		},
		{
			name: "varchar_uca", ddl: "VARCHAR(12) CHARACTER SET utf8mb4 COLLATE utf8mb4_uca1400_nopad_as_ci",
			values: wide, oracle: asHex, on: fromMariaDB,
		},
		{
			name: "varchar_mb3", ddl: "VARCHAR(12) CHARACTER SET utf8mb3 COLLATE utf8mb3_general_ci", values: plain,
			oracle: asHex,
		},
		{
			name: "char_mb3", ddl: "CHAR(12) CHARACTER SET utf8mb3 COLLATE utf8mb3_bin", values: notPadded(plain),
			oracle: asHex,
		},
		{
			name: "ucs2_", ddl: "VARCHAR(12) CHARACTER SET ucs2",
			values: append(textValues(), "_ucs2 x'D800'", "_ucs2 x'D83DDE00'"), oracle: asHex,
		},
		{name: "utf16_", ddl: "VARCHAR(12) CHARACTER SET utf16", values: wide, oracle: asHex},
		{name: "utf16le_", ddl: "VARCHAR(12) CHARACTER SET utf16le", values: wide, oracle: asHex},
		{name: "utf32_", ddl: "VARCHAR(12) CHARACTER SET utf32", values: wide, oracle: asHex},
		// MariaDB stores half a surrogate pair, in UTF-8 too; MySQL refuses it.
		{
			name: "surrogate", ddl: "VARCHAR(12) CHARACTER SET utf8mb4",
			values: []string{"_utf8mb4 x'EDA080'", "_utf8mb4 x'61EDBFBF62'"}, oracle: asHex, on: onlyMariaDB,
		},
		{
			name: "surrogate32", ddl: "VARCHAR(12) CHARACTER SET utf32", values: []string{"_utf32 x'0000D800'"},
			oracle: asHex, on: onlyMariaDB,
		},
	}
	for _, name := range []string{"TINYTEXT", "TEXT", "MEDIUMTEXT", "LONGTEXT"} {
		values := append(wide[:len(wide):len(wide)], "REPEAT('é', 120)")
		if name != "TINYTEXT" {
			values = append(values, "REPEAT('😀 ', 12000)")
		}
		cases = append(cases, typeCase{
			name: strings.ToLower(name) + "_", ddl: name + " CHARACTER SET utf8mb4",
			values: values, oracle: asHex,
		})
	}
	return cases
}

// notPadded drops the texts that a CHAR cannot tell from shorter ones.
func notPadded(values []string) []string {
	var out []string
	for _, v := range values {
		if !strings.HasSuffix(v, "20'") || v == text("  a") {
			out = append(out, v)
		}
	}
	return out
}

func charsetCases() []typeCase {
	cases := []typeCase{
		{
			name: "latin1_", ddl: "VARCHAR(256) CHARACTER SET latin1",
			values: append(singleBytes("latin1", 0), everyByte("latin1", 0)), oracle: asHex,
		},
		{
			name: "latin1_bin_", ddl: "VARCHAR(256) CHARACTER SET latin1 COLLATE latin1_bin",
			values: []string{everyByte("latin1", 0), "''"}, oracle: asHex,
		},
		{
			name: "latin1_char", ddl: "CHAR(200) CHARACTER SET latin1",
			values: []string{everyByte("latin1", 0x80), "''"},
			oracle: asHex,
		},
		{
			name: "latin1_text", ddl: "TEXT CHARACTER SET latin1", values: []string{everyByte("latin1", 0), "''"},
			oracle: asHex,
		},
		{
			name: "ascii_", ddl: "VARCHAR(128) CHARACTER SET ascii", values: []string{"''", "_ascii x'00207F'", "'a '"},
			oracle: asHex,
		},
		// MariaDB lets anything into an ascii column.
		{
			name: "ascii_high", ddl: "VARCHAR(9) CHARACTER SET ascii",
			values: []string{"_ascii x'80FF'", "_ascii x'41FF'", "'plain'"}, oracle: asHex, on: onlyMariaDB,
		},
		{
			name: "sjis_", ddl: "VARCHAR(20) CHARACTER SET sjis",
			values: []string{
				"_sjis x'835C'", "_sjis x'5C'", "_sjis x'815F'", "_sjis x'B1'", "_sjis x'835C27'", "''",
				"_sjis x'20'",
			}, oracle: asHex,
		},
		{
			name: "cp932_", ddl: "VARCHAR(20) CHARACTER SET cp932",
			values: []string{"_cp932 x'8790'", "_cp932 x'81E0'", "_cp932 x'FA4A'", "_cp932 x'8754'", "''"},
			oracle: asHex,
		},
		{
			name: "ujis_", ddl: "VARCHAR(20) CHARACTER SET ujis",
			values: []string{"_ujis x'A4A2'", "_ujis x'8EB1'", "_ujis x'8FB0A1'", "_ujis x'A1C0'", "_ujis x'5C'"},
			oracle: asHex,
		},
		{
			name: "gbk_", ddl: "VARCHAR(20) CHARACTER SET gbk",
			values: []string{"_gbk x'815C'", "_gbk x'B0A1'", "_gbk x'5C'", "_gbk x'A2E3'", "''"}, oracle: asHex,
		},
		{
			name: "gb2312_", ddl: "VARCHAR(20) CHARACTER SET gb2312",
			values: []string{"_gb2312 x'B0A1'", "_gb2312 x'A1A4'", "''"}, oracle: asHex,
		},
		{
			name: "gb18030_", ddl: "VARCHAR(20) CHARACTER SET gb18030",
			values: []string{"_gb18030 x'81308130'", "_gb18030 x'815C'", "_gb18030 x'9439DC36'"}, oracle: asHex,
			on: onlyMySQL,
		},
		{
			name: "big5_", ddl: "VARCHAR(20) CHARACTER SET big5",
			values: []string{"_big5 x'A55C'", "_big5 x'A15A'", "_big5 x'A1C3'", "_big5 x'5C27'", "''"}, oracle: asHex,
		},
		{
			name: "euckr_", ddl: "VARCHAR(20) CHARACTER SET euckr",
			values: []string{"_euckr x'B0A1'", "_euckr x'8141'", "''"}, oracle: asHex,
		},
		{
			name: "eucjpms_", ddl: "VARCHAR(20) CHARACTER SET eucjpms",
			values: []string{"_eucjpms x'A4A2'", "_eucjpms x'ADA1'", "_eucjpms x'A1C1'"}, oracle: asHex,
		},
	}
	for _, cs := range []string{
		"latin2", "latin5", "latin7", "cp850", "cp1250", "cp1251", "cp1256", "cp1257", "cp852",
		"cp866", "dec8", "geostd8", "greek", "hebrew", "hp8", "keybcs2", "koi8r", "koi8u", "macce", "macroman", "swe7",
		"tis620", "armscii8",
	} {
		cases = append(cases, typeCase{
			name: cs + "_", ddl: "VARCHAR(256) CHARACTER SET " + cs,
			values: []string{everyByte(cs, 0), "''"}, oracle: asHex,
		})
	}
	return cases
}

// everyByte is a literal of all bytes from first on, in a character set.
func everyByte(charset string, first int) string {
	b := make([]byte, 0, 256)
	for i := first; i < 256; i++ {
		b = append(b, byte(i))
	}
	return "_" + charset + " x'" + hex.EncodeToString(b) + "'"
}

func singleBytes(charset string, first int) []string {
	var out []string
	for i := first; i < 256; i++ {
		out = append(out, fmt.Sprintf("_%s x'%02x'", charset, i))
	}
	return out
}

func byteCases() []typeCase {
	all := everyByte("binary", 0)
	odd := []string{
		"''", "x'00'", "x'0000'", "x'20'", "x'5C'", "x'27'", "x'5C27'", "x'FF'", "x'C3'", "x'61C328'",
		"x'1A'",
	}
	cases := []typeCase{
		{name: "binary_1", ddl: "BINARY(1)", values: []string{"x'00'", "x'20'", "x'5C'", "x'FF'"}, oracle: asHex},
		{name: "binary_4", ddl: "BINARY(4)", values: []string{
			"x'00'", "x'20'", "x'61'", "x'61202020'", "x'61000020'",
			"x'FFFFFFFF'",
		}, oracle: asHex},
		{name: "binary_255", ddl: "BINARY(255)", values: []string{everyByte("binary", 1), "''"}, oracle: asHex},
		{name: "varbinary_", ddl: "VARBINARY(300)", values: append(odd[:len(odd):len(odd)], all), oracle: asHex},
	}
	for _, name := range []string{"TINYBLOB", "BLOB", "MEDIUMBLOB", "LONGBLOB"} {
		values := odd[:len(odd):len(odd)]
		if name != "TINYBLOB" {
			values = append(values, all, "REPEAT("+all+", 200)")
		}
		cases = append(cases, typeCase{name: strings.ToLower(name) + "_", ddl: name, values: values, oracle: asHex})
	}
	geo := func(name string, texts ...string) typeCase {
		c := typeCase{name: name + "_", ddl: strings.ToUpper(name), oracle: asHex}
		for _, wkt := range texts {
			c.values = append(c.values, "ST_GeomFromText('"+wkt+"')", "ST_GeomFromText('"+wkt+"', 4326)")
		}
		return c
	}
	point, line := "POINT(12.5 -0.1)", "LINESTRING(0 0, 1 1, 89.999999 179.5)"
	polygon := "POLYGON((0 0, 0 10, 10 10, 10 0, 0 0), (1 1, 2 1, 2 2, 1 2, 1 1))"
	points, lines := "MULTIPOINT(0 0, 1 2)", "MULTILINESTRING((0 0, 1 1), (2 2, 3 3))"
	polygons, collection := "MULTIPOLYGON(((0 0, 0 1, 1 1, 1 0, 0 0)))",
		"GEOMETRYCOLLECTION(POINT(1 2), LINESTRING(0 0, 1 1))"
	return append(cases,
		geo("geometry", point, line, polygon, points, lines, polygons, collection, "GEOMETRYCOLLECTION EMPTY"),
		geo("point", point, "POINT(0 0)", "POINT(90 180)"), geo("linestring", line), geo("polygon", polygon),
		geo("multipoint", points),
		geo("multilinestring", lines), geo("multipolygon", polygons), geo("geometrycollection", collection),
		typeCase{
			name: "point_4326", ddl: "POINT SRID 4326",
			values: []string{"ST_GeomFromText('POINT(1 2)', 4326)", "ST_GeomFromText('POINT(-90 180)', 4326)"},
			oracle: asHex, on: fromMySQL,
		},
		typeCase{
			name: "point_ref", ddl: "POINT REF_SYSTEM_ID=4326",
			values: []string{"ST_GeomFromText('POINT(1 2)', 4326)"}, oracle: asHex, on: fromMariaDB,
		},
		typeCase{name: "vector_3", ddl: "VECTOR(3)", values: []string{
			"STRING_TO_VECTOR('[1,-2.5,3.4028235e38]')",
			"x'01000000CDCCCC3D00000080'",
		}, oracle: asHex, on: fromMySQL},
		typeCase{
			name: "vector_long", ddl: "VECTOR(2050)",
			values: []string{"REPEAT(x'0000803f', 2050)", "REPEAT(x'00', 8)"}, oracle: asHex, on: fromMySQL,
		},
	)
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
