package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/failure"
)

// maxLostSlices is how often a slice may lose its lease before the comparison fails. Once is an accident, such as a
// state workflow that was terminated.
const maxLostSlices = 5

// underLease holds the table's lease for the time of do, which may write the target: slice.TargetRow is set, and each
// transaction of do checks it. Sync runs wait for the slice, so do is short: about five seconds, in which nothing
// waits. Before, underLease waits for the run that has the lease, and until the table's limits let both servers be
// used. It fails with ServerRejected where the login may not keep a state row beside the target.
//
// Where the lease is lost in the middle, do is called again: it must be safe to repeat, and count from the beginning.
// A workflow has one slice at a time.
func underLease(
	ctx workflow.Context, tbl string, do func(ctx workflow.Context, slice activities.Slice) error,
) error {
	exec := workflow.GetInfo(ctx).WorkflowExecution
	in := activities.BeginSliceInput{Table: tbl, WorkflowID: exec.ID, RunID: exec.RunID}
	for lost := 1; ; lost++ {
		var slice activities.Slice
		begin := withOptions(ctx, beginOptions, "get the lease of "+tbl+" for a slice")
		if err := workflow.ExecuteActivity(begin, "BeginSlice", in).Get(ctx, &slice); err != nil {
			return err
		}
		err := do(ctx, slice)
		end := activities.EndSliceInput{Table: tbl, RunID: in.RunID, Fence: slice.Fence}
		if endErr := endSlice(ctx, end); err == nil {
			err = endErr
		}
		if failureType(err) != failure.LeaseLost || lost >= maxLostSlices {
			return err
		}
		workflow.GetLogger(ctx).Warn("the lease of a slice was lost: doing the slice again", "table", tbl)
	}
}

// endSlice gives the lease back, also after a cancel: sync runs wait for it.
func endSlice(ctx workflow.Context, in activities.EndSliceInput) error {
	detached, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	end := withOptions(detached, stateOptions, "give the lease back")
	return workflow.ExecuteActivity(end, "EndSlice", in).Get(detached, nil)
}
