package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/mapping"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// What the source computes is the value that the target keeps: a row is equal once it has arrived. MySQL prints the
// branch of an IF() with its own digits, and a large multiple is no FLOAT.
func TestWhatASourceComputesIsWhatTheTargetKeeps(t *testing.T) {
	eachPair(t, func(t *testing.T, source, target *servers.Server) {
		b := emptyBench(t, source, target)
		b.AtSource("CREATE TABLE t (id INT PRIMARY KEY, paid BOOL, amount DECIMAL(10,2), price DECIMAL(6,2) UNSIGNED, "+
			"code DECIMAL(6,2) UNSIGNED ZEROFILL, f FLOAT, updated_at TIMESTAMP(6) NOT NULL, KEY (updated_at))",
			"INSERT INTO t VALUES (1, TRUE, 12.5, 9999.99, 1.5, 1234567936, '2024-01-01'), "+
				"(2, FALSE, -0.5, 0, 0, -1234567936, '2024-01-01'), (3, NULL, NULL, NULL, NULL, NULL, '2024-01-01')")
		b.settings.Mapping = &mapping.Settings{
			Mask: []mapping.Pair{{Column: "f", Value: "round10"}},
			Add: []mapping.Pair{
				{Column: "net", Value: "IF(paid, amount, 0)"},
				{Column: "fee", Value: "CASE WHEN paid THEN 1 ELSE amount END"},
				{Column: "listed", Value: "price"},
				{Column: "coded", Value: "IF(paid, code, 1)"},
			},
		}
		b.restart()
		b.loaded()
		require.Equal(t, []string{
			"12.50 1.00 9999.99 1.50 1234567930", "0.00 -0.50 0.00 1.00 -1234567930", "0.00 NULL NULL 1.00 NULL",
		}, dbtest.Texts(t, b.Target.DB(t, b.To), "SELECT CONCAT_WS(' ', net, IFNULL(fee, 'NULL'), "+
			"IFNULL(listed, 'NULL'), "+
			"coded, IFNULL(f, 'NULL')) FROM t ORDER BY id"))
		tally, verdicts := b.verified("updated_at")
		require.EqualValues(t, 3, tally.Equal)
		require.Empty(t, verdicts)
	})
}

// A load that is to take its target's place has the values that the source has computed.
func TestALoadOfComputedDecimalsIsWhatWasRead(t *testing.T) {
	r := newReplacing(t, servers.MySQL(t))
	r.settings.Mapping = &mapping.Settings{Add: []mapping.Pair{{Column: "part", Value: "IF(id > 100, id * 0.25, 0)"}}}
	plan, in := r.begun()
	var found activities.CheckReplacementResult
	require.NoError(t, r.step("CheckReplacement", r.loaded(plan, in), &found))
}
