package target_test

import (
	"fmt"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// manyMembers are the members of a long ENUM.
func manyMembers() []string {
	members := make([]string, 3000)
	for i := range members {
		members[i] = fmt.Sprintf("'member %d?'", i)
	}
	return members
}

// collated are texts and keys of many character sets and collations, and long lists of members.
var collated = []stranger{
	{name: "nine_hundred", only: mysql, make: []string{
		"CREATE TABLE T (k VARCHAR(60) COLLATE utf8mb4_0900_as_cs PRIMARY KEY, a VARCHAR(60) COLLATE " +
			"utf8mb4_0900_ai_ci UNIQUE, b VARCHAR(60) COLLATE utf8mb4_de_pb_0900_ai_ci, c TEXT COLLATE " +
			"utf8mb4_0900_bin, d VARCHAR(9) COLLATE utf8mb4_ja_0900_as_cs_ks, FULLTEXT KEY (b), FULLTEXT " +
			"KEY (c), KEY (d))",
		"INSERT INTO nine_hundred VALUES ('a', 'A', 'ö', 'x', 'は'), ('á', 'b', NULL, NULL, 'ハ'), ('a ', NULL, " +
			"'', '', '')",
	}},
	{
		name: "mixed_fulltext", refused: nil, only: mysql,
		make: []string{
			"CREATE TABLE T (id INT PRIMARY KEY, A VARCHAR(60) COLLATE utf8mb4_0900_ai_ci UNIQUE, b TEXT " +
				"COLLATE utf8mb4_0900_ai_ci, FULLTEXT KEY ab (A, b) /*!50100 WITH PARSER ngram */)",
			"INSERT INTO mixed_fulltext VALUES (1, 'x', 'y')",
		},
	},
	{name: "uca", only: mariadb, make: []string{
		"CREATE TABLE T (k VARCHAR(60) CHARACTER SET utf8mb4 COLLATE uca1400_as_cs PRIMARY KEY, a VARCHAR(60) " +
			"CHARACTER SET utf8mb4 COLLATE uca1400_ai_ci UNIQUE, b TEXT CHARACTER SET utf8mb3 COLLATE " +
			"utf8mb3_unicode_nopad_ci, KEY (b(10)))",
		"INSERT INTO uca VALUES ('a', 'A', 'ö'), ('á', 'b', NULL)",
	}},
	{name: "westerners", make: []string{
		"CREATE TABLE T (k VARCHAR(60) CHARACTER SET latin1 COLLATE latin1_general_cs PRIMARY KEY, a " +
			"VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_german2_ci, b VARCHAR(20) CHARACTER SET latin2, c " +
			"CHAR(20) CHARACTER SET cp1251, d TEXT CHARACTER SET greek, e VARCHAR(9) CHARACTER SET hebrew " +
			"COLLATE hebrew_bin, f VARCHAR(9) CHARACTER SET cp850 UNIQUE, KEY (a, b))",
		"INSERT INTO westerners VALUES ('ä', 'ß', 'ł', 'Ж', 'λ', 'א', 'é'), ('Ä', '', '', '', '', '', NULL)",
	}},
	{name: "easterners", make: []string{
		"CREATE TABLE T (k VARCHAR(60) CHARACTER SET sjis PRIMARY KEY, a VARCHAR(20) CHARACTER SET gbk UNIQUE, " +
			"b VARCHAR(20) CHARACTER SET euckr, c CHAR(20) CHARACTER SET big5, d TEXT CHARACTER SET ujis, e " +
			"VARCHAR(9) CHARACTER SET eucjpms, f VARCHAR(9) CHARACTER SET utf16le, g ENUM('表','日') " +
			"CHARACTER SET sjis, h SET('中','?') CHARACTER SET gbk)",
		"INSERT INTO easterners VALUES ('表', '中', '한', '中', '日', '日', '😀', '表', '中'), ('\\\\', NULL, '', '', " +
			"'', '', '', '日', '中,?')",
	}},
	{
		name: "gb18030", only: mysql,
		refused: map[servers.Flavor]string{mariadb: "does not have character set gb18030"},
		make: []string{
			"CREATE TABLE T (k INT PRIMARY KEY, a VARCHAR(20) CHARACTER SET gb18030)",
			"INSERT INTO gb18030 VALUES (1, '中😀')",
		},
	},
	{
		name: "many_members",
		make: []string{
			"CREATE TABLE T (id INT PRIMARY KEY, e ENUM(" + strings.Join(manyMembers(), ",") +
				") CHARACTER SET utf8mb4, s SET(" + strings.Join(manyMembers()[:64], ",") + ") CHARACTER SET utf8mb4)",
			"INSERT INTO many_members VALUES (1, 1, 1), (2, 3000, ~0), (3, 256, 256)",
		},
	},
}

// engines are tables of other engines, and what only some versions have.
var engines = []stranger{
	{
		name: "archived", only: mysql,
		make: []string{
			"CREATE TABLE T (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, v VARCHAR(20), t TEXT) ENGINE=ARCHIVE",
			"INSERT INTO archived (v) VALUES ('a'), ('b'), (NULL)",
		},
	},
	{
		name: "comma", refused: both("no primary key"),
		make: []string{
			"CREATE TABLE T (id INT NOT NULL, v VARCHAR(20) NOT NULL) ENGINE=CSV",
			"INSERT INTO comma VALUES (1, 'a')",
		},
	},
	{
		name: "merged",
		make: []string{
			"CREATE TABLE part_a (id INT PRIMARY KEY, v VARCHAR(20)) ENGINE=MyISAM",
			"INSERT INTO part_a VALUES (1, 'a'), (2, 'b')",
			"CREATE TABLE T (id INT, v VARCHAR(20), PRIMARY KEY (id)) ENGINE=MERGE UNION=(part_a) " +
				"INSERT_METHOD=LAST",
		},
	},
	{
		name: "counted_aside",
		make: []string{
			"CREATE TABLE T (k CHAR(8) PRIMARY KEY, n BIGINT UNSIGNED NOT NULL AUTO_INCREMENT UNIQUE) " +
				"AUTO_INCREMENT=7",
			"INSERT INTO counted_aside (k) VALUES ('a'), ('b')",
			"INSERT INTO counted_aside VALUES ('c', 18446744073709551614)",
		},
	},
	{
		name: "counted_zero",
		make: []string{
			"CREATE TABLE T (id SMALLINT(5) UNSIGNED ZEROFILL NOT NULL AUTO_INCREMENT, v INT, PRIMARY KEY (id))",
			"INSERT INTO counted_zero VALUES (65535, 1), (7, 2)", "UPDATE counted_zero SET id = 0 WHERE v = 2",
		},
	},
	{name: "strange_expressions", only: mysql, make: []string{
		"CREATE TABLE T (id INT PRIMARY KEY, u CHAR(36), j JSON, b BINARY(16) AS (UUID_TO_BIN(u)) STORED, n " +
			"VARCHAR(50) AS (j->>'$.name') VIRTUAL, r INT AS (REGEXP_LIKE(u, '^[0-9]')) STORED, m BIGINT AS " +
			"(JSON_VALUE(j, '$.n' RETURNING SIGNED)) STORED, UNIQUE KEY (b), KEY (n))",
		"INSERT INTO strange_expressions (id, u, j) VALUES (1, '123e4567-e89b-12d3-a456-426655440000', " +
			"'{\"name\": \"ü\", \"n\": 5}'), (2, NULL, NULL)",
	}},
	{
		name: "strange_words", only: mariadb,
		make: []string{
			"CREATE TABLE T (id INT PRIMARY KEY, v VARCHAR(20), s VARCHAR(99) AS (CONCAT(v, CHR(65))) STORED, c " +
				"VARCHAR(99) AS (CHR(id + 64)) VIRTUAL, w VARCHAR(20) DEFAULT (CONCAT('x', COALESCE(id, 0))), " +
				"KEY (s))",
			"INSERT INTO strange_words (id, v) VALUES (1, 'a10'), (2, 'a9')",
		},
	},
	{
		name: "by_user",
		make: []string{
			"CREATE TABLE T (id INT PRIMARY KEY, who VARCHAR(99) DEFAULT (USER()), day DATE DEFAULT " +
				"(CURDATE()), r DOUBLE DEFAULT (RAND()))",
			"INSERT INTO by_user (id) VALUES (1), (2)",
		},
	},
	{
		name: "chars_of_isam", refused: both("Row size too large"),
		make: []string{
			"CREATE TABLE T (id INT PRIMARY KEY, " + manyChars(45) + ") ENGINE=MyISAM CHARACTER SET latin1",
			"INSERT INTO chars_of_isam (id) VALUES (1)",
		},
	},
	{
		name: "indexed_vectors", only: mariadb, since: func(s mysqldb.Server) bool { return s.AtLeast(11, 7, 0) },
		make: []string{"CREATE TABLE T (id INT PRIMARY KEY, v VECTOR(3) NOT NULL, w VECTOR(5), VECTOR INDEX " +
			"near (v))", "INSERT INTO indexed_vectors VALUES (1, VEC_FromText('[1,2,3]'), NULL), (2, " +
			"VEC_FromText('[0,0,0]'), VEC_FromText('[1,2,3,4,5]'))"},
	},
	{
		name: "thousand",
		make: []string{
			"CREATE TABLE T (id INT PRIMARY KEY, " + wideColumns(1000) + ")",
			"INSERT INTO thousand (id, c999) VALUES (1, 1), (2, NULL)",
		},
	},
	{
		name: "sixty_four",
		make: []string{
			"CREATE TABLE T (id INT PRIMARY KEY, a INT, b INT, " + manyKeys(63) + ")",
			"INSERT INTO sixty_four VALUES (1, 2, 3)",
		},
	},
}

func manyChars(n int) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = fmt.Sprintf("c%d CHAR(255)", i)
	}
	return strings.Join(parts, ", ")
}

func manyKeys(n int) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = fmt.Sprintf("KEY k%d (%s, %s)", i, []string{"a", "b"}[i%2], []string{"b", "id"}[i/2%2])
	}
	return strings.ReplaceAll(strings.Join(parts, ", "), "(b, b)", "(b)")
}
