package workflows_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/workflows"
)

func TestARunWithMistypedArgumentsIsRefusedAndNotRecorded(t *testing.T) {
	for from, refused := range map[string]bool{"foo": true, "": false} {
		f := newFake()
		f.route = func(step, _ string) error {
			if step != "PlanRun" {
				return nil
			}
			return temporal.NewNonRetryableApplicationError("from of cursor", failure.InvalidInput, nil)
		}
		env := run(t, f, workflows.SyncTableInput{Table: orders.Table, From: from})
		requireFailure(t, env, failure.InvalidInput)
		require.Equal(t, refused, f.finished[0].Finish.Refused, "without arguments it is the table's failure")
		require.Equal(t, owner.OutcomeFailed, f.finished[0].Finish.Record.Outcome)
	}
}

func TestSyncTableSkipsABusyTable(t *testing.T) {
	f := newFake()
	f.begin = func(activities.BeginRunInput) (activities.BeginRunResult, error) {
		return activities.BeginRunResult{Busy: &owner.Lease{WorkflowID: "other"}}, nil
	}
	env := run(t, f, workflows.SyncTableInput{Table: "shop.orders", IfBusy: "skip"})
	require.NoError(t, env.GetWorkflowError())
	var result workflows.SyncTableResult
	require.NoError(t, env.GetWorkflowResult(&result))
	require.True(t, result.Skipped)
	require.Equal(t, "other", result.HolderID)
	require.Equal(t, []string{"BeginRun"}, f.steps)
}

func TestSyncTableRefusesBadInput(t *testing.T) {
	for name, in := range map[string]any{
		"no input":        nil,
		"no table":        map[string]any{},
		"unknown key":     map[string]any{"table": "shop.orders", "ful": true},
		"wrong type":      map[string]any{"table": 5},
		"not an object":   "shop.orders",
		"a bare name":     map[string]any{"table": "orders"},
		"ifBusy":          map[string]any{"table": "shop.orders", "ifBusy": "panic"},
		"bytes, not JSON": []byte("table"),
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake()
			env := run(t, f, in)
			requireFailure(t, env, failure.InvalidInput)
			require.Empty(t, f.steps, "refused before the first step")
		})
	}
}
