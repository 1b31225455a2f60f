package integration_test

import "strings"

// documentCases are JSON and the types that MariaDB alone has.
func documentCases() []typeCase {
	texts := []string{
		`null`, `true`, `false`, `0`, `-0.0`, `1.0`, `"x"`, `""`, `[]`, `{}`, `{"b": 1, "a": 2, "aa": 3, "": 4}`,
		`{"ключ": "значение", "é": "😀"}`,
		`[9223372036854775807, -9223372036854775808, 18446744073709551615]`,
		`[1e308, -1.7976931348623157e308, 5e-324, 0.1, 1e15, 1e14, 123456789012345.6, 1e-15, 1e-16]`,
		`["\u0000", "\u001f", "\"", "\\", "\/", "\n", "'", "\u2028"]`, `{"a": null, "b": [null, {"c": []}]}`,
		`"2024-01-01"`, `[1, 1.0, "1", true]`,
		`[` + strings.Repeat(`{"key": "value"}, `, 3000) + `1]`,
	}
	parsed := typeCase{
		name: "json_", ddl: "JSON", oracle: "CONCAT(JSON_TYPE(%[1]s), ' ', CAST(%[1]s AS CHAR))",
		on: onlyMySQL,
	}
	for _, s := range texts {
		parsed.values = append(parsed.values, text(s))
	}
	shallow := parsed.values
	parsed.values = append(shallow[:len(shallow):len(shallow)], text(strings.Repeat("[", 100)+strings.Repeat("]", 100)))
	printed := parsed
	printed.name, printed.oracle, printed.on = "json_text", "CAST(%s AS CHAR)", fromMySQL
	plain := printed
	plain.name, plain.oracle, plain.on = "json_plain", asHex, fromMariaDB
	plain.values = append([]string{
		text(`{"b":1,"a":2,"a":3}`), text(`[1.10,  2]`),
		text(`{"n":12345678901234567890123.50}`),
	}, shallow...)
	return append([]typeCase{parsed, printed, plain}, builtCases()...)
}

// builtCases are documents that functions have built, and the types of MariaDB that are no document and are read alike.
func builtCases() []typeCase {
	return []typeCase{
		// Documents that functions built hold more kinds of values than JSON's text has: what
		// they print arrives, and decimals stay decimals wherever their text tells.
		{name: "json_decimal", ddl: "JSON", on: onlyMySQL, oracle: "CONCAT(JSON_TYPE(JSON_EXTRACT(%[1]s, '$.a')), ' " +
			"', CAST(%[1]s AS CHAR))", values: []string{
			"JSON_OBJECT('a', 1.10, 'b', 1.5e0)", "JSON_OBJECT('a', CAST('12345678901234567890123.50' AS " +
				"DECIMAL(65,30)))",
			"JSON_OBJECT('a', -0.10)", "JSON_OBJECT('a', 123456789012345678901234567890)",
			`JSON_OBJECT('a', JSON_ARRAY(1.10, 'it''s "q" \\ ü', JSON_OBJECT('k"\\''', 2.20, 'x', NULL, 'y', TRUE), JSON_ARRAY()), 'c', 18446744073709551615)`,
			"JSON_OBJECT('a', 100000000000000000.0)", "JSON_OBJECT('a', 0." + strings.Repeat("0", 29) + "1)",
			"JSON_OBJECT('a', " + strings.Repeat("9", 65) + ")",
		}},
		{
			name: "json_scalar", ddl: "JSON", on: onlyMySQL,
			values: []string{"CAST(1.10 AS JSON)", "CAST(-1.10 AS JSON)", "JSON_ARRAY(1.10)"},
			oracle: "CONCAT(JSON_TYPE(%[1]s), ' ', CAST(%[1]s AS CHAR))",
		},
		{name: "json_opaque", ddl: "JSON", on: fromMySQL, values: []string{
			"JSON_OBJECT('a', 1.10)", "JSON_OBJECT('a', DATE'2024-01-02')",
			"JSON_OBJECT('a', TIMESTAMP'2024-01-02 03:04:05.5')", "JSON_OBJECT('a', TIME'03:04:05')",
			"JSON_OBJECT('a', x'00ff')", "JSON_OBJECT('a', b'101')", "JSON_OBJECT('a', CAST(5 AS DECIMAL(3,0)))",
			"JSON_OBJECT('a', 1.5)", "JSON_ARRAY(CAST(0.1 AS FLOAT))",
		}},
		{name: "uuid_", ddl: "UUID", on: fromMariaDB, values: []string{
			"'00000000-0000-0000-0000-000000000000'",
			"'ffffffff-ffff-ffff-ffff-ffffffffffff'", "'123e4567-e89b-12d3-a456-426655440000'",
		}},
		{name: "inet4_", ddl: "INET4", on: fromMariaDB, values: []string{
			"'0.0.0.0'", "'255.255.255.255'",
			"'192.0.2.1'",
		}},
		{name: "inet6_", ddl: "INET6", on: fromMariaDB, values: []string{
			"'::'",
			"'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'", "'2001:db8::ff00:42:8329'", "'::ffff:192.0.2.1'",
		}},
	}
}
