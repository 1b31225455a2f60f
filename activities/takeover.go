package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"

	"github.com/tablehaul/tablehaul/internal/owner"
)

// closing says when a lease's holder ended, and whether it had no chance to stop its writers.
type closing struct {
	at       time.Time
	abruptly bool
	// runs are the holder's, those that resets made of it included.
	runs []string
	// continued says that it continued as new, and first is the first execution of its chain.
	continued bool
	first     string
}

// forgetRuns removes what the runs of an ended holder left in staging, but for the plan of a
// first load that will be taken up again.
func (a *Activities) forgetRuns(ctx context.Context, tbl string, runs []string, kept *owner.FirstLoad) {
	for _, run := range runs {
		for plans := range PlansOfRun {
			if name := StagingName(run, plans); kept == nil || kept.Run != name {
				a.forgetPlan(ctx, tbl, name)
			}
		}
	}
}

// maxResets bounds how many resets of a holder are followed: more were not made by people.
const maxResets = 100

// closedSince is nil while the holder runs. A run that was reset lives on in another run,
// which holds what it held; where that run is us, the holder is as good as closed.
func (a *Activities) closedSince(ctx context.Context, holder owner.Lease, us string) (*closing, error) {
	last := &closing{}
	for run, resets := holder.RunID, 0; run != us && resets < maxResets; resets++ {
		d, err := a.deps.Client.DescribeWorkflowExecution(ctx, holder.WorkflowID, run)
		last.runs = append(last.runs, run)
		if _, ok := errors.AsType[*serviceerror.NotFound](err); ok {
			return &closing{runs: last.runs}, nil // past the namespace's retention: long over
		}
		if err != nil {
			return nil, fmt.Errorf("describe the holder %s: %w", holder.WorkflowID, err)
		}
		info := d.GetWorkflowExecutionInfo()
		if isOpen(info.GetStatus()) {
			return nil, nil
		}
		last.at = info.GetCloseTime().AsTime()
		last.abruptly = info.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED ||
			info.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_TIMED_OUT
		last.continued = info.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW
		last.first = info.GetFirstRunId()
		if run = d.GetWorkflowExtendedInfo().GetResetRunId(); run == "" {
			return last, nil
		}
	}
	return last, nil
}

// isOpen reports whether an execution may go on.
func isOpen(s enumspb.WorkflowExecutionStatus) bool {
	return s == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING || s == enumspb.WORKFLOW_EXECUTION_STATUS_PAUSED
}
