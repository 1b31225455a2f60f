package target_test

// oddTypes are types that few tables have.
var oddTypes = []stranger{
	{name: "bits", cursor: "updated_at", make: []string{
		"CREATE TABLE T (id BIT(64) PRIMARY KEY, one BIT(1) NOT NULL DEFAULT b'1', nine BIT(9), all64 BIT(64) " +
			"DEFAULT b'1010', " + touched + ", UNIQUE KEY (nine))",
		"INSERT INTO bits (id, nine, all64) VALUES (0, NULL, ~0), (~0, b'111111111', 0), " +
			"(b'1000000000000000000000000000000000000000000000000000000000000000', 5, NULL)",
	}},
	{
		name: "years",
		make: []string{
			"CREATE TABLE T (y YEAR PRIMARY KEY, z YEAR NOT NULL DEFAULT 1999)",
			"INSERT INTO years VALUES (0, 2155), (1901, 0), (2155, 1970)",
		},
	},
	{
		name: "times",
		make: []string{
			"CREATE TABLE T (t TIME(6) PRIMARY KEY, a TIME, b TIME(3) DEFAULT '-01:02:03.004', c TIME(1))",
			"INSERT INTO times VALUES ('-838:59:59', '838:59:59', DEFAULT, '00:00:00.1'), ('00:00:00.000001', " +
				"'-00:00:01', NULL, '-00:00:00.9')",
		},
	},
	{
		name: "dates",
		make: []string{
			"CREATE TABLE T (d DATE, e DATETIME(6), f TIMESTAMP(1) NULL, PRIMARY KEY (d, e))",
			"INSERT INTO dates VALUES ('0000-00-00', '0000-00-00', NULL), ('2024-02-30', '9999-12-31 " +
				"23:59:59.999999', '1970-01-01 00:00:01'), ('2024-00-10', '1000-01-01', '2038-01-19 03:14:07.9')",
		},
	},
	{name: "numbers", make: []string{
		"CREATE TABLE T (a DECIMAL(65,30) PRIMARY KEY, b DECIMAL(65,0), c DECIMAL(5,5) UNSIGNED ZEROFILL, d " +
			"DOUBLE(10,3), e FLOAT(7,2), f FLOAT UNSIGNED, g DOUBLE UNSIGNED ZEROFILL, h BIGINT(20) UNSIGNED " +
			"ZEROFILL, i REAL, j FLOAT(53), k FIXED, l BOOLEAN, m SERIAL)",
		"INSERT INTO numbers VALUES (-99999999999999999999999999999999999.999999999999999999999999999999, " +
			"REPEAT('9', 65), 0.00001, 1234567.891, 12345.67, 1e38, 1e-308, 18446744073709551615, -1.5e300, " +
			"0.1, 7, 1, 9), (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10)",
	}},
	{name: "bytes", make: []string{
		"CREATE TABLE T (k VARBINARY(300), b BINARY(8), c BINARY(0), d TINYBLOB, e BLOB(20), f LONGBLOB, g " +
			"CHAR(0), h CHAR(8) CHARACTER SET binary, i VARCHAR(8) CHARACTER SET binary, PRIMARY KEY (k))",
		"INSERT INTO bytes VALUES (x'00', x'00', '', x'', x'ff00', REPEAT(x'27', 66000), '', x'41', x'ff'), " +
			"('', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), (x'0000', x'4100', '', x'5c', x'0a', '', '', " +
			"'', '')",
	}},
	{name: "texts", make: []string{
		"CREATE TABLE T (k VARCHAR(50) COLLATE utf8mb4_bin, a CHAR(255), b TINYTEXT, c MEDIUMTEXT, d " +
			"VARCHAR(16000), e LONGTEXT CHARACTER SET latin1, f TEXT CHARACTER SET ucs2, g VARCHAR(20) " +
			"CHARACTER SET koi8r, h NATIONAL VARCHAR(20), i CHAR(10) CHARACTER SET utf32, j VARCHAR(10) " +
			"ASCII, PRIMARY KEY (k)) CHARACTER SET utf8mb4",
		"INSERT INTO texts VALUES ('a', ' x ', 'ü', REPEAT('😀', 20000), REPEAT('z', 16000), 'ÿ', '日本', " +
			"'Привет', '日', '😀', 'x'), ('A', '', '', '', '', '', '', '', '', '', ''), ('b ', '\\\\''\"\\0\\n', " +
			"NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
	}},
	{name: "members", cursor: "updated_at", make: []string{
		"CREATE TABLE T (k ENUM('','x','?','it''s','a\\\\b','😀','日') CHARACTER SET utf8mb4 NOT NULL, s " +
			"SET('','?','😀','q''') CHARACTER SET utf8mb4 NOT NULL DEFAULT '', e ENUM('a','b') CHARACTER SET " +
			"latin1 DEFAULT 'b', " + touched + ", PRIMARY KEY (k, s))",
		"INSERT INTO members (k, s, e) VALUES (1, 0, 'a'), (2, 1, NULL), (3, 2, 'b'), (6, 12, 0), (7, 15, 'a')",
	}},
	{
		name: "documents",
		make: []string{
			"CREATE TABLE T (id INT PRIMARY KEY, j JSON, k JSON NOT NULL)",
			`INSERT INTO documents VALUES (1, '{"b": 1, "a": "\\u00e9 😀 \\\\ \\" /"}', '[]'), (2, NULL, 'null'), (3, '-1.5e10', '"x"')`,
		},
	},
	{name: "shapes", make: []string{
		"CREATE TABLE T (id INT PRIMARY KEY, g GEOMETRY, p POINT NOT NULL, l LINESTRING, y POLYGON, mp " +
			"MULTIPOINT, ml MULTILINESTRING, my MULTIPOLYGON, gc GEOMETRYCOLLECTION, SPATIAL KEY (p))",
		"INSERT INTO shapes (id, g, p, l, y, mp, gc) VALUES (1, ST_GeomFromText('POINT(1 2)'), " +
			"ST_GeomFromText('POINT(-1.5 1e10)'), ST_GeomFromText('LINESTRING(0 0,1 1)'), " +
			"ST_GeomFromText('POLYGON((0 0,0 1,1 1,0 0))'), ST_GeomFromText('MULTIPOINT(1 1,2 2)'), " +
			"ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))')), (2, NULL, " +
			"ST_GeomFromText('POINT(0 0)'), NULL, NULL, NULL, NULL)",
	}},
	{
		name: "earth", only: mysql,
		make: []string{
			"CREATE TABLE T (id INT PRIMARY KEY, p POINT NOT NULL SRID 4326, q GEOMETRY SRID 3857, " +
				"SPATIAL KEY (p))",
			"INSERT INTO earth VALUES (1, ST_SRID(POINT(13.4, 52.5), 4326), NULL)",
		},
	},
	{
		name: "vectors", only: mysql,
		make: []string{
			"CREATE TABLE T (id INT PRIMARY KEY, v VECTOR(3), w VECTOR(16383))",
			"INSERT INTO vectors VALUES (1, TO_VECTOR('[1,2,3]'), TO_VECTOR('[1]')), (2, NULL, NULL)",
		},
	},
	{
		name: "addresses", only: mariadb,
		make: []string{
			"CREATE TABLE T (k UUID PRIMARY KEY, six INET6, four INET4, UNIQUE KEY (six))",
			"INSERT INTO addresses VALUES ('123e4567-e89b-12d3-a456-426655440000', '::ffff:192.0.2.1', " +
				"'255.255.255.255'), ('00000000-0000-0000-0000-000000000000', '2001:db8::1', NULL)",
		},
	},
	{
		name: "packed", only: mariadb,
		make: []string{
			"CREATE TABLE T (id INT PRIMARY KEY, v VARCHAR(5000) COMPRESSED, t TEXT COMPRESSED, b " +
				"VARBINARY(500) COMPRESSED DEFAULT 'x', l LONGBLOB COMPRESSED)",
			"INSERT INTO packed VALUES (1, REPEAT('ab', 2500), 'x', x'00ff', REPEAT('c', 70000)), (2, NULL, " +
				"NULL, DEFAULT, NULL)",
		},
	},
	{
		name: "packed_json", only: mysql,
		make: []string{
			"CREATE TABLE T (id INT PRIMARY KEY, v VARCHAR(500) COLUMN_FORMAT DYNAMIC STORAGE MEMORY, j JSON) " +
				"ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8",
			"INSERT INTO packed_json VALUES (1, 'x', '{}')",
		},
	},
	{
		name: "long_unique", only: mariadb,
		make: []string{
			"CREATE TABLE T (id INT PRIMARY KEY, u TEXT, b BLOB, UNIQUE KEY uu (u), UNIQUE KEY bb (b))",
			"INSERT INTO long_unique VALUES (1, 'a', 'a'), (2, NULL, 'b')",
		},
	},
	{
		name: "sequenced", only: mariadb,
		make: []string{
			"CREATE SEQUENCE numbers_of",
			"CREATE TABLE T (id INT PRIMARY KEY DEFAULT (NEXT VALUE FOR numbers_of), v INT)",
			"INSERT INTO sequenced (v) VALUES (1), (2)",
		},
	},
}
