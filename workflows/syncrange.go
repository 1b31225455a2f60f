package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"
)

// SyncRange moves one range of a run as a child of SyncTable, so that a run's history is
// spread over its ranges. A range that is larger than one history may be continues as new. It
// reports its progress to its parent, a bounded number of times.
func SyncRange(ctx workflow.Context, in SyncRangeInput) (SyncRangeResult, error) {
	ctx = withPriority(ctx, in.Range.Table, in.Priority)
	status := Status{
		Table: in.Range.Table, Phase: PhaseBegin, Ranges: int64(in.Ranges), Started: workflow.Now(ctx).UTC(),
		RowsExtracted: in.Counts.RowsExtracted, RowsWritten: in.Counts.Written(),
		Chunks: in.Counts.Chunks, ChunksDone: in.Counts.Chunks,
	}
	if err := workflow.SetQueryHandler(ctx, QueryStatus, func() (Status, error) { return status, nil }); err != nil {
		return SyncRangeResult{}, fmt.Errorf("register query: %w", err)
	}
	show := func() { workflow.SetCurrentDetails(ctx, rangeDetails(status, in.Range.Range, workflow.Now(ctx))) }
	var r *rangeRunner
	last := rangeProgress{ChunksDone: in.Counts.Chunks}
	r = newRangeRunner(in, &hostRouter{queue: in.Range.Queue, pinned: in.Pinned}, func(phase string) {
		status.Phase = phase
		show()
	}, func(p rangeProgress) {
		status.RowsExtracted, status.RowsWritten = p.Extracted, p.Written
		status.Chunks, status.ChunksDone = p.Chunks, p.ChunksDone
		status.ChunkRows, status.WriteLimit = p.ChunkRows, p.WriteLimit
		show()
		due := p.ChunksDone-last.ChunksDone >= signalChunks || (p.ChunkRows > 0) != (last.ChunkRows > 0)
		if due && r.in.Signals > 0 {
			last = p
			r.in.Signals--
			signalParent(ctx, p)
		}
	})
	remaining, err := r.run(ctx)
	if remaining != nil {
		return SyncRangeResult{}, continueAsNew(ctx, SyncRangeName, *remaining)
	}
	return SyncRangeResult{
		Counts: r.counts, Seconds: r.phases, FirstBad: r.firstBad, Pinned: r.router.pinned,
	}, cause(err)
}

// signalParent signals without waiting: progress that does not arrive is only not shown.
func signalParent(ctx workflow.Context, p rangeProgress) {
	parent := workflow.GetInfo(ctx).ParentWorkflowExecution
	if parent == nil {
		return
	}
	workflow.SignalExternalWorkflow(ctx, parent.ID, parent.RunID, signalRangeProgress, p)
}
