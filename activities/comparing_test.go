package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// comparing is a table t on both sides, with the watermark of a run that was done, and the steps of a comparison.
type comparing struct {
	*bench
	state *stateClient
}

// watermark is above the cursor of all old rows.
const watermark, above = "2024-06-01 00:00:00.000000", "2024-06-01 00:00:00.000001"

// newComparing makes t on both sides, by create, and fills the source's by statements.
func newComparing(t *testing.T, source, target *servers.Server, create string, rows ...string) *comparing {
	t.Helper()
	c := &comparing{bench: emptyBench(t, source, target)}
	c.AtSource(append([]string{create}, rows...)...)
	c.AtTarget(create)
	c.state = &stateClient{state: owner.State{
		Version: 1, Table: c.settings.Table.String(), Watermark: watermark, Cursor: c.settings.Cursor, Adopt: true,
	}}
	c.deps.Client = c.state
	c.settings.Deletes.OwnsAll = true
	c.restart()
	return c
}

// copied brings the source's rows to the target as they are.
func (c *comparing) copied() *comparing {
	c.t.Helper()
	from, to := dbtest.Introspect(c.t, c.Src, c.From, "t"), dbtest.Introspect(c.t, c.Dst, c.To, "t")
	dbtest.CopyRows(c.t, c.Src, c.Dst, from, to, upsert.FailOnConflict)
	return c
}

// found is what a comparison came to.
type found struct {
	verify.Tally
	verdicts map[verify.Verdict]int64
}

func (c *comparing) planInput() activities.PlanVerifyInput {
	return activities.PlanVerifyInput{Table: c.settings.Table.String(), Run: "run-1", Depth: api.DepthDigest}
}

func (c *comparing) planned(depth string) (activities.PlanVerifyResult, activities.RangeInput) {
	c.t.Helper()
	var plan activities.PlanVerifyResult
	in := c.planInput()
	in.Depth = depth
	require.NoError(c.t, c.step("PlanVerify", in, &plan))
	return plan, activities.RangeInput{Table: in.Table, Run: plan.Run, PlanSum: plan.PlanSum}
}

// verify runs all steps of a comparison.
func (c *comparing) verify(depth string) (out found) {
	c.t.Helper()
	plan, in := c.planned(depth)
	out = c.compareAll(&in, plan)
	var finished activities.FinishVerifyResult
	require.NoError(c.t, c.step("FinishVerify", activities.FinishVerifyInput{
		RangeInput: in, Record: &owner.VerifyRecord{Verdicts: out.verdicts},
	}, &finished))
	return out
}

// requireEqual requires that no row differs.
func (c *comparing) requireEqual(rows int) {
	c.t.Helper()
	got := c.verify(api.DepthDigest)
	n := int64(rows)
	require.Equal(c.t, verify.Tally{SourceRows: n, TargetRows: n, Equal: n}, got.Tally)
	require.Empty(c.t, got.verdicts)
}

// requireFound requires exactly these verdicts, of all values.
func (c *comparing) requireFound(want map[verify.Verdict]int64) found {
	c.t.Helper()
	got := c.verify(api.DepthDigest)
	require.Equal(c.t, want, got.verdicts)
	return got
}
