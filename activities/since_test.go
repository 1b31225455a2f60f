package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// changes runs all steps of a comparison of what has changed since the last one.
func (c *comparing) changes() (out found, asOf, since string) {
	c.t.Helper()
	in := c.planInput()
	in.Since = true
	return c.all(in)
}

// all runs all steps of a comparison, and keeps its receipt.
func (c *comparing) all(in activities.PlanVerifyInput) (out found, asOf, since string) {
	c.t.Helper()
	var plan activities.PlanVerifyResult
	require.NoError(c.t, c.step("PlanVerify", in, &plan))
	step := activities.RangeInput{Table: in.Table, Run: plan.Run, PlanSum: plan.PlanSum}
	out = c.compareAll(&step, plan)
	var finished activities.FinishVerifyResult
	require.NoError(c.t, c.step("FinishVerify", activities.FinishVerifyInput{
		RangeInput: step, Receipt: &api.VerifyTableResult{
			Table: in.Table, Target: plan.Target, Run: plan.Run, Depth: plan.Depth,
			Cursor: plan.Cursor, AsOf: plan.AsOf,
		},
	}, &finished))
	return out, plan.AsOf, plan.Since
}

// A comparison since the last one reads what has changed on either side, and no other row. A difference of a changed
// row is found once, whichever side has changed it.
func TestChangesSinceTheLastComparison(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		c := newComparing(t, s, s, "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20), "+
			"updated_at DATETIME(6) NOT NULL, KEY (updated_at))",
			"INSERT INTO t VALUES (1, 'a', '2024-01-01'), (2, 'b', '2024-01-02'), (3, 'c', '2024-01-03'), "+
				"(4, 'd', '2024-01-04'), (5, 'e', '2024-01-05'), (6, 'f', '2024-01-06')").copied()
		in := c.planInput()
		in.Since = true
		var ignored any
		requireType(t, c.step("PlanVerify", in, &ignored), failure.InvalidInput)
		in.Since = false
		_, asOf, _ := c.all(in)
		require.Equal(t, watermark, asOf)

		c.state.state.Watermark = "2024-07-01 00:00:00.000000"
		c.AtSource(
			"UPDATE t SET v = 'lost', updated_at = '2024-06-10' WHERE id = 1",    // stale there
			"UPDATE t SET v = 'pending', updated_at = '2024-08-01' WHERE id = 2", // not promised yet
			"UPDATE t SET v = 'arrived', updated_at = '2024-06-11' WHERE id = 3",
			"UPDATE t SET v = 'silent' WHERE id = 6", // its cursor stays: not seen
			"INSERT INTO t VALUES (7, 'missing', '2024-06-12')",
		)
		c.AtTarget(
			"UPDATE t SET v = 'arrived', updated_at = '2024-06-11' WHERE id = 3",
			"UPDATE t SET v = 'newer', updated_at = '2024-06-13' WHERE id = 4",
			"INSERT INTO t VALUES (8, 'extra', '2024-06-14')",
			"DELETE FROM t WHERE id = 5", // not seen
		)
		got, asOf, since := c.changes()
		require.Equal(t, []string{"2024-07-01 00:00:00.000000", watermark}, []string{asOf, since})
		require.Equal(t, map[verify.Verdict]int64{
			verify.Stale: 1, verify.Missing: 1, verify.Newer: 1, verify.Deleted: 1,
		}, got.verdicts)
		require.Equal(t, verify.Tally{SourceRows: 3, TargetRows: 3, Equal: 1, Suspects: 4}, got.Tally)

		c.AtSource("UPDATE t SET v = v WHERE id = 1", "INSERT INTO t VALUES (9, 'now', '2024-07-02')")
		c.AtTarget("INSERT INTO t VALUES (9, 'now', '2024-07-02')")
		c.state.state.Watermark = "2024-07-03 00:00:00.000000"
		got, _, since = c.changes()
		require.Equal(t, "2024-07-01 00:00:00.000000", since, "where the one before has ended")
		require.Equal(t, verify.Tally{SourceRows: 1, TargetRows: 1, Equal: 1}, got.Tally)
	})
}
