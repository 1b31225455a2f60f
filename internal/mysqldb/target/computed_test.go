package target_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
)

// A stored value that depends on the writer's zone is not computed by the target unnoticed.
func TestAnExistingColumnThatIsComputedInAZoneDrawsAWarning(t *testing.T) {
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		const create = "CREATE TABLE z (id INT PRIMARY KEY, at TIMESTAMP NULL, g DATE AS (DATE(at)) STORED, n INT " +
			"AS (id + 1) STORED)"
		p.AtSource(create)
		p.AtTarget(create)
		findings := p.Plan("z").Findings
		require.True(t, slices.ContainsFunc(findings, func(f table.Finding) bool {
			return f.Level == table.LevelWarn &&
				f.Column == "g"
		}), "%+v", findings)
		require.False(t, slices.ContainsFunc(findings, func(f table.Finding) bool {
			return f.Level == table.LevelWarn &&
				f.Column == "n"
		}), "%+v", findings)
	})
}

// The target goes on with the expression that it was created with; one that is altered at the source is noticed.
func TestAnExpressionThatIsAlteredAtTheSourceIsRefused(t *testing.T) {
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		p.AtSource(
			"CREATE TABLE x (id INT PRIMARY KEY, a INT, g INT AS (a + 1) STORED, e VARCHAR(40) AS (CONCAT('😀?', a)) "+
				"VIRTUAL) CHARACTER SET utf8mb4",
			"INSERT INTO x (id, a) VALUES (1, 1), (2, 2)",
		)
		p.Apply("x")
		p.Write("x", "")
		p.Apply("x") // and e is found equal, with any text of the catalog
		p.AtSource("ALTER TABLE x DROP COLUMN g, ADD COLUMN g INT AS (a + 2) STORED")
		refuses(p, "x", "g", "read differently")
		_, out, _ := strings.Cut(p.Plan("x").Findings[0].Remedy, ": ")
		out, _, _ = strings.Cut(out, ";")
		p.AtTarget(out)
		p.Apply("x")
		p.Write("x", "")
		require.Equal(
			t, []string{"3 😀?1", "4 😀?2"},
			dbtest.Texts(t, dbtest.Lenient(t, p.Target, p.To), "SELECT CONCAT(g, ' ', e) FROM x ORDER BY id"),
		)
		// The same by other words is the same.
		p.AtTarget("ALTER TABLE x DROP COLUMN g, ADD COLUMN g INT AS (2 + a) STORED")
		require.False(t, p.Plan("x").Refused(), "%+v", p.Plan("x").Findings)
	})
}

func TestExpressionsThatServersOnlyPrintDifferently(t *testing.T) {
	key := target.ExpressionKey
	require.Equal(t, key("(`Größe` + 1)"), key("größe+1"))
	require.Equal(t, key("concat(_utf8mb4'a b',`it's`)"), key("CONCAT('a b', `it's`)"))
	require.NotEqual(t, key("`ä` + 1"), key("`ü` + 1"))
	require.NotEqual(t, key("concat('A ')"), key("concat('a ')"))
	require.NotEqual(t, key("concat('a ')"), key("concat('a')"))
}

// Brackets, and what is in texts, make another expression.
func TestAnExpressionThatDiffersByLittleIsRefused(t *testing.T) {
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		p.AtSource(
			"CREATE TABLE y (id INT PRIMARY KEY, a INT, b INT, g INT AS ((a + b) * 2) STORED, "+
				"e VARCHAR(40) AS (CONCAT('X - ', a)) STORED, f DECIMAL(8,2) AS (a * 2) STORED) "+
				"CHARACTER SET utf8mb4",
			"INSERT INTO y (id, a, b) VALUES (1, 1, 5), (2, 2, 7)",
		)
		p.Apply("y")
		p.Write("y", "")
		p.Apply("y")
		for _, column := range []string{"e", "f", "g"} {
			require.True(t, dbtest.Introspect(t, p.Dst, p.To, "y").Column(column).Generated, column)
		}
		for column, ddl := range map[string][2]string{
			"e": {"VARCHAR(40) AS (CONCAT('x - ', a))", "VARCHAR(40) AS (CONCAT('X - ', a))"},
			"f": {"DECIMAL(10,4) AS (a * 2)", "DECIMAL(8,2) AS (a * 2)"},
			"g": {"INT AS (a + b * 2)", "INT AS ((a + b) * 2)"},
		} {
			if column == "g" && p.Source.Flavor != p.Target.Flavor {
				continue // the two print brackets in different ways
			}
			p.AtSource("ALTER TABLE y DROP COLUMN " + column + ", ADD COLUMN " + column + " " + ddl[0] + " STORED")
			require.True(t, p.Plan("y").Refused(), "%s: %+v", column, p.Plan("y").Findings)
			p.AtSource("ALTER TABLE y DROP COLUMN " + column + ", ADD COLUMN " + column + " " + ddl[1] + " STORED")
			require.False(t, p.Plan("y").Refused(), "%s: %+v", column, p.Plan("y").Findings)
		}
	})
}

// A row that comes after the target was created may be one that it cannot compute: the way out is said.
func TestALaterRowThatTheTargetCannotComputeIsNamedWithTheWayOut(t *testing.T) {
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		p.AtSource(
			"CREATE TABLE l (id INT PRIMARY KEY, a INT, g SMALLINT AS (a) STORED)",
			"INSERT INTO l (id, a) VALUES (1, 1)",
		)
		p.Apply("l")
		p.Write("l", "")
		p.AtSource("SET sql_mode = ''", "INSERT INTO l (id, a) VALUES (2, 70000)")
		source := dbtest.Introspect(t, p.Src, p.From, "l")
		columns := p.Plan("l").Columns
		_, err := scan.ReadPages(t.Context(), p.Src, scan.ReadSpec{Table: source, Columns: columns},
			func(rows *table.Rows) error {
				_, err := upsert.WriteChunk(
					t.Context(), p.Dst, upsert.Spec{Target: dbtest.Introspect(t, p.Dst, p.To, "l"), Columns: columns},
					rows, nil,
				)
				return err
			})
		problem := mysqlerr.Describe(err)
		require.Equal(t, mysqlerr.ClassRowData, problem.Class, "%v", err)
		require.Equal(t, "g", problem.Column)
		_, out, _ := strings.Cut(problem.Remedy, "(")
		out, _, _ = strings.Cut(out, "), then")
		p.AtTarget(out)
		require.False(t, p.Plan("l").Refused(), "%+v", p.Plan("l").Findings)
		p.Write("l", "")
		require.Equal(t, []string{"1", "32767"}, dbtest.Texts(t, p.Target.DB(t, p.To), "SELECT g FROM l ORDER BY id"))
	})
}
