package target_test

import (
	"strconv"
	"strings"
)

// oddShapes are tables with what is beside columns.
var oddShapes = []stranger{
	{
		name: "invisible",
		make: []string{
			"CREATE TABLE T (id INT PRIMARY KEY, a INT INVISIBLE DEFAULT 4, b VARCHAR(9) INVISIBLE)",
			"INSERT INTO invisible (id, a, b) VALUES (1, 2, 'x'), (2, NULL, NULL)",
		},
	},
	{
		name: "invisible_needed", only: mysql,
		make: []string{
			"CREATE TABLE T (id INT PRIMARY KEY INVISIBLE, a INT NOT NULL INVISIBLE, v INT)",
			"INSERT INTO invisible_needed (id, a, v) VALUES (1, 2, 3)",
		},
	},
	{
		name: "checked",
		make: []string{
			"CREATE TABLE T (id INT PRIMARY KEY, a INT CHECK (a > 0), b VARCHAR(20), CONSTRAINT named CHECK (b " +
				"<> '' OR b IS NULL))",
			"INSERT INTO checked VALUES (1, 1, 'x'), (2, NULL, NULL)",
		},
	},
	{
		name: "by_range",
		make: []string{
			"CREATE TABLE T (id INT, y INT NOT NULL, v INT, PRIMARY KEY (id, y)) PARTITION BY RANGE (y) " +
				"(PARTITION p0 VALUES LESS THAN (2000), PARTITION p1 VALUES LESS THAN MAXVALUE)",
			"INSERT INTO by_range VALUES (1, 1999, 1), (1, 2024, 2)",
		},
	},
	{
		name: "by_hash",
		make: []string{
			"CREATE TABLE T (id INT PRIMARY KEY, v INT) PARTITION BY HASH (id) PARTITIONS 4",
			"INSERT INTO by_hash VALUES (1, 1), (2, 2), (3, 3), (-1, 0)",
		},
	},
	{
		name: "by_key",
		make: []string{
			"CREATE TABLE T (k VARCHAR(20), v INT, PRIMARY KEY (k)) PARTITION BY KEY (k) PARTITIONS 3",
			"INSERT INTO by_key VALUES ('a', 1), ('b', 2)",
		},
	},
	{
		name: "by_list",
		make: []string{
			"CREATE TABLE T (id INT, r VARCHAR(9), PRIMARY KEY (id, r)) PARTITION BY LIST COLUMNS (r) " +
				"(PARTITION a VALUES IN ('eu'), PARTITION b VALUES IN ('us'))",
			"INSERT INTO by_list VALUES (1, 'eu'), (1, 'us')",
		},
	},
	{name: "functional", only: mysql, make: []string{
		"CREATE TABLE T (id INT PRIMARY KEY, a INT, name VARCHAR(40), j JSON, KEY f ((a + 1) DESC, id), UNIQUE " +
			"KEY lowered ((LOWER(name))), KEY multi ((CAST(j->'$.ids' AS UNSIGNED ARRAY))))",
		"INSERT INTO functional VALUES (1, 1, 'A', '{\"ids\": [1, 2]}'), (2, NULL, NULL, NULL)",
	}},
	{
		name: "prefixes",
		make: []string{
			"CREATE TABLE T (id INT PRIMARY KEY, t TEXT, b BLOB, v VARCHAR(500), KEY kt (t(20)), KEY kb (b(10), " +
				"v(30)), UNIQUE KEY uv (v(100)), FULLTEXT KEY ft (t, v))",
			"INSERT INTO prefixes VALUES (1, 'x', 'y', 'z'), (2, NULL, NULL, NULL)",
		},
	},
	{
		name: "descending", cursor: "updated_at",
		make: []string{
			"CREATE TABLE T (a INT, b VARCHAR(20), v INT, " + touched +
				", PRIMARY KEY (a DESC, b ASC), KEY dv (v DESC, a))",
			"INSERT INTO descending (a, b, v) VALUES (1, 'x', 1), (1, 'y', 2), (2, 'x', NULL)",
		},
	},
	{
		name: "texts_in_key",
		make: []string{
			"CREATE TABLE T (t VARCHAR(768) CHARACTER SET utf8mb4, PRIMARY KEY (t), KEY (t(10)))",
			"INSERT INTO texts_in_key VALUES ('a'), (REPEAT('😀', 700))",
		},
	},
	{
		name: "hidden_index", only: mysql,
		make: []string{
			"CREATE TABLE T (id INT PRIMARY KEY, a INT, KEY h (a) INVISIBLE COMMENT 'it''s \\\\ hidden')",
			"INSERT INTO hidden_index VALUES (1, 1)",
		},
	},
	{
		name: "ignored_index", only: mariadb,
		make: []string{
			"CREATE TABLE T (id INT PRIMARY KEY, a INT, KEY h (a) IGNORED COMMENT 'it''s \\\\ hidden')",
			"INSERT INTO ignored_index VALUES (1, 1)",
		},
	},
	{
		name: "commented",
		make: []string{
			"CREATE TABLE T (id INT PRIMARY KEY COMMENT 'it''s \"x\" `y` \\\\ -- /* ü 日', v INT COMMENT '? \\n " +
				"next') COMMENT='quotes '' and \\\\ back', CHARACTER SET latin1",
			"INSERT INTO commented VALUES (1, 1)",
		},
	},
	{
		name: "smiling",
		make: []string{
			"CREATE TABLE T (id INT PRIMARY KEY, v VARCHAR(9) DEFAULT '😀' COMMENT 'smile: ?') CHARACTER " +
				"SET utf8mb4",
			"INSERT INTO smiling (id) VALUES (1)", "INSERT INTO smiling VALUES (2, '?')",
		},
	},
	{
		name: "memory",
		make: []string{
			"CREATE TABLE T (id INT PRIMARY KEY, v VARCHAR(20), KEY (v), UNIQUE KEY h (v, id) USING HASH) " +
				"ENGINE=MEMORY",
			"INSERT INTO memory VALUES (1, 'x')",
		},
	},
	{
		name: "isam",
		make: []string{
			"CREATE TABLE T (grp VARCHAR(9) NOT NULL, n INT NOT NULL AUTO_INCREMENT, t TEXT, PRIMARY KEY (grp, " +
				"n), FULLTEXT KEY (t)) ENGINE=MyISAM CHECKSUM=1 PACK_KEYS=1",
			"INSERT INTO isam (grp, t) VALUES ('a', 'x'), ('b', 'y'), ('a', 'z')",
		},
	},
	{
		name: "wide",
		make: []string{
			"CREATE TABLE T (id INT PRIMARY KEY, " + wideColumns(600) + ")",
			"INSERT INTO wide (id, c0, c599) VALUES (1, 1, 2)",
		},
	},
	{name: "defaults", make: []string{
		"CREATE TABLE T (id INT PRIMARY KEY, a VARCHAR(40) DEFAULT 'it''s \\\\ \"q\" \\n', b INT DEFAULT -1, c " +
			"DECIMAL(5,2) DEFAULT -0.5, d DATETIME(3) DEFAULT CURRENT_TIMESTAMP(3), e TEXT DEFAULT ('x'), f " +
			"JSON DEFAULT ('{}'), g INT DEFAULT (1 + 2), h BINARY(4) DEFAULT x'00ff0041', i DATE DEFAULT " +
			"'2024-01-01', j BIT(5) DEFAULT b'10101', k ENUM('a','b') NOT NULL DEFAULT 'b', l DATE " +
			"DEFAULT (CURRENT_DATE + INTERVAL 1 DAY), m VARCHAR(36) DEFAULT (UUID()))",
		"INSERT INTO defaults (id) VALUES (1)", "INSERT INTO defaults (id) VALUES (2)",
	}},
	{
		name: "computed",
		make: []string{
			"CREATE TABLE T (id INT PRIMARY KEY, a INT, b INT AS (a * 2) VIRTUAL, c VARCHAR(50) AS " +
				"(CONCAT('x-', a)) STORED, d INT AS (b + 1) VIRTUAL, KEY kb (b), UNIQUE KEY uc (c))",
			"INSERT INTO computed (id, a) VALUES (1, 1), (2, NULL), (3, -7)",
		},
	},
	{
		name: "computed_key", refused: both("generated column in the key"),
		make: []string{"CREATE TABLE T (a INT NOT NULL, id INT AS (a) STORED NOT NULL, PRIMARY KEY (id))"},
		only: mysql,
	},
	{
		name: "half_key", refused: both("prefix only"),
		make: []string{
			"CREATE TABLE T (k VARCHAR(100), v INT, PRIMARY KEY (k(10)))", "INSERT INTO half_key VALUES ('a', 1)",
		},
	},
	{
		name: "only_unique",
		make: []string{
			"CREATE TABLE T (a INT NOT NULL, b INT NOT NULL, UNIQUE KEY (a, b))",
			"INSERT INTO only_unique VALUES (1, 1), (1, 2), (2, 1)",
		},
	},
	{
		name: "all_key",
		make: []string{
			"CREATE TABLE T (a INT, b VARCHAR(20), c DATE, PRIMARY KEY (a, b, c))",
			"INSERT INTO all_key VALUES (1, 'a', '2024-01-01'), (1, 'b', '2024-01-01')",
		},
	},
	{name: "versioned", only: mariadb, make: []string{
		"CREATE TABLE T (id INT PRIMARY KEY, v INT, w INT WITHOUT SYSTEM VERSIONING, s TIMESTAMP(6) AS ROW " +
			"START INVISIBLE, e TIMESTAMP(6) AS ROW END INVISIBLE, UNIQUE KEY (v), PERIOD FOR SYSTEM_TIME (s, " +
			"e)) WITH SYSTEM VERSIONING PARTITION BY SYSTEM_TIME (PARTITION old HISTORY, PARTITION cur CURRENT)",
		"INSERT INTO versioned (id, v, w) VALUES (1, 1, 1), (2, 2, 2)", "UPDATE versioned SET v = 3 WHERE id = 1",
	}},
	{
		name: "by_transaction", only: mariadb,
		make: []string{
			"CREATE TABLE T (id INT PRIMARY KEY, v INT, s BIGINT UNSIGNED AS ROW START, e BIGINT UNSIGNED AS " +
				"ROW END, PERIOD FOR SYSTEM_TIME (s, e)) WITH SYSTEM VERSIONING",
			"INSERT INTO by_transaction (id, v) VALUES (1, 1)",
		},
	},
	{
		name: "periods", only: mariadb,
		make: []string{
			"CREATE TABLE T (id INT, v INT, f DATE, u DATE, PERIOD FOR valid (f, u), UNIQUE KEY (v, f), PRIMARY " +
				"KEY (id, valid WITHOUT OVERLAPS))",
			"INSERT INTO periods VALUES (1, 1, '2024-01-01', '2024-02-01'), (1, 2, '2024-02-01', '2024-03-01')",
		},
	},
	{
		name: "aria", only: mariadb,
		make: []string{
			"CREATE TABLE T (g INT NOT NULL, n INT AUTO_INCREMENT, PRIMARY KEY (g, n)) ENGINE=Aria TRANSACTIONAL=0",
			"INSERT INTO aria (g) VALUES (1), (1), (2)",
		},
	},
}

func wideColumns(n int) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = "c" + strconv.Itoa(i) + " INT"
	}
	return strings.Join(parts, ", ")
}
