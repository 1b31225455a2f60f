package integration_test

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

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
	return append(cases, textBlobCases(wide)...)
}

// textBlobCases have the wide values in each size of TEXT, and a long one of each that holds it.
func textBlobCases(wide []string) (cases []typeCase) {
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

var charsetColumns = []typeCase{
	{
		name: "latin1_", ddl: "VARCHAR(256) CHARACTER SET latin1",
		values: append(fewBytes("latin1"), everyByte("latin1", 0)), oracle: asHex,
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

func charsetCases() []typeCase {
	cases := slices.Clone(charsetColumns)
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

// fewBytes are literals of each byte that some program takes for special, alone, and of all bytes by the dozen.
func fewBytes(charset string) []string {
	var out []string
	for _, b := range []byte("\x00\t\n\r\x1a \"'%0A\\_`a\x7f\x80\x81\x8d\x8f\x90\x9d\xa0\xad\xc0\xdf\xe9\xfe\xff") {
		out = append(out, fmt.Sprintf("_%s x'%02x'", charset, b))
	}
	for first := 0; first < 256; first += 12 {
		b := make([]byte, 0, 12)
		for i := first; i < min(first+12, 256); i++ {
			b = append(b, byte(i))
		}
		out = append(out, fmt.Sprintf("_%s x'%x'", charset, b))
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
