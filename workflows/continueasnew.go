package workflows

import "go.temporal.io/sdk/workflow"

// longHistory is how many events end an execution between two slices or batches. A slice adds 1,800 at most (190 chunks
// and 100 pieces of them, 6 events each, and a few steps), and the last chunks of the one before, which may still be in
// flight, 160: so a history stays below the 4,096 at which Temporal asks for a new one.
const longHistory = 1900

// historyIsLong reports whether an execution is to end when its slice or batch has ended.
func historyIsLong(ctx workflow.Context) bool {
	return workflow.GetInfo(ctx).GetCurrentHistoryLength() > longHistory
}

// continueAsNew ends an execution, and the next one goes on with what in says. A workflow that was cancelled meanwhile
// ends: a step that was not cancelled may have ended last, and the next execution would not know of the cancel. Nothing
// waits between this look and the end, so a cancel that comes later reaches the next execution.
func continueAsNew(ctx workflow.Context, name string, in any) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return workflow.NewContinueAsNewError(ctx, name, in)
}
