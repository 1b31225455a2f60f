package target_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// trickyDefaults are columns whose defaults a catalog cuts short, converts or shows in another zone.
const trickyDefaults = `ADD COLUMN b4 BINARY(4) DEFAULT x'00ff0041', ADD COLUMN b4n BINARY(4) NOT NULL DEFAULT x'ff', ADD COLUMN vb VARBINARY(9) DEFAULT x'ff',
  ADD COLUMN vz VARBINARY(9) NOT NULL DEFAULT x'610062', ADD COLUMN ve VARBINARY(9) DEFAULT '', ADD COLUMN e VARCHAR(20) DEFAULT 'a😀?\\''b', ADD COLUMN en VARCHAR(9) NOT NULL DEFAULT '😀',
  ADD COLUMN sj VARCHAR(9) CHARACTER SET sjis DEFAULT _sjis x'835C', ADD COLUMN l1 VARCHAR(9) CHARACTER SET latin1 NOT NULL DEFAULT 'é?',
  ADD COLUMN ts TIMESTAMP NULL DEFAULT '2024-01-01', ADD COLUMN tn TIMESTAMP(3) NOT NULL DEFAULT '2024-07-01 12:00:00.5',
  ADD COLUMN st SET('','x') DEFAULT ',x', ADD COLUMN em ENUM('a','😀') DEFAULT '😀', ADD COLUMN bi BIT(9) DEFAULT b'101', ADD COLUMN f FLOAT NOT NULL DEFAULT 0.1, ADD COLUMN fl FLOAT DEFAULT 123456.789, ADD COLUMN ft FLOAT DEFAULT -3.4028234e38, ADD COLUMN dd DOUBLE DEFAULT 0.12345678901234566, ADD COLUMN y YEAR DEFAULT 2024`

const trickyBytes = `SELECT CONCAT_WS('|', id, IFNULL(HEX(b4),'N'), HEX(b4n), IFNULL(HEX(vb),'N'), HEX(vz), IFNULL(HEX(ve),'N'), IFNULL(HEX(e),'N'), HEX(en), IFNULL(HEX(sj),'N'), HEX(l1),
  IFNULL(ts,'N'), tn, IFNULL(st|0,'N'), IFNULL(em+0,'N'), IFNULL(bi+0,'N'), f, CAST(fl AS DECIMAL(40,10)), CAST(ft AS DECIMAL(60,3)), dd, IFNULL(y,'N')) FROM d ORDER BY id`

// eachDefault is a column and its default by itself.
var eachDefault = []string{
	"CHAR(5) DEFAULT 'a  '", "VARCHAR(5) DEFAULT 'a  '", "VARCHAR(9) CHARACTER SET utf16 DEFAULT '😀é'",
	"VARCHAR(9) CHARACTER SET ucs2 NOT NULL DEFAULT 'é?'",
	"VARCHAR(9) CHARACTER SET gbk DEFAULT '中?'", "VARCHAR(9) CHARACTER SET cp1251 DEFAULT 'Ж'",
	"VARCHAR(9) CHARACTER SET big5 NOT NULL DEFAULT '功'", "CHAR(9) CHARACTER SET ascii DEFAULT 'a\\\\b'",
	"TIME(3) DEFAULT '-01:02:03.5'", "DATE DEFAULT '0000-00-00'", "DATETIME DEFAULT '2024-02-30'",
	"DATETIME(6) NOT NULL DEFAULT '9999-12-31 23:59:59.999999'", "TIMESTAMP NULL DEFAULT '0000-00-00'",
	"TIMESTAMP(6) NOT NULL DEFAULT '2038-01-18 23:14:07.999999'", "YEAR DEFAULT 0", "YEAR DEFAULT '0000'",
	"DECIMAL(30,10) DEFAULT -1234567890.0123456789", "BIGINT UNSIGNED DEFAULT 18446744073709551615",
	"BIGINT DEFAULT -9223372036854775808", "BIT(64) DEFAULT 18446744073709551615", "BIT(1) NOT NULL DEFAULT b'0'",
	"INT(5) ZEROFILL DEFAULT 7", "DOUBLE DEFAULT 1e308", "DOUBLE NOT NULL DEFAULT 5e-324", "FLOAT(9,3) DEFAULT 1.5",
	"ENUM('','a') DEFAULT ''", "ENUM('1','0','2') NOT NULL DEFAULT '0'",
	"ENUM('a','?','é') CHARACTER SET latin1 DEFAULT '?'", "SET('a','b','c') DEFAULT 'c,a'",
	"SET('a','b') NOT NULL DEFAULT ''", "SET('1','2','4') DEFAULT '4'",
	"BINARY(3) DEFAULT ''", "VARBINARY(40) NOT NULL DEFAULT x'00'", "VARBINARY(40) DEFAULT x'5c275c2700ff0a0d1a'",
	"BINARY(16) NOT NULL DEFAULT x'ffffffffffffffffffffffffffffff00'", "VARCHAR(20) DEFAULT 'NULL'",
	"VARCHAR(20) DEFAULT '(1+1)'", "VARCHAR(30) DEFAULT 'current_timestamp()'",
	"VARCHAR(99) DEFAULT '\\\\0\\n\\r\\Z''\"%_'", "VARCHAR(20) COLLATE utf8mb4_bin DEFAULT 'Ä😀'",
	"BOOLEAN NOT NULL DEFAULT TRUE", "TINYINT(1) DEFAULT NULL",
}

// mariaDefaults are those that only MariaDB takes as a literal, or whose types only it has.
var mariaDefaults = []string{
	"TEXT DEFAULT 'a😀?'", "BLOB NOT NULL DEFAULT x'ff00'", "LONGTEXT DEFAULT ''",
	"TINYTEXT CHARACTER SET latin1 DEFAULT 'é'", "JSON DEFAULT '{\"a\": 1}'",
	"UUID DEFAULT '123e4567-e89b-12d3-a456-426655440000'", "INET6 DEFAULT '::1'", "INET4 NOT NULL DEFAULT '1.2.3.4'",
}

func TestEachAddedDefaultArrives(t *testing.T) {
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		p.AtSource("CREATE TABLE d (id INT PRIMARY KEY) CHARACTER SET utf8mb4", "INSERT INTO d VALUES (1), (2)")
		p.Apply("d")
		p.CopyRows("d", "")
		source, target := dbtest.Lenient(t, p.Source, p.From), dbtest.Lenient(t, p.Target, p.To)
		dbtest.Exec(t, source, "SET time_zone = '-03:30'")
		columns := eachDefault
		if p.Source.Flavor == servers.FlavorMariaDB {
			columns = slices.Concat(columns, mariaDefaults)
		}
		for i, c := range columns {
			name := fmt.Sprintf("c%d", i)
			dbtest.Exec(t, source, "ALTER TABLE d ADD COLUMN "+name+" "+c)
			plan := p.Apply("d")
			require.False(t, slices.ContainsFunc(plan.Findings,
				func(f table.Finding) bool { return f.Level == table.LevelWarn }), "%s: %+v", c, plan.Findings)
			value := "HEX(CONCAT(" + name + "))"
			switch {
			case strings.HasPrefix(c, "ENUM"), strings.HasPrefix(c, "SET"), strings.HasPrefix(c, "BIT"):
				value = "(" + name + " | 0)"
			case strings.HasPrefix(c, "TIMESTAMP"):
				value = "UNIX_TIMESTAMP(" + name + ")"
			}
			values := "SELECT CONCAT_WS(' ', id, IFNULL(" + value + ", 'NULL')) FROM d ORDER BY id"
			require.Equal(t, dbtest.Texts(t, source, values), dbtest.Texts(t, target, values), c)
			dbtest.Exec(t, target, fmt.Sprintf("INSERT INTO d (id) VALUES (%d)", i+10)) // by the target's own default
			dbtest.Exec(t, source, fmt.Sprintf("INSERT INTO d (id) VALUES (%d)", i+10))
			require.Equal(t, dbtest.Texts(t, source, values), dbtest.Texts(t, target, values), c)
		}
	})
}

func TestAddedDefaultsArriveBitForBit(t *testing.T) {
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		p.AtSource(
			"CREATE TABLE d (id INT PRIMARY KEY, a INT) CHARACTER SET utf8mb4", "INSERT INTO d VALUES (1, 1), (2, 2)",
		)
		p.Apply("d")
		p.CopyRows("d", "")
		p.AtSource("SET time_zone = '+02:00'", "ALTER TABLE d "+trickyDefaults)
		plan := p.Apply("d")
		require.False(t, slices.ContainsFunc(plan.Findings,
			func(f table.Finding) bool { return f.Level == table.LevelWarn }), "%+v", plan.Findings)
		// Nothing was copied since: the target's rows hold what its own ADD COLUMN gave them.
		require.Equal(
			t, dbtest.Texts(t, dbtest.Lenient(t, p.Source, p.From), trickyBytes),
			dbtest.Texts(t, dbtest.Lenient(t, p.Target, p.To), trickyBytes),
		)
		// The same defaults serve rows that the target's own people add.
		p.AtTarget("INSERT INTO d (id) VALUES (3)")
		p.AtSource("INSERT INTO d (id) VALUES (3)")
		require.Equal(
			t, dbtest.Texts(t, dbtest.Lenient(t, p.Source, p.From), trickyBytes),
			dbtest.Texts(t, dbtest.Lenient(t, p.Target, p.To), trickyBytes),
		)
		require.False(t, dbtest.Introspect(t, p.Dst, p.To, "d").Column("en").Nullable)
	})
}

func TestCreatedDefaultsAreReadExactly(t *testing.T) {
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		p.AtSource(
			"CREATE TABLE d (id INT PRIMARY KEY, a INT) CHARACTER SET utf8mb4", "SET time_zone = '+02:00'",
			"ALTER TABLE d "+trickyDefaults,
		)
		plan := p.Apply("d") // the source has no row to read a default of a NOT NULL column by
		require.True(t, slices.ContainsFunc(plan.Findings,
			func(f table.Finding) bool { return f.Column == "b4n" && strings.Contains(f.Text, "default") }), "%+v",
			plan.Findings)
		p.AtTarget("DROP TABLE d")
		p.AtSource("INSERT INTO d (id) VALUES (1)")
		p.Apply("d")
		p.AtTarget("INSERT INTO d (id) VALUES (1)")
		require.Equal(
			t, dbtest.Texts(t, dbtest.Lenient(t, p.Source, p.From), trickyBytes),
			dbtest.Texts(t, dbtest.Lenient(t, p.Target, p.To), trickyBytes),
		)
	})
}

// warned asserts that the columns are added as nullable, with a warning that names --full.
func warned(p *dbtest.Pair, plan target.Diff, columns ...string) {
	p.T.Helper()
	for _, c := range columns {
		require.True(p.T, slices.ContainsFunc(plan.Findings, func(f table.Finding) bool {
			return f.Level == table.LevelWarn && f.Column == c && strings.Contains(f.Remedy, "--full")
		}), "%s: %+v", c, plan.Findings)
		require.True(p.T, dbtest.Introspect(p.T, p.Dst, p.To, "o").Column(c).Nullable, c)
	}
}

func TestAnAddedColumnHoldsWhatOldRowsHold(t *testing.T) {
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		p.AtSource("CREATE TABLE o (id INT PRIMARY KEY, at INT)", "INSERT INTO o VALUES (1, 1), (2, 2)")
		p.Apply("o")
		p.CopyRows("o", "at")
		// The default was changed, dropped and set after the ADD; rows were changed and their cursor was not.
		p.AtSource("ALTER TABLE o ADD COLUMN changed INT NOT NULL DEFAULT 1, ADD COLUMN dropped INT DEFAULT 2, ADD "+
			"COLUMN gone VARCHAR(9) NOT NULL DEFAULT 'x', "+
			"ADD COLUMN later INT, ADD COLUMN cased VARCHAR(9) DEFAULT 'x', ADD COLUMN kept INT NOT NULL DEFAULT 5, "+
			"ADD COLUMN none INT",
			"ALTER TABLE o ALTER changed SET DEFAULT 9, ALTER dropped DROP DEFAULT, ALTER gone DROP DEFAULT, ALTER "+
				"later SET DEFAULT 4",
			"UPDATE o SET cased = 'X' WHERE id = 2")
		plan := p.Apply("o")
		warned(p, plan, "changed", "dropped", "gone", "later", "cased")
		target := dbtest.Introspect(t, p.Dst, p.To, "o")
		require.False(t, target.Column("kept").Nullable)
		require.Equal(
			t, []string{"5,NULL", "5,NULL"},
			dbtest.Texts(t, p.Target.DB(t, p.To), "SELECT CONCAT_WS(',', kept, IFNULL(none, 'NULL')) FROM o"),
		)
		p.CopyRows("o", "at") // as --full does
	})
}

func TestRowsAboveTheWatermarkDoNotCountAsOld(t *testing.T) {
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		p.AtSource(
			"CREATE TABLE o (id INT PRIMARY KEY, at DATETIME(3) NOT NULL, KEY (at))",
			"INSERT INTO o VALUES (1, '2024-01-01')",
		)
		p.Apply("o")
		p.CopyRows("o", "at")
		p.AtSource(
			"ALTER TABLE o ADD COLUMN n INT NOT NULL DEFAULT 5",
			"INSERT INTO o VALUES (2, '2024-01-01 00:00:00.001', 7)",
		)
		plan := func(watermark string) target.Diff {
			plan, err := target.New(p.Dst).Compare(t.Context(), p.Src, dbtest.Introspect(
				t, p.Src, p.From, "o",
			), table.Name{Schema: p.To, Table: "o"},
				target.Options{Contract: dbtest.Follows, Cursor: "at", Watermark: watermark})
			require.NoError(t, err)
			return plan
		}
		require.Contains(t, plan("2024-01-01 00:00:00.000").Statements[0], "NOT NULL DEFAULT 5")
		require.NotContains(t, plan("2024-01-01 00:00:00.001").Statements[0], "DEFAULT 5")
		require.NotContains(t, plan("").Statements[0], "DEFAULT 5")
	})
}

func TestARenameAtTheSourceIsAskedFor(t *testing.T) {
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		for name, c := range map[string]struct {
			alter []string
			asked string // the column; "" where it is no rename
		}{
			"rename":            {[]string{"ALTER TABLE r CHANGE price amount INT"}, "amount"},
			"rename and widen":  {[]string{"ALTER TABLE r CHANGE price amount BIGINT"}, "amount"},
			"rename and move":   {[]string{"ALTER TABLE r CHANGE price amount INT AFTER v"}, "amount"},
			"rename of text":    {[]string{"ALTER TABLE r CHANGE v w VARCHAR(9)"}, "w"},
			"two renames":       {[]string{"ALTER TABLE r CHANGE price amount INT, CHANGE v w VARCHAR(9)"}, "w"},
			"drop and add":      {[]string{"ALTER TABLE r DROP price", "ALTER TABLE r ADD amount INT"}, ""},
			"same place, other": {[]string{"ALTER TABLE r DROP price, ADD amount INT AFTER id"}, ""},
			"same place, empty": {[]string{"UPDATE r SET price = NULL", "ALTER TABLE r CHANGE price amount INT"}, ""},
			"drop, add, other":  {[]string{"ALTER TABLE r DROP v, ADD amount DATE AFTER price"}, ""},
			"add with old rows": {
				[]string{"ALTER TABLE r DROP price, ADD amount INT", "UPDATE r SET amount = 3"}, "amount",
			},
		} {
			t.Run(name, func(t *testing.T) {
				q := &dbtest.Pair{
					T: t, Src: p.Src, Dst: p.Dst, From: p.From, To: p.To, Source: p.Source, Target: p.Target,
					Contract: p.Contract,
				}
				q.AtSource(
					"DROP TABLE IF EXISTS r",
					"CREATE TABLE r (id INT PRIMARY KEY, price INT, v VARCHAR(9), at INT NOT NULL)",
					"INSERT INTO r VALUES (1, 10, 'a', 1), (2, 20, 'b', 2)",
				)
				q.AtTarget("DROP TABLE IF EXISTS r")
				q.Apply("r")
				q.CopyRows("r", "at")
				q.AtSource(c.alter...)
				if c.asked == "" {
					q.Apply("r")
					return
				}
				refuses(q, "r", c.asked, "another name")
			})
		}
		// The way out that the finding names.
		p.AtSource(
			"DROP TABLE IF EXISTS r", "CREATE TABLE r (id INT PRIMARY KEY, price INT, at INT NOT NULL)",
			"INSERT INTO r VALUES (1, 10, 1)",
		)
		p.AtTarget("DROP TABLE IF EXISTS r")
		p.Apply("r")
		p.CopyRows("r", "at")
		p.AtSource("ALTER TABLE r CHANGE price amount INT")
		plan := p.Plan("r")
		rename := "ALTER TABLE `" + p.To + "`.`r` RENAME COLUMN `price` TO `amount`"
		require.Contains(t, plan.Findings[0].Remedy, rename)
		p.AtTarget(rename)
		p.Apply("r")
		require.Equal(t, []string{"10"}, dbtest.Texts(t, p.Target.DB(t, p.To), "SELECT amount FROM r"))
	})
}

// An expression is read from bytes that are whole, too.
func TestExpressionsOfDefaultsArriveWhole(t *testing.T) {
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		p.AtSource("CREATE TABLE x (id INT PRIMARY KEY, e VARCHAR(30) DEFAULT (CONCAT('a😀?é', '\\\\', '''')), f "+
			"VARCHAR(30) DEFAULT (UPPER('ß ?')) COMMENT 'f') CHARACTER SET utf8mb4",
			"INSERT INTO x (id) VALUES (1)")
		p.Apply("x")
		p.AtTarget("INSERT INTO x (id) VALUES (1)")
		const bytes = "SELECT CONCAT(HEX(e), ' ', HEX(f)) FROM x"
		require.Equal(
			t, dbtest.Texts(t, dbtest.Lenient(t, p.Source, p.From), bytes),
			dbtest.Texts(t, dbtest.Lenient(t, p.Target, p.To), bytes),
		)
	})
}
