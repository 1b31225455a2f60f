package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/failure"
)

// prefetched is the next slice, which is staged while the current one is written.
type prefetched struct {
	at     activities.RangeInput
	cancel workflow.CancelFunc
	done   workflow.Future
}

// prefetch removes the files of the slice before the current one, if any, after its last chunk has ended, and then
// stages the next slice, if there is one. So a range never has more than two slices in staging. chunks writes the slice
// before the current one.
func (r *rangeRunner) prefetch(ctx workflow.Context, chunks *fanOut, before *sliceWrites, more bool) prefetched {
	next := prefetched{at: r.at}
	next.at.Slice++
	ctx, next.cancel = workflow.WithCancel(ctx)
	done, settle := workflow.NewFuture(ctx)
	next.done = done
	workflow.Go(ctx, func(ctx workflow.Context) {
		var s stagedSlice
		var err error
		if before != nil {
			await(ctx, before.completed)
			r.remove(ctx, before.at, chunks.firstErr != nil)
		}
		if more {
			s, err = r.stage(ctx, next.at, nil, func(string) {}) // the phase shown is that of the slice being written
		}
		settle.Set(s, err)
	})
	return next
}

// wait waits for the staged slice. If it is of no use any more, its steps are cancelled first.
func (p prefetched) wait(ctx workflow.Context, useless bool) (s stagedSlice, err error) {
	if useless {
		p.cancel()
	}
	detached, cancel := workflow.NewDisconnectedContext(ctx) // a cancel ends the steps, not the wait for their end
	defer cancel()
	err = p.done.Get(detached, &s)
	return s, err
}

// cleanup removes a slice's files, also after a cancel. Files that stay cost disk, not rows: the error is logged, and
// the run goes on. Nothing is removed on a host that does not answer; Sweep removes the files if the host comes back.
// why is the error that has ended the range, or nil where the slice is written.
func (r *rangeRunner) cleanup(ctx workflow.Context, at activities.RangeInput, why error) {
	if failureType(why) == failure.HostGone {
		return
	}
	r.setPhase(PhaseCleanup)
	r.remove(ctx, at, why != nil)
}

// remove removes a slice's files. After a failure or a cancel it keeps no copy of them: a copy may take hours, and the
// table's lease is held meanwhile. A cancel ends a copy that is under way, and the files go without it.
func (r *rangeRunner) remove(ctx workflow.Context, at activities.RangeInput, failed bool) {
	step := func(ctx workflow.Context) error {
		return r.measure(ctx, PhaseCleanup, func() error {
			return r.step(ctx, cleanupOptions, "remove the staged files", "Cleanup", at).Get(ctx, nil)
		})
	}
	var err error
	if at.Discard = failed || ctx.Err() != nil; !at.Discard {
		err = step(ctx)
		at.Discard = err != nil && ctx.Err() != nil
	}
	if at.Discard {
		detached, cancel := workflow.NewDisconnectedContext(ctx)
		defer cancel()
		err = step(detached)
	}
	if err != nil {
		workflow.GetLogger(ctx).Warn("staged files not removed", "range", at.Range, "slice", at.Slice, "error", err)
	}
}
