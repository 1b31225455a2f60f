package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mapping"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// A column of an expression with FLOATs is a DOUBLE, which has their exact values.
func TestAnExpressionOfFloatsIsRead(t *testing.T) {
	eachPair(t, func(t *testing.T, source, target *servers.Server) {
		b := emptyBench(t, source, target)
		b.AtSource("CREATE TABLE t (id INT PRIMARY KEY, f FLOAT, updated_at TIMESTAMP(6) NOT NULL, KEY (updated_at))",
			"INSERT INTO t VALUES (1, 0.1, '2024-01-01'), (2, NULL, '2024-01-01')")
		b.settings.Mapping = &mapping.Settings{
			Add: []mapping.Pair{{Column: "same", Value: "f"}, {Column: "filled", Value: "IFNULL(f, 0)"}},
		}
		b.loaded()
		require.Equal(t, []string{"1 1", "NULL 1"}, dbtest.Texts(t, b.Target.DB(t, b.To),
			"SELECT CONCAT(IFNULL(same = f, 'NULL'), ' ', filled = IFNULL(f, 0)) FROM t ORDER BY id"))
		tally, verdicts := b.verified("updated_at")
		require.EqualValues(t, 2, tally.Equal)
		require.Empty(t, verdicts)
	})
}
