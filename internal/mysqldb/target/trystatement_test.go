package target_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// What a plan calls ready is what the target's server takes.
func TestStatementsThatTheTargetDoesNotTakeAreRefusedInThePlan(t *testing.T) {
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		// Members that are one to the collation: a server without strict mode lets them pass.
		const twins = "e ENUM('a','A') CHARACTER SET utf8mb4"
		p.AtSource("SET sql_mode = ''", "CREATE TABLE c (id INT PRIMARY KEY, "+twins+", w TEXT, FULLTEXT KEY (w))")
		refuses(p, "c", "", "does not take the statement")
		require.Empty(t, dbtest.Texts(t, p.Target.DB(t, p.To), "SHOW TABLES"))
		p.AtSource("CREATE TABLE a (id INT PRIMARY KEY)")
		p.Apply("a")
		p.AtSource("SET sql_mode = ''", "ALTER TABLE a ADD COLUMN "+twins)
		refuses(p, "a", "", "does not take the statement")
		require.Equal(
			t, []string{"id"},
			dbtest.Texts(
				t, p.Target.DB(t, p.To),
				"SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = '"+p.To+"'",
			),
		)
	})
	// Nine of them are more than a row of MariaDB has room for.
	p := dbtest.NewPair(t, servers.MySQL(t), servers.MariaDB(t))
	vectors := make([]string, 9)
	for i := range vectors {
		vectors[i] = "v" + string(rune('0'+i)) + " VECTOR(2000)"
	}
	p.AtSource("CREATE TABLE big (id INT PRIMARY KEY, " + strings.Join(vectors, ", ") + ")")
	refuses(p, "big", "", "Row size too large")
}

// An index of an expression is computed for every row that is written.
func TestIndexesOfExpressionsThatDoNotTakeAllRowsAreLeftOut(t *testing.T) {
	p := dbtest.NewPair(t, servers.MySQL(t), servers.MySQL(t))
	p.AtSource(
		"SET sql_mode = ''",
		"CREATE TABLE f (id INT PRIMARY KEY, v VARCHAR(9), KEY good ((UPPER(v))), KEY bad ((CAST(v AS UNSIGNED))))",
		"INSERT INTO f VALUES (1, '5'), (2, 'abc')",
	)
	plan := p.Apply("f")
	require.True(t, slices.ContainsFunc(plan.Findings, func(f table.Finding) bool {
		return strings.Contains(f.Text, "index bad is not created")
	}), "%+v", plan.Findings)
	require.Equal(
		t, []string{"good", "PRIMARY"},
		dbtest.Texts(
			t, p.Target.DB(t, p.To),
			"SELECT DISTINCT INDEX_NAME FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = '"+p.To+"' ORDER BY 1",
		),
	)
	p.CopyRows("f", "")
}
