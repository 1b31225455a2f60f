package mysqldb_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// plainOn asserts that a generated column of the source is a plain one of the target, and said so.
func (p *pair) plainOn(plan mysqldb.TargetPlan, name, column string) {
	p.t.Helper()
	require.False(p.t, introspect(p.t, p.dst, p.to, name).Column(column).Generated, "%+v", plan.Findings)
	require.True(p.t, slices.ContainsFunc(plan.Findings, func(f table.Finding) bool {
		return f.Column == column && f.Topic == table.TopicGenerated && strings.Contains(f.Text, "plain column")
	}), "%+v", plan.Findings)
}

// Whatever the target makes of an expression, its rows hold what the source's hold.
func TestGeneratedColumnsHoldTheSourcesValues(t *testing.T) {
	for name, c := range map[string]struct {
		setUp   []string
		columns string
		rows    []string
		plain   bool             // on both kinds of target
		only    []servers.Flavor // kinds of source that have it
	}{
		"emoji":              {nil, "a VARCHAR(9), g VARCHAR(40) AS (CONCAT('😀?é', a)) STORED", []string{"(1, 'x')", "(2, NULL)"}, false, nil},
		"emoji, virtual":     {nil, "a VARCHAR(9), g VARCHAR(40) AS (CONCAT('😀', a, '??')) VIRTUAL", []string{"(1, 'x')"}, false, nil},
		"plain sum":          {nil, "a INT, g BIGINT AS (a * 2 + 1) STORED, KEY (g)", []string{"(1, 5)", "(2, -2147483648)"}, false, nil},
		"date of a moment":   {[]string{"SET time_zone = '+05:30'"}, "a TIMESTAMP NULL, g DATE AS (DATE(a)) STORED", []string{"(1, '2024-01-01 02:00:00')"}, true, nil},
		"same day in UTC":    {[]string{"SET time_zone = '+05:30'"}, "a TIMESTAMP NULL, g DATE AS (DATE(a)) STORED", []string{"(1, '2024-01-01 12:00:00')"}, true, nil},
		"seconds in a zone":  {[]string{"SET time_zone = '+05:30'"}, "a INT, g DATETIME AS (FROM_UNIXTIME(a)) STORED", []string{"(1, 1704060000)"}, true, []servers.Flavor{servers.FlavorMySQL}},
		"document":           {nil, "a LONGTEXT, g JSON AS (JSON_EXTRACT(a, '$.k')) STORED", []string{`(1, '{"k": {"b": 1,"a": [1.50]}}')`, "(2, NULL)"}, false, nil},
		"point":              {nil, "a INT, g POINT AS (POINT(a, 2)) STORED", []string{"(1, 5)"}, false, nil},
		"bits":               {nil, "a INT, g BIT(9) AS (a) STORED", []string{"(1, 5)", "(2, 511)"}, false, nil},
		"set":                {nil, "a INT, g SET('','x') AS (a) STORED", []string{"(1, 0)", "(2, 1)", "(3, 3)"}, false, nil},
		"float":              {nil, "a INT, g FLOAT AS (a / 3) STORED", []string{"(1, 1)", "(2, 16777217)"}, false, nil},
		"latin1":             {nil, "a VARCHAR(9), g VARCHAR(9) CHARACTER SET latin1 AS (a) STORED", []string{"(1, 'é')"}, false, nil},
		"raw bytes":          {nil, "a VARCHAR(9), g VARBINARY(9) AS (UNHEX(a)) STORED", []string{"(1, 'ff0027')"}, false, nil},
		"rounded":            {nil, "a DECIMAL(9,3), g DECIMAL(9,1) AS (a / 3) STORED", []string{"(1, 10)", "(2, 0.5)"}, true, nil},
		"stored subtraction": {[]string{"SET sql_mode = 'NO_UNSIGNED_SUBTRACTION'"}, "a INT UNSIGNED, b INT UNSIGNED AS (a + 2) STORED, g INT AS (a - b) STORED", []string{"(1, 1)"}, true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			eachPair(t, func(t *testing.T, p *pair) {
				if c.only != nil && !slices.Contains(c.only, p.source.Flavor) {
					return
				}
				names := "(id, a)"
				p.atSource(append(slices.Clone(c.setUp), "CREATE TABLE g (id INT PRIMARY KEY, "+c.columns+") CHARACTER SET utf8mb4", "INSERT INTO g "+names+" VALUES "+strings.Join(c.rows, ", "))...)
				plan := p.apply("g")
				p.write("g", "")
				const bytes = "SELECT CONCAT_WS('|', id, IFNULL(HEX(g), 'NULL')) FROM g ORDER BY id"
				require.Equal(t, texts(t, lenient(t, p.source, p.from), bytes), texts(t, lenient(t, p.target, p.to), bytes))
				if c.plain {
					p.plainOn(plan, "g", "g")
				} else if slices.Contains([]string{"emoji", "emoji, virtual", "plain sum"}, name) {
					require.True(t, introspect(t, p.dst, p.to, "g").Column("g").Generated, "%+v", plan.Findings)
				}
				p.write("g", "")
			})
		})
	}
}

// Values that a strict target refuses to compute arrive as the source has them.
func TestGeneratedValuesOutOfRangeArrive(t *testing.T) {
	eachPair(t, func(t *testing.T, p *pair) {
		p.atSource("SET sql_mode = ''", "CREATE TABLE r (id INT PRIMARY KEY, a INT, t VARCHAR(90), v SMALLINT AS (a) VIRTUAL, s SMALLINT AS (a) STORED, n INT AS (JSON_UNQUOTE(JSON_EXTRACT(t, '$.n'))) VIRTUAL, "+
			"ns INT AS (JSON_UNQUOTE(JSON_EXTRACT(t, '$.n'))) STORED, c VARCHAR(3) AS (t) STORED)")
		// The odd row is neither among the first nor among the last.
		p.atSource("INSERT INTO r (id, a, t) SELECT n, n, '{\"n\": 5}' FROM (WITH RECURSIVE seq (n) AS (SELECT 0 UNION ALL SELECT n+1 FROM seq WHERE n < 999) SELECT n FROM seq) seq",
			"SET sql_mode = ''", `UPDATE r SET a = 70000, t = '{"n": "abc"}' WHERE id = 700`)
		plan := p.apply("r")
		p.plainOn(plan, "r", "s")
		p.plainOn(plan, "r", "ns")
		p.write("r", "")
		const values = "SELECT CONCAT_WS(',', v, s, n, ns, c) FROM r WHERE id IN (1, 700)"
		require.Equal(t, texts(t, lenient(t, p.source, p.from), values), texts(t, lenient(t, p.target, p.to), values))
		require.Equal(t, []string{"1,1,5,5,{\"n", "32767,32767,0,0,{\"n"}, texts(t, lenient(t, p.target, p.to), values))
	})
}

// What a virtual column holds must not depend on whoever reads it.
func TestAVirtualColumnThatSessionsComputeDifferentlyIsRefused(t *testing.T) {
	eachPair(t, func(t *testing.T, p *pair) {
		p.atSource("SET sql_mode = 'NO_UNSIGNED_SUBTRACTION'", "CREATE TABLE u (id INT PRIMARY KEY, a INT UNSIGNED, b INT UNSIGNED, rest INT AS (a - b) VIRTUAL)",
			"INSERT INTO u (id, a, b) VALUES (1, 3, 1)")
		p.apply("u")
		p.atTarget("DROP TABLE u")
		p.atSource("SET sql_mode = 'NO_UNSIGNED_SUBTRACTION'", "INSERT INTO u (id, a, b) VALUES (2, 1, 3)")
		p.refuses("u", "rest", "cannot compute for all rows")
	})
}

func TestGeneratedColumnsThatCannotBeTriedAreCarried(t *testing.T) {
	eachPair(t, func(t *testing.T, p *pair) {
		p.atSource("CREATE TABLE e (id INT PRIMARY KEY, a INT, g INT AS (a + 1) STORED)")
		plan := p.apply("e")
		p.plainOn(plan, "e", "g")
		p.atTarget("DROP TABLE e")
		p.atSource("INSERT INTO e (id, a) VALUES (1, 1)")

		// The documented grants have no CREATE TEMPORARY TABLES.
		admin := p.target.DB(t, p.to)
		user := "'w_" + p.to + "'@'%'"
		exec(t, admin, "CREATE USER "+user+" IDENTIFIED BY 'Secret-1'", "GRANT SELECT, INSERT, UPDATE, CREATE, ALTER ON "+p.to+".e TO "+user)
		t.Cleanup(func() {
			db := p.target.DB(t, "")
			defer func() { _ = db.Close() }()
			_, _ = db.Exec("DROP USER " + user) //nolint:noctx // the test's context is over
		})
		as := func() *mysqldb.DB {
			db, err := mysqldb.Open(t.Context(), strings.Replace(p.target.DSN(""), "root@", "w_"+p.to+":Secret-1@", 1), mysqldb.Options{Role: mysqldb.Target, Name: "target"})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, db.Close()) })
			return db
		}
		p.dst = as()
		plan = p.apply("e")
		p.plainOn(plan, "e", "g")
		p.write("e", "")
		require.Equal(t, []string{"2"}, texts(t, admin, "SELECT g FROM e"))
		// One grant more, and it is tried.
		exec(t, admin, "DROP TABLE e", "GRANT CREATE TEMPORARY TABLES ON "+p.to+".* TO "+user)
		p.dst = as()
		p.apply("e")
		require.True(t, introspect(t, p.dst, p.to, "e").Column("g").Generated)
		require.Equal(t, []string{"e"}, texts(t, admin, "SHOW TABLES"))
	})
}

func TestAddedGeneratedColumns(t *testing.T) {
	eachPair(t, func(t *testing.T, p *pair) {
		p.atSource("CREATE TABLE o (id INT PRIMARY KEY, a INT, at TIMESTAMP NULL)", "INSERT INTO o VALUES (1, 1, '2024-01-01')")
		p.apply("o")
		p.copyRows("o", "")
		p.atSource("ALTER TABLE o ADD COLUMN g INT AS (a + 1) STORED, ADD COLUMN d DATE AS (DATE(at)) STORED")
		plan := p.apply("o")
		require.True(t, introspect(t, p.dst, p.to, "o").Column("g").Generated)
		p.plainOn(plan, "o", "d")
		p.warned(plan, "d")
		p.write("o", "")
		require.Equal(t, []string{"2 2024-01-01"}, texts(t, p.target.DB(t, p.to), "SELECT CONCAT(g, ' ', d) FROM o"))
	})
}

// A target made by hand decides for itself, and its plain columns get values too.
func TestAPlainColumnOfTheTargetGetsTheGeneratedValue(t *testing.T) {
	eachPair(t, func(t *testing.T, p *pair) {
		p.atSource("CREATE TABLE h (id INT PRIMARY KEY, a INT, g INT AS (a + 1) STORED, v VARCHAR(9) AS (CONCAT(a, 'x')) VIRTUAL)", "INSERT INTO h (id, a) VALUES (1, 1), (2, NULL)")
		p.atTarget("CREATE TABLE h (id INT PRIMARY KEY, a INT, g INT, v VARCHAR(9))")
		plan := p.plan("h")
		require.False(t, plan.Refused(), "%+v", plan.Findings)
		p.write("h", "")
		require.Equal(t, []string{"2 1x", "NULL"}, texts(t, p.target.DB(t, p.to), "SELECT CONCAT(g, ' ', v) FROM h ORDER BY id"))
		p.atTarget("ALTER TABLE h MODIFY g DATE")
		p.refuses("h", "g", "not values of the other")
	})
}

// A stored value that depends on the writer's zone is not computed by the target unnoticed.
func TestAnExistingColumnThatIsComputedInAZoneDrawsAWarning(t *testing.T) {
	eachPair(t, func(t *testing.T, p *pair) {
		const create = "CREATE TABLE z (id INT PRIMARY KEY, at TIMESTAMP NULL, g DATE AS (DATE(at)) STORED, n INT AS (id + 1) STORED)"
		p.atSource(create)
		p.atTarget(create)
		findings := p.plan("z").Findings
		require.True(t, slices.ContainsFunc(findings, func(f table.Finding) bool { return f.Level == table.LevelWarn && f.Column == "g" }), "%+v", findings)
		require.False(t, slices.ContainsFunc(findings, func(f table.Finding) bool { return f.Level == table.LevelWarn && f.Column == "n" }), "%+v", findings)
	})
}

// The target goes on with the expression that it was created with; one that is altered at the source is noticed.
func TestAnExpressionThatIsAlteredAtTheSourceIsRefused(t *testing.T) {
	eachPair(t, func(t *testing.T, p *pair) {
		p.atSource("CREATE TABLE x (id INT PRIMARY KEY, a INT, g INT AS (a + 1) STORED, e VARCHAR(40) AS (CONCAT('😀?', a)) VIRTUAL) CHARACTER SET utf8mb4", "INSERT INTO x (id, a) VALUES (1, 1), (2, 2)")
		p.apply("x")
		p.write("x", "")
		p.apply("x") // and e is found equal, whatever a catalog shows
		p.atSource("ALTER TABLE x DROP COLUMN g, ADD COLUMN g INT AS (a + 2) STORED")
		p.refuses("x", "g", "read differently")
		_, out, _ := strings.Cut(p.plan("x").Findings[0].Remedy, ": ")
		out, _, _ = strings.Cut(out, ";")
		p.atTarget(out)
		p.apply("x")
		p.write("x", "")
		require.Equal(t, []string{"3 😀?1", "4 😀?2"}, texts(t, lenient(t, p.target, p.to), "SELECT CONCAT(g, ' ', e) FROM x ORDER BY id"))
		// The same by other words is the same.
		p.atTarget("ALTER TABLE x DROP COLUMN g, ADD COLUMN g INT AS (2 + a) STORED")
		require.False(t, p.plan("x").Refused(), "%+v", p.plan("x").Findings)
	})
}

// A row that comes after the target was created may be one that it cannot compute: the way out is said.
func TestALaterRowThatTheTargetCannotComputeIsNamedWithTheWayOut(t *testing.T) {
	eachPair(t, func(t *testing.T, p *pair) {
		p.atSource("CREATE TABLE l (id INT PRIMARY KEY, a INT, g SMALLINT AS (a) STORED)", "INSERT INTO l (id, a) VALUES (1, 1)")
		p.apply("l")
		p.write("l", "")
		p.atSource("SET sql_mode = ''", "INSERT INTO l (id, a) VALUES (2, 70000)")
		source := introspect(t, p.src, p.from, "l")
		columns := p.plan("l").Columns
		_, err := p.src.ReadPages(t.Context(), mysqldb.ReadSpec{Table: source, Columns: columns}, func(rows *table.Rows) error {
			_, err := p.dst.UpsertChunk(t.Context(), mysqldb.UpsertSpec{Target: introspect(t, p.dst, p.to, "l"), Columns: columns}, rows, nil)
			return err
		})
		problem := mysqldb.Describe(err)
		require.Equal(t, mysqldb.ClassRowData, problem.Class, "%v", err)
		require.Equal(t, "g", problem.Column)
		_, out, _ := strings.Cut(problem.Remedy, "(")
		out, _, _ = strings.Cut(out, "), then")
		p.atTarget(out)
		require.False(t, p.plan("l").Refused(), "%+v", p.plan("l").Findings)
		p.write("l", "")
		require.Equal(t, []string{"1", "32767"}, texts(t, p.target.DB(t, p.to), "SELECT g FROM l ORDER BY id"))
	})
}
