package remote

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
)

// chain is a Temporal with one workflow, whose executions have continued as new but for the last one.
type chain struct {
	client.Client
	runs   []string
	status enumspb.WorkflowExecutionStatus
	// first is the first execution of the last one's chain.
	first     string
	cancelled []string
	// onCancel comes before a cancel.
	onCancel func()
}

func newChain(runs ...string) *chain {
	return &chain{
		runs: runs, first: runs[0], status: enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, onCancel: func() {},
	}
}

func (c *chain) DescribeWorkflowExecution(
	_ context.Context, _, runID string,
) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	last := c.runs[len(c.runs)-1]
	info := &workflowpb.WorkflowExecutionInfo{
		Execution:  &commonpb.WorkflowExecution{WorkflowId: "w", RunId: runID},
		FirstRunId: c.runs[0], Status: enumspb.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW,
	}
	if runID == "" || runID == last {
		info.Execution.RunId, info.FirstRunId, info.Status = last, c.first, c.status
	}
	return &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: info}, nil
}

func (c *chain) CancelWorkflow(_ context.Context, _, runID string) error {
	c.onCancel()
	if runID != c.runs[len(c.runs)-1] || c.status != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
		return serviceerror.NewNotFound("workflow execution already completed")
	}
	c.cancelled = append(c.cancelled, runID)
	return nil
}

// A cancel reaches the execution that goes on, also where that continues as new at that moment.
func TestACancelFollowsAWorkflowThatContinuesAsNew(t *testing.T) {
	for name, c := range map[string]struct {
		asked   string
		meets   func(c *chain)
		want    string
		nothing bool
	}{
		"it has continued as new":          {asked: "1", want: "2"},
		"any execution of it is meant":     {want: "2"},
		"it continues as new meanwhile":    {asked: "2", want: "3", meets: (*chain).goOn},
		"it ends meanwhile":                {asked: "2", nothing: true, meets: (*chain).end},
		"another workflow has the id then": {asked: "2", nothing: true, meets: (*chain).replace},
	} {
		t.Run(name, func(t *testing.T) {
			workflows := newChain("1", "2")
			if c.meets != nil {
				workflows.onCancel = func() {
					workflows.onCancel = func() {}
					c.meets(workflows)
				}
			}
			e, found, err := Over(workflows, "", "", "q").Cancel(t.Context(), Execution{"w", c.asked})
			require.NoError(t, err)
			require.Equal(t, !c.nothing, found)
			if c.nothing {
				require.Empty(t, workflows.cancelled)
				return
			}
			require.Equal(t, Execution{"w", c.want}, e)
			require.Equal(t, []string{c.want}, workflows.cancelled)
		})
	}
}

func (c *chain) goOn() { c.runs = append(c.runs, "3") }

func (c *chain) end() { c.status = enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED }

func (c *chain) replace() { c.runs, c.first = append(slices.Clone(c.runs), "9"), "9" }

// What a workflow waits for is that of the execution that goes on.
func TestTheStepsOfAWorkflowThatHasContinuedAsNew(t *testing.T) {
	steps, err := Over(newChain("1", "2"), "", "", "q").Pending(t.Context(), Execution{"w", "1"})
	require.NoError(t, err)
	require.Empty(t, steps.Closed)
	require.Equal(t, Execution{"w", "2"}, steps.Latest)
	ended := newChain("1", "2")
	ended.end()
	steps, err = Over(ended, "", "", "q").Pending(t.Context(), Execution{"w", "1"})
	require.NoError(t, err)
	require.Equal(t, "completed", steps.Closed)
}
