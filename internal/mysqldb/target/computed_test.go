package target_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
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
