package workflows_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/workflows"
)

// A guard that is known to hold a sweep before rows are compared ends it then, and the table's state keeps it.
func TestASweepThatWouldBeHeldEndsBeforeItsFirstLook(t *testing.T) {
	t.Parallel()
	env := newEnvironment()
	register := func(name string, fn any) {
		env.RegisterActivityWithOptions(fn, activity.RegisterOptions{Name: name})
	}
	register("PlanVerify", func(context.Context, activities.PlanVerifyInput) (activities.PlanVerifyResult, error) {
		return activities.PlanVerifyResult{
			Target: "dw.t", Ranges: 1, Deletes: api.DeletesHard, Held: "the login lacks DELETE on dw.t",
			HeldRemedy: "GRANT DELETE ON `dw`.`t` TO 'w'@'%'",
		}, nil
	})
	register("CompareRange", func(context.Context, activities.RangeInput) (activities.CompareRangeResult, error) {
		t.Error("rows are compared")
		return activities.CompareRangeResult{}, nil
	})
	var finished []activities.FinishVerifyInput
	register("FinishVerify", func(_ context.Context, in activities.FinishVerifyInput) (
		activities.FinishVerifyResult, error,
	) {
		finished = append(finished, in)
		return activities.FinishVerifyResult{}, nil
	})
	env.ExecuteWorkflow(workflows.VerifyTableName, map[string]any{"table": "shop.t", "deletes": true})
	err := env.GetWorkflowError()
	require.ErrorContains(t, err, "the login lacks DELETE on dw.t: GRANT DELETE ON `dw`.`t` TO 'w'@'%'")
	require.ErrorContains(t, err, failure.DeletesHeld)
	require.Len(t, finished, 1)
	require.Contains(t, finished[0].Sweep.Held, "the login lacks DELETE on dw.t")
	require.Nil(t, finished[0].Record)
}
