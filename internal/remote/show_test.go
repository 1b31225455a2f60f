package remote

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/owner"
)

// lateList is a Temporal whose list is a moment old: it has only some of the comparisons that have ended.
type lateList struct {
	client.Client
	state   owner.State
	listed  []*workflowpb.WorkflowExecutionInfo
	results map[string]api.VerifyTableResult
	// goesOn says that the latest execution of each workflow runs.
	goesOn bool
}

func (l lateList) DescribeWorkflowExecution(
	_ context.Context, _, runID string,
) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	info := continued(runID)
	switch {
	case runID == "" && l.goesOn:
		info.Status = enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
	case runID == "":
		info.Status = enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED
	}
	return &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: info}, nil
}

func (l lateList) QueryWorkflowWithOptions(
	context.Context, *client.QueryWorkflowWithOptionsRequest,
) (*client.QueryWorkflowWithOptionsResponse, error) {
	p, err := converter.GetDefaultDataConverter().ToPayloads(l.state)
	return &client.QueryWorkflowWithOptionsResponse{QueryResult: client.NewValue(p)}, err
}

func (l lateList) ListWorkflow(
	context.Context, *workflowservice.ListWorkflowExecutionsRequest,
) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	return &workflowservice.ListWorkflowExecutionsResponse{Executions: l.listed}, nil
}

func (l lateList) GetWorkflow(_ context.Context, _, runID string) client.WorkflowRun {
	out, ok := l.results[runID]
	return ended{out: out, ok: ok}
}

type ended struct {
	client.WorkflowRun
	out api.VerifyTableResult
	ok  bool
}

func (e ended) Get(_ context.Context, into any) error {
	if !e.ok {
		return errors.New("not found")
	}
	*into.(*api.VerifyTableResult) = e.out
	return nil
}

func endedAt(runID string, at time.Time) *workflowpb.WorkflowExecutionInfo {
	return &workflowpb.WorkflowExecutionInfo{
		Execution: &commonpb.WorkflowExecution{WorkflowId: "w", RunId: runID}, CloseTime: timestamppb.New(at),
	}
}

// continued is an execution that has continued as new.
func continued(runID string) *workflowpb.WorkflowExecutionInfo {
	info := endedAt(runID, ago(time.Minute))
	info.Status = enumspb.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW
	return info
}

func TestTheLastComparisonIsFoundBeforeTheListHasIt(t *testing.T) {
	receipt := func(run string) api.VerifyTableResult { return api.VerifyTableResult{Table: "shop.t", Run: run} }
	other, dry := receipt("x.1"), receipt("y.1")
	other.Table, dry.Estimate = "shop.other", &api.VerifyEstimate{}
	results := map[string]api.VerifyTableResult{
		"a": receipt("a.1"), "b": receipt("b.1"), "s": receipt("s.1"), "other": other, "dry": dry,
	}
	recorded := func(runID string, at time.Time) *owner.VerifyRecord {
		return &owner.VerifyRecord{WorkflowID: "w", RunID: runID, At: at}
	}
	for name, c := range map[string]struct {
		state  owner.State
		listed []*workflowpb.WorkflowExecutionInfo
		goesOn bool
		run    string
		want   string
	}{
		"the list is late": {
			state:  owner.State{LastVerify: recorded("b", ago(time.Second))},
			listed: []*workflowpb.WorkflowExecutionInfo{endedAt("a", ago(time.Minute))}, want: "b.1",
		},
		"a sweep after a comparison": {
			state: owner.State{
				LastVerify: recorded("b", ago(time.Minute)),
				LastSweep:  &owner.SweepRecord{WorkflowID: "w", RunID: "s", At: ago(time.Second)},
			}, want: "s.1",
		},
		"a comparison that the state does not know": {
			state:  owner.State{LastVerify: recorded("a", ago(time.Hour))},
			listed: []*workflowpb.WorkflowExecutionInfo{endedAt("b", ago(time.Minute))}, want: "b.1",
		},
		"no state, others in the list": {
			listed: []*workflowpb.WorkflowExecutionInfo{
				endedAt("other", ago(time.Second)), endedAt("dry", ago(time.Second)), endedAt("a", ago(time.Minute)),
			}, want: "a.1",
		},
		"a run by its name": {
			state:  owner.State{LastVerify: recorded("b", ago(time.Second))},
			listed: []*workflowpb.WorkflowExecutionInfo{endedAt("a", ago(time.Minute))}, run: "a.1", want: "a.1",
		},
		"one that has continued as new, by its name": {
			listed: []*workflowpb.WorkflowExecutionInfo{continued("a")}, run: "a.1", want: "a.1",
		},
		"one that has continued as new, and goes on": {
			listed: []*workflowpb.WorkflowExecutionInfo{continued("a")}, run: "a.1", goesOn: true,
		},
		"a result that Temporal has forgotten": {
			state: owner.State{LastVerify: recorded("gone", ago(time.Second))},
		},
	} {
		t.Run(name, func(t *testing.T) {
			late := lateList{state: c.state, listed: c.listed, results: results, goesOn: c.goesOn}
			remote := Over(late, "", "", "q")
			out, found, err := remote.Comparison(t.Context(), "shop.t", c.run)
			require.NoError(t, err)
			require.Equal(t, c.want != "", found)
			require.Equal(t, c.want, out.Run)
		})
	}
}
