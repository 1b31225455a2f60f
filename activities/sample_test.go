package activities_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// sampled is what a sample came to.
type sampled struct {
	found
	passed int64
	steps  int
	atEnd  bool
}

// sample runs all steps of a comparison of depth sample.
func (c *comparing) sample(share float64) (out sampled) {
	c.t.Helper()
	var plan activities.PlanVerifyResult
	in := c.planInput()
	in.Depth, in.Share = api.DepthSample, share
	require.NoError(c.t, c.step("PlanVerify", in, &plan))
	step := activities.RangeInput{Table: in.Table, Run: plan.Run, PlanSum: plan.PlanSum}
	out.atEnd = true
	for ; step.Range < plan.Ranges; step.Range++ {
		for step.Slice = 0; ; step.Slice++ {
			var one, again activities.CompareRangeResult
			require.NoError(c.t, c.step("CompareRange", step, &one))
			require.NoError(c.t, c.step("CompareRange", step, &again), "its reply was lost")
			require.Equal(c.t, one.Tally, again.Tally)
			out.Tally.Add(one.Tally)
			out.steps++
			if !one.More {
				out.atEnd = out.atEnd && one.AtEnd
				break
			}
		}
	}
	step.Slice = 0
	var rechecked activities.RecheckRowsResult
	require.NoError(c.t, c.step("RecheckRows", step, &rechecked))
	out.verdicts, out.passed = rechecked.Verdicts, plan.SamplePassed
	finish := activities.FinishVerifyInput{RangeInput: step, Receipt: &api.VerifyTableResult{
		Table: in.Table, Sample: &api.SampleResult{}, Tally: out.Tally,
	}}
	var finished activities.FinishVerifyResult
	for range 2 { // its reply was lost
		require.NoError(c.t, c.step("FinishVerify", finish, &finished))
	}
	return out
}

// Successive samples compare each row once, on both sides: before the first key, between keys and behind the last one,
// where both sides order keys alike and where they do not. Then the next cycle begins.
func TestSamplesCoverTheTable(t *testing.T) {
	for name, key := range map[string]string{
		"ordered alike": "VARBINARY(20)", "ordered otherwise": "VARCHAR(20) COLLATE utf8mb4_bin",
	} {
		t.Run(name, func(t *testing.T) {
			c := newComparing(t, servers.MySQL(t), servers.MariaDB(t), "CREATE TABLE t (id "+key+" PRIMARY KEY, "+
				"v VARCHAR(20), updated_at TIMESTAMP(6) NOT NULL DEFAULT '2024-01-01', KEY (updated_at)) "+
				"DEFAULT CHARSET utf8mb4")
			c.settings.PageRows = 5
			c.lower(activities.Sizes{Stretch: 7, SampleSlice: 10})
			dbtest.Fill(t, dbtest.Lenient(t, servers.MySQL(t), c.From), "t", 120,
				"n + 1000, CONCAT('v', n), '2024-01-01'")
			c.copied().AtTarget(
				"INSERT INTO t (id, v) VALUES ('0', 'before'), ('1050x', 'between'), ('9', 'behind')",
				"DELETE FROM t WHERE id = '1077'", "UPDATE t SET v = 'other' WHERE id = '1003'",
			)
			c.AtSource("ANALYZE TABLE t")
			want := map[verify.Verdict]int64{verify.Deleted: 3, verify.Missing: 1, verify.Silent: 1}
			for cycle := range 2 {
				got, rows, samples := map[verify.Verdict]int64{}, int64(0), 0
				for atEnd := false; !atEnd; samples++ {
					require.Less(t, samples, 30)
					one := c.sample(0.2)
					require.LessOrEqual(t, one.SourceRows, int64(60), "a share of the table")
					rows, atEnd = rows+one.SourceRows, one.atEnd
					for verdict, n := range one.verdicts {
						got[verdict] += n
					}
				}
				require.Greater(t, samples, 2)
				if key == "VARBINARY(20)" {
					require.EqualValues(t, 120, rows, "cycle %d", cycle)
					require.Equal(t, want, got, "cycle %d", cycle)
					continue
				}
				// Each side has its own pace: the quicker one begins again before the other one ends.
				for verdict := range want {
					require.GreaterOrEqual(t, got[verdict], want[verdict], "cycle %d: %s", cycle, verdict)
				}
			}
		})
	}
}

// A sample has a bounded number of steps, however many rows it has.
func TestALargeSampleHasLongerSteps(t *testing.T) {
	c := newComparing(t, servers.MySQL(t), servers.MySQL(t),
		"CREATE TABLE t (id INT PRIMARY KEY, updated_at TIMESTAMP(6) NOT NULL, KEY (updated_at))")
	dbtest.Fill(t, dbtest.Lenient(t, servers.MySQL(t), c.From), "t", 500, "n, '2024-01-01'")
	c.lower(activities.Sizes{Stretch: 1, SampleSlice: 1})
	c.AtSource("ANALYZE TABLE t")
	c.copied()
	got := c.sample(1)
	require.EqualValues(t, 500, got.SourceRows)
	require.Greater(t, got.steps, 100)
	require.LessOrEqual(t, got.steps, 200)
}

// A dry run estimates what a comparison would read, at the speed of the last one of its depth, and stages nothing.
func TestADryRunOfAComparisonStagesNothing(t *testing.T) {
	c := newComparing(t, servers.MySQL(t), servers.MySQL(t),
		"CREATE TABLE t (id INT PRIMARY KEY, updated_at TIMESTAMP(6) NOT NULL, KEY (updated_at))")
	dbtest.Fill(t, dbtest.Lenient(t, servers.MySQL(t), c.From), "t", 500, "n, '2024-01-01'")
	c.AtSource("ANALYZE TABLE t")
	c.copied().AtTarget("ANALYZE TABLE t")
	estimate := func(depth string, share float64) *api.VerifyEstimate {
		in := c.planInput()
		in.Depth, in.Share, in.DryRun = depth, share, true
		var plan activities.PlanVerifyResult
		require.NoError(t, c.step("PlanVerify", in, &plan))
		require.NotNil(t, plan.Estimate)
		require.Equal(t, 1, plan.Ranges)
		return plan.Estimate
	}
	all := estimate(api.DepthDigest, 0)
	require.Equal(t, []int64{500, 500}, []int64{all.SourceRows, all.TargetRows})
	require.Equal(t, api.BasisGuess, all.Basis)
	require.Positive(t, all.Bytes)
	part := estimate(api.DepthSample, 0.1)
	require.EqualValues(t, []int64{50, 50}, []int64{part.SourceRows, part.TargetRows})
	require.Less(t, part.Bytes, all.Bytes/5)

	c.state.state.LastVerify = &owner.VerifyRecord{Depth: api.DepthDigest, SourceRows: 100_000, Seconds: 101.5}
	all = estimate(api.DepthDigest, 0)
	require.Equal(t, api.BasisEarlier, all.Basis)
	require.InDelta(t, 2, all.Seconds, 0.01)
	require.Equal(t, api.BasisGuess, estimate(api.DepthKeys, 0).Basis, "of another depth")
	require.Empty(t, c.staged())
	entries, err := os.ReadDir(c.folder)
	require.NoError(t, err)
	for _, e := range entries {
		require.Equal(t, ".tmp", e.Name())
	}
}
