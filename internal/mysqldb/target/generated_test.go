package target_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// plainOn asserts that a generated column of the source is a plain one of the target, and said so.
func plainOn(p *dbtest.Pair, plan target.Diff, name, column string) {
	p.T.Helper()
	require.False(p.T, dbtest.Introspect(p.T, p.Dst, p.To, name).Column(column).Generated, "%+v", plan.Findings)
	require.True(p.T, slices.ContainsFunc(plan.Findings, func(f table.Finding) bool {
		return f.Column == column && f.Topic == table.TopicGenerated && strings.Contains(f.Text, "plain column")
	}), "%+v", plan.Findings)
}

// generatedColumns are columns that a source computes, by expressions that the servers do not agree on.
var generatedColumns = map[string]struct {
	setUp   []string
	columns string
	rows    []string
	plain   bool             // on both kinds of target
	only    []servers.Flavor // kinds of source that have it
}{
	"emoji": {
		nil, "a VARCHAR(9), g VARCHAR(40) AS (CONCAT('😀?é', a)) STORED",
		[]string{"(1, 'x')", "(2, NULL)"},
		false,
		nil,
	},
	"emoji, virtual": {
		nil, "a VARCHAR(9), g VARCHAR(40) AS (CONCAT('😀', a, '??')) VIRTUAL", []string{"(1, 'x')"}, false, nil,
	},
	"plain sum": {
		nil, "a INT, g BIGINT AS (a * 2 + 1) STORED, KEY (g)", []string{"(1, 5)", "(2, -2147483648)"}, false, nil,
	},
	"date of a moment": {
		[]string{"SET time_zone = '+05:30'"},
		"a TIMESTAMP NULL, g DATE AS (DATE(a)) STORED",
		[]string{"(1, '2024-01-01 02:00:00')"},
		true, nil,
	},
	"same day in UTC": {
		[]string{"SET time_zone = '+05:30'"},
		"a TIMESTAMP NULL, g DATE AS (DATE(a)) STORED",
		[]string{"(1, '2024-01-01 12:00:00')"},
		true, nil,
	},
	"seconds in a zone": {
		[]string{"SET time_zone = '+05:30'"},
		"a INT, g DATETIME AS (FROM_UNIXTIME(a)) STORED",
		[]string{"(1, 1704060000)"},
		true,
		[]servers.Flavor{servers.FlavorMySQL},
	},
	"document": {
		nil, "a LONGTEXT, g JSON AS (JSON_EXTRACT(a, '$.k')) STORED",
		[]string{`(1, '{"k": {"b": 1,"a": [1.50]}}')`, "(2, NULL)"},
		false, nil,
	},
	"point": {nil, "a INT, g POINT AS (POINT(a, 2)) STORED", []string{"(1, 5)"}, false, nil},
	"bits":  {nil, "a INT, g BIT(9) AS (a) STORED", []string{"(1, 5)", "(2, 511)"}, false, nil},
	"set": {
		nil, "a INT, g SET('','x') AS (a) STORED", []string{"(1, 0)", "(2, 1)", "(3, 3)"}, false, nil,
	},
	"float": {
		nil, "a INT, g FLOAT AS (a / 3) STORED", []string{"(1, 1)", "(2, 16777217)"}, false, nil,
	},
	"latin1": {
		nil, "a VARCHAR(9), g VARCHAR(9) CHARACTER SET latin1 AS (a) STORED", []string{"(1, 'é')"}, false, nil,
	},
	"raw bytes": {
		nil, "a VARCHAR(9), g VARBINARY(9) AS (UNHEX(a)) STORED", []string{"(1, 'ff0027')"}, false, nil,
	},
	"rounded": {
		nil, "a DECIMAL(9,3), g DECIMAL(9,1) AS (a / 3) STORED", []string{"(1, 10)", "(2, 0.5)"}, true, nil,
	},
	"stored subtraction": {
		[]string{"SET sql_mode = 'NO_UNSIGNED_SUBTRACTION'"},
		"a INT UNSIGNED, b INT UNSIGNED AS (a + 2) STORED, g INT AS (a - b) STORED",
		[]string{"(1, 1)"},
		true,
		nil,
	},
}

// However the target stores an expression, its rows hold what the source's hold.
func TestGeneratedColumnsHoldTheSourcesValues(t *testing.T) {
	for name, c := range generatedColumns {
		t.Run(name, func(t *testing.T) {
			dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
				if c.only != nil && !slices.Contains(c.only, p.Source.Flavor) {
					return
				}
				names := "(id, a)"
				p.AtSource(
					append(
						slices.Clone(c.setUp),
						"CREATE TABLE g (id INT PRIMARY KEY, "+c.columns+") CHARACTER SET utf8mb4",
						"INSERT INTO g "+names+" VALUES "+strings.Join(c.rows, ", "),
					)...,
				)
				plan := p.Apply("g")
				p.Write("g", "")
				const bytes = "SELECT CONCAT_WS('|', id, IFNULL(HEX(g), 'NULL')) FROM g ORDER BY id"
				require.Equal(
					t, dbtest.Texts(t, dbtest.Lenient(t, p.Source, p.From), bytes),
					dbtest.Texts(t, dbtest.Lenient(t, p.Target, p.To), bytes),
				)
				if c.plain {
					plainOn(p, plan, "g", "g")
				} else if slices.Contains([]string{"emoji", "emoji, virtual", "plain sum"}, name) {
					require.True(t, dbtest.Introspect(t, p.Dst, p.To, "g").Column("g").Generated, "%+v", plan.Findings)
				}
				p.Write("g", "")
			})
		})
	}
}

// Values that a strict target refuses to compute arrive as the source has them.
func TestGeneratedValuesOutOfRangeArrive(t *testing.T) {
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		p.AtSource("SET sql_mode = ''", "CREATE TABLE r (id INT PRIMARY KEY, a INT, t VARCHAR(90), v SMALLINT AS "+
			"(a) VIRTUAL, s SMALLINT AS (a) STORED, n INT AS (JSON_UNQUOTE(JSON_EXTRACT(t, '$.n'))) VIRTUAL, "+
			"ns INT AS (JSON_UNQUOTE(JSON_EXTRACT(t, '$.n'))) STORED, c VARCHAR(3) AS (t) STORED)")
		// The odd row is neither among the first nor among the last.
		p.AtSource("INSERT INTO r (id, a, t) SELECT n, n, '{\"n\": 5}' FROM (WITH RECURSIVE seq (n) AS (SELECT 0 "+
			"UNION ALL SELECT n+1 FROM seq WHERE n < 999) SELECT n FROM seq) seq",
			"SET sql_mode = ''", `UPDATE r SET a = 70000, t = '{"n": "abc"}' WHERE id = 700`)
		plan := p.Apply("r")
		plainOn(p, plan, "r", "s")
		plainOn(p, plan, "r", "ns")
		p.Write("r", "")
		const values = "SELECT CONCAT_WS(',', v, s, n, ns, c) FROM r WHERE id IN (1, 700)"
		require.Equal(
			t, dbtest.Texts(t, dbtest.Lenient(t, p.Source, p.From), values),
			dbtest.Texts(t, dbtest.Lenient(t, p.Target, p.To), values),
		)
		require.Equal(
			t, []string{"1,1,5,5,{\"n", "32767,32767,0,0,{\"n"},
			dbtest.Texts(t, dbtest.Lenient(t, p.Target, p.To), values),
		)
	})
}

// What a virtual column holds must not depend on its reader.
func TestAVirtualColumnThatSessionsComputeDifferentlyIsRefused(t *testing.T) {
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		p.AtSource("SET sql_mode = 'NO_UNSIGNED_SUBTRACTION'",
			"CREATE TABLE u (id INT PRIMARY KEY, a INT UNSIGNED, b INT UNSIGNED, rest INT AS (a - b) VIRTUAL)",
			"INSERT INTO u (id, a, b) VALUES (1, 3, 1)")
		p.Apply("u")
		p.AtTarget("DROP TABLE u")
		p.AtSource("SET sql_mode = 'NO_UNSIGNED_SUBTRACTION'", "INSERT INTO u (id, a, b) VALUES (2, 1, 3)")
		refuses(p, "u", "rest", "cannot compute for all rows")
	})
}

func TestGeneratedColumnsThatCannotBeTriedAreCarried(t *testing.T) {
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		p.AtSource("CREATE TABLE e (id INT PRIMARY KEY, a INT, g INT AS (a + 1) STORED)")
		plan := p.Apply("e")
		plainOn(p, plan, "e", "g")
		p.AtTarget("DROP TABLE e")
		p.AtSource("INSERT INTO e (id, a) VALUES (1, 1)")

		// The documented grants have no CREATE TEMPORARY TABLES.
		admin := p.Target.DB(t, p.To)
		user := "'w_" + p.To + "'@'%'"
		dbtest.Exec(
			t, admin, "CREATE USER "+user+" IDENTIFIED BY 'Secret-1'",
			"GRANT SELECT, INSERT, UPDATE, CREATE, ALTER ON "+p.To+".e TO "+user,
		)
		t.Cleanup(func() {
			db := p.Target.DB(t, "")
			defer func() { _ = db.Close() }()
			_, _ = db.Exec("DROP USER " + user) //nolint:noctx // the test's context is over
		})
		as := func() *mysqldb.DB {
			db, err := mysqldb.Open(
				t.Context(), strings.Replace(p.Target.DSN(""), "root@", "w_"+p.To+":Secret-1@", 1),
				mysqldb.Options{Role: mysqldb.Target, Name: "target"},
			)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, db.Close()) })
			return db
		}
		p.Dst = as()
		plan = p.Apply("e")
		plainOn(p, plan, "e", "g")
		p.Write("e", "")
		require.Equal(t, []string{"2"}, dbtest.Texts(t, admin, "SELECT g FROM e"))
		// One grant more, and it is tried.
		dbtest.Exec(t, admin, "DROP TABLE e", "GRANT CREATE TEMPORARY TABLES ON "+p.To+".* TO "+user)
		p.Dst = as()
		p.Apply("e")
		require.True(t, dbtest.Introspect(t, p.Dst, p.To, "e").Column("g").Generated)
		require.Equal(t, []string{"e"}, dbtest.Texts(t, admin, "SHOW TABLES"))
	})
}

func TestAddedGeneratedColumns(t *testing.T) {
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		p.AtSource(
			"CREATE TABLE o (id INT PRIMARY KEY, a INT, at TIMESTAMP NULL)",
			"INSERT INTO o VALUES (1, 1, '2024-01-01')",
		)
		p.Apply("o")
		p.CopyRows("o", "")
		p.AtSource("ALTER TABLE o ADD COLUMN g INT AS (a + 1) STORED, ADD COLUMN d DATE AS (DATE(at)) STORED")
		plan := p.Apply("o")
		require.True(t, dbtest.Introspect(t, p.Dst, p.To, "o").Column("g").Generated)
		plainOn(p, plan, "o", "d")
		warned(p, plan, "d")
		p.Write("o", "")
		require.Equal(
			t, []string{"2 2024-01-01"}, dbtest.Texts(t, p.Target.DB(t, p.To), "SELECT CONCAT(g, ' ', d) FROM o"),
		)
	})
}

// A target made by hand decides for itself, and its plain columns get values too.
func TestAPlainColumnOfTheTargetGetsTheGeneratedValue(t *testing.T) {
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		p.AtSource(
			"CREATE TABLE h (id INT PRIMARY KEY, a INT, g INT AS (a + 1) STORED, v VARCHAR(9) AS (CONCAT(a, 'x')) "+
				"VIRTUAL)",
			"INSERT INTO h (id, a) VALUES (1, 1), (2, NULL)",
		)
		p.AtTarget("CREATE TABLE h (id INT PRIMARY KEY, a INT, g INT, v VARCHAR(9))")
		plan := p.Plan("h")
		require.False(t, plan.Refused(), "%+v", plan.Findings)
		p.Write("h", "")
		require.Equal(
			t, []string{"2 1x", "NULL"},
			dbtest.Texts(t, p.Target.DB(t, p.To), "SELECT CONCAT(g, ' ', v) FROM h ORDER BY id"),
		)
		p.AtTarget("ALTER TABLE h MODIFY g DATE")
		refuses(p, "h", "g", "not values of the other")
	})
}
