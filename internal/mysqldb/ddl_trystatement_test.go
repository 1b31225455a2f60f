package mysqldb_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// What a plan calls ready is what the target's server takes.
func TestStatementsThatTheTargetDoesNotTakeAreRefusedInThePlan(t *testing.T) {
	eachPair(t, func(t *testing.T, p *pair) {
		// Members that are one to the collation: a server without strict mode lets them pass.
		const twins = "e ENUM('a','A') CHARACTER SET utf8mb4"
		p.atSource("SET sql_mode = ''", "CREATE TABLE c (id INT PRIMARY KEY, "+twins+", w TEXT, FULLTEXT KEY (w))")
		p.refuses("c", "", "does not take the statement")
		require.Empty(t, texts(t, p.target.DB(t, p.to), "SHOW TABLES"))
		p.atSource("CREATE TABLE a (id INT PRIMARY KEY)")
		p.apply("a")
		p.atSource("SET sql_mode = ''", "ALTER TABLE a ADD COLUMN "+twins)
		p.refuses("a", "", "does not take the statement")
		require.Equal(t, []string{"id"}, texts(t, p.target.DB(t, p.to), "SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = '"+p.to+"'"))
	})
	// Nine of them are more than a row of MariaDB has room for.
	p := newPair(t, servers.MySQL(t), servers.MariaDB(t))
	vectors := make([]string, 9)
	for i := range vectors {
		vectors[i] = "v" + string(rune('0'+i)) + " VECTOR(2000)"
	}
	p.atSource("CREATE TABLE big (id INT PRIMARY KEY, " + strings.Join(vectors, ", ") + ")")
	p.refuses("big", "", "Row size too large")
}

// An index of an expression is computed for every row that is written.
func TestIndexesOfExpressionsThatDoNotTakeAllRowsAreLeftOut(t *testing.T) {
	p := newPair(t, servers.MySQL(t), servers.MySQL(t))
	p.atSource("SET sql_mode = ''", "CREATE TABLE f (id INT PRIMARY KEY, v VARCHAR(9), KEY good ((UPPER(v))), KEY bad ((CAST(v AS UNSIGNED))))", "INSERT INTO f VALUES (1, '5'), (2, 'abc')")
	plan := p.apply("f")
	require.True(t, slices.ContainsFunc(plan.Findings, func(f table.Finding) bool { return strings.Contains(f.Text, "index bad is not created") }), "%+v", plan.Findings)
	require.Equal(t, []string{"good", "PRIMARY"}, texts(t, p.target.DB(t, p.to), "SELECT DISTINCT INDEX_NAME FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = '"+p.to+"' ORDER BY 1"))
	p.copyRows("f", "")
}
