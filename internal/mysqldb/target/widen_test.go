package target_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
)

// widenings are columns whose source has become wider, with a value that did not fit, and what the
// target's column is then. What is behind its type stays.
var widenings = []struct{ was, is, value, then string }{
	{
		`INT NOT NULL DEFAULT 7 COMMENT 'it''s \\ NOT NULL'`, "BIGINT NOT NULL", "3000000000",
		`bigint NO 7 it's \ NOT NULL`,
	},
	{"SMALLINT UNSIGNED", "INT UNSIGNED", "4000000000", "int unsigned YES NULL "},
	{"TINYINT NOT NULL", "INT NULL", "NULL", "int YES NULL "},
	{
		"VARCHAR(20) CHARACTER SET latin1 DEFAULT 'x'", "VARCHAR(40) CHARACTER SET latin1", "REPEAT('ü', 40)",
		"varchar(40) YES x ",
	},
	{"VARCHAR(60) COLLATE utf8mb4_bin NOT NULL", "VARCHAR(70) NULL", "REPEAT('😀', 70)", "varchar(70) YES NULL "},
	{"VARCHAR(9) CHARACTER SET ascii", "VARCHAR(20) CHARACTER SET ascii", "REPEAT('x', 20)", "varchar(20) YES NULL "},
	{"VARBINARY(4)", "VARBINARY(400)", "REPEAT(x'00', 400)", "varbinary(400) YES NULL "},
	{"DECIMAL(10,2) NOT NULL DEFAULT 1", "DECIMAL(14,4) NOT NULL", "-1234567890.1234", "decimal(14,4) NO 1.0000 "},
	{"ENUM('a','b''(') NOT NULL COMMENT 'c'", "ENUM('a','b''(','😀') NOT NULL", "'😀'", "enum('a','b''(','?') NO NULL c"},
	{"SET('a') CHARACTER SET latin1 NOT NULL", "SET('a','b') CHARACTER SET latin1", "NULL", "set('a','b') YES NULL "},
	{"DATETIME NOT NULL", "DATETIME NULL", "NULL", "datetime YES NULL "},
	{"TINYTEXT NOT NULL", "MEDIUMTEXT NOT NULL", "REPEAT('x', 70000)", "mediumtext NO NULL "},
	{"BLOB", "LONGBLOB", "REPEAT('x', 70000)", "longblob YES NULL "},
	{"BIT(3) NOT NULL", "BIT(9) NOT NULL", "b'100000001'", "bit(9) NO NULL "},
	{"CHAR(3)", "CHAR(9)", "'x y'", "char(9) YES NULL "},
	{"TIME(2) DEFAULT '01:00:00'", "TIME(5)", "'01:02:03.45678'", "time(5) YES 01:00:00.00000 "},
	{
		"DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP COMMENT 'current_timestamp'",
		"DATETIME(6) NOT NULL", "'2024-01-01 00:00:00.000001'",
		"datetime(6) NO current_timestamp(6) current_timestamp",
	},
	{"TIMESTAMP(3) NULL DEFAULT NULL", "TIMESTAMP(6) NULL", "'2024-01-01 00:00:00.000001'", "timestamp(6) YES NULL "},
}

// A source that became wider takes its target along, where every value of the target stays.
func TestHarmlessWideningsAreFollowed(t *testing.T) {
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		width := regexp.MustCompile(`(int)\([0-9]+\)`)
		for i, w := range widenings {
			name := fmt.Sprintf("w%d", i)
			p.AtSource(
				"CREATE TABLE "+name+" (id INT PRIMARY KEY, c "+w.is+") CHARACTER SET utf8mb4",
				"INSERT INTO "+name+" VALUES (1, "+w.value+")",
			)
			p.AtTarget("CREATE TABLE " + name + " (id INT PRIMARY KEY, c " + w.was + ") CHARACTER SET utf8mb4")
			plan := p.Apply(name)
			require.Len(t, plan.Statements, 1, w.is)
			dbtest.Says(t, plan, "", "widened, as those of the source were: c")
			then := dbtest.Texts(t, dbtest.Lenient(t, p.Target, p.To),
				"SELECT CONCAT(COLUMN_TYPE, ' ', IS_NULLABLE, ' ', COALESCE(TRIM(BOTH '''' FROM COLUMN_DEFAULT), "+
					"'NULL'), ' ', COLUMN_COMMENT)"+
					" FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = '"+p.To+"' AND TABLE_NAME = '"+
					name+"' AND COLUMN_NAME = 'c'")[0]
			then = strings.Replace(width.ReplaceAllString(then, "$1"), "CURRENT", "current", 1)
			require.Equal(t, w.then, strings.Replace(then, "TIMESTAMP", "timestamp", 1), w.is)
			p.CopyRows(name, "")
		}
	})
}

// The key is the column that outgrows its type most often.
func TestAKeyThatBecameWiderIsFollowed(t *testing.T) {
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		p.AtSource(
			"CREATE TABLE k (id BIGINT AUTO_INCREMENT PRIMARY KEY, v INT)", "INSERT INTO k VALUES (3000000000, 1)",
		)
		p.AtTarget(
			"CREATE TABLE k (id INT AUTO_INCREMENT PRIMARY KEY, v INT, KEY (v))",
			"INSERT INTO k VALUES (1, 1), (2, 2)",
		)
		p.Apply("k")
		target := dbtest.Introspect(t, p.Dst, p.To, "k")
		require.Equal(t, 64, target.Column("id").Bits)
		require.True(t, target.Column("id").AutoIncrement)
		require.Equal(t, []string{"id"}, target.PrimaryKey)
	})
}

// What is not followed is refused, with the statement that a person can run.
func TestOtherWideningsAreRefusedWithTheStatement(t *testing.T) {
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		p.AtSource("CREATE TABLE r (id INT PRIMARY KEY, sign INT UNSIGNED, huge BIGINT UNSIGNED, exact DOUBLE, word "+
			"VARCHAR(20), fixed VARBINARY(9), kind VARCHAR(9), big INT, other ENUM('b','a','c'), many VARCHAR(20) "+
			"NULL) CHARACTER SET utf8mb4",
			"INSERT INTO r VALUES (1, 4294967295, 18446744073709551615, 0.1, '😀', x'00', 'ü', 70000, 'c', NULL)")
		p.AtTarget("CREATE TABLE parent (big SMALLINT PRIMARY KEY)",
			"CREATE TABLE r (id INT PRIMARY KEY, sign INT NOT NULL COMMENT 'it''s', huge BIGINT, exact FLOAT, word "+
				"VARCHAR(20) CHARACTER SET latin1, fixed BINARY(9), kind INT, big SMALLINT, other ENUM('a','b') "+
				"CHARACTER SET utf8mb4, many VARCHAR(10) NOT NULL,"+
				" FOREIGN KEY (big) REFERENCES parent (big)) CHARACTER SET utf8mb4")
		plan := p.Plan("r")
		require.True(t, plan.Refused())
		require.Empty(t, plan.Statements)
		remedies := map[string]string{}
		for _, f := range plan.Findings {
			if f.Level == table.LevelRefuse {
				remedies[f.Column] = f.Remedy
			}
		}
		for column, remedy := range map[string]string{
			"sign": "MODIFY COLUMN `sign` bigint NULL COMMENT 'it''s'", "huge": "MODIFY COLUMN `huge` decimal(20,0)",
			"exact": "MODIFY COLUMN `exact` double", "word": "MODIFY COLUMN `word` varchar(20) CHARACTER SET " +
				"utf8mb4",
			"fixed": "MODIFY COLUMN `fixed` varbinary(9)", "kind": "MODIFY COLUMN `kind` varchar(9)",
			"big": "MODIFY COLUMN `big` int", "other": "MODIFY COLUMN `other` enum('b','a','c')",
		} {
			require.Contains(t, remedies[column], remedy)
		}
		// With the statements run the plan is ready, and what is left is followed.
		p.AtTarget("ALTER TABLE r DROP FOREIGN KEY r_ibfk_1")
		for _, remedy := range remedies {
			p.AtTarget(remedy)
		}
		dbtest.Says(t, p.Apply("r"), "", "widened, as those of the source were: many")
		p.CopyRows("r", "")
		refused, err := target.New(p.Dst).Compare(
			t.Context(), p.Src, dbtest.Introspect(t, p.Src, p.From, "r"), table.Name{Schema: p.To, Table: "parent"},
			target.Options{},
		)
		require.NoError(t, err)
		require.True(t, refused.Refused())
	})
}

// What the target's server does not take is a refusal of the plan, and not of the run.
func TestAWideningIsTried(t *testing.T) {
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		p.AtSource("CREATE TABLE i (id INT PRIMARY KEY, v VARCHAR(16000)) CHARACTER SET utf8mb4")
		p.AtTarget("CREATE TABLE i (id INT PRIMARY KEY, v VARCHAR(100), own VARCHAR(5000)) CHARACTER SET utf8mb4")
		refuses(p, "i", "", "Row size too large")
	})
}
