package workflows

import (
	"cmp"
	"fmt"
	"slices"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/owner"
)

// rangeInput is what range i of this run begins with.
func (s *sync) rangeInput(i int) SyncRangeInput {
	side := min(max(1, s.plan.RangesInFlight), maxRangesInFlight, s.plan.Ranges)
	return SyncRangeInput{
		Range: activities.RangeInput{
			Table: s.in.Table, Run: s.plan.Run, PlanSum: s.plan.PlanSum, Range: i, Queue: s.router.queue,
			Fence: s.fence(), Instance: s.plan.Instance, TargetInstance: s.targetInstance(),
		},
		Ranges: s.plan.Ranges,
		// ChunksInFlight is a bound of the run: ranges side by side share it.
		ChunksInFlight: max(1, s.plan.ChunksInFlight/side),
		ChunkRows:      s.plan.ChunkRows,
		Priority:       s.plan.Priority,
		ReadStep:       s.readStep(),
		MaxBadRows:     s.maxBadRows(),
		Signals:        max(1, maxSignals/s.plan.Ranges),
	}
}

// moveInline moves the only range in this workflow's own history; where it is larger than one
// history may be, a child goes on with it.
func (s *sync) moveInline(ctx workflow.Context) error {
	r := newRangeRunner(s.rangeInput(0), &s.router,
		func(phase string) { s.setPhase(ctx, phase) },
		func(p rangeProgress) {
			s.ranges[0] = p
			s.show(ctx)
		})
	remaining, err := r.run(ctx)
	if remaining != nil {
		remaining.Signals = maxSignals
		s.setPhase(ctx, PhaseRanges)
		return s.moveChildren(ctx, []SyncRangeInput{*remaining})
	}
	delete(s.ranges, 0)
	if needsNewPlan(err) {
		return err // what was counted is read again
	}
	s.add(r.counts, r.phases, r.firstBad)
	if err == nil {
		s.status.RangesDone++
	}
	return err
}

// moveChildren moves ranges as children, a bounded number at a time. The first error wins; the
// other children are cancelled and waited for, so that nothing writes after this run. The next
// range begins while the one before it is recorded in the state workflow.
func (s *sync) moveChildren(ctx workflow.Context, todo []SyncRangeInput) error {
	children, cancel := workflow.WithCancel(ctx)
	defer cancel()
	var first error
	inFlight, records := 0, 0
	limit := min(max(1, s.plan.RangesInFlight), maxRangesInFlight)
	done := workflow.NewSelector(ctx)
	done.AddReceive(workflow.GetSignalChannel(ctx, signalRangeProgress), func(ch workflow.ReceiveChannel, _ bool) {
		var p rangeProgress
		ch.Receive(ctx, &p)
		s.ranges[p.Range] = p
		s.show(ctx)
	})
	fail := func(err error) {
		if err != nil && first == nil {
			first = err
			cancel()
		}
	}
	for _, in := range todo {
		for inFlight >= limit || inFlight > 0 && s.isTail(in.Range.Range) {
			done.Select(ctx)
		}
		if first != nil {
			break
		}
		inFlight++
		done.AddFuture(s.startRange(children, in), func(f workflow.Future) {
			inFlight--
			record, err := s.settleRange(ctx, in.Range.Range, f)
			fail(err)
			fail(s.tooManyBadRows())
			if record == nil {
				return
			}
			records++
			done.AddFuture(record, func(f workflow.Future) {
				records--
				fail(f.Get(ctx, nil))
			})
		})
	}
	for inFlight+records > 0 {
		done.Select(ctx)
	}
	return first
}

// isTail reports whether a range is what lies above the window's end. It begins when all others
// are done: a row that has moved up from one of them is there.
func (s *sync) isTail(i int) bool { return s.plan.TailLast && i == s.plan.Ranges-1 }

func (s *sync) startRange(ctx workflow.Context, in SyncRangeInput) workflow.Future {
	i := in.Range.Range
	in.Pinned = in.Pinned || s.router.pinned
	s.running = append(s.running, i)
	ctx = workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID:          syncRangeID(s.lease, i),
		WaitForCancellation: true,
		Priority:            Priority(s.in.Table, s.plan.Priority),
		ParentClosePolicy:   enumspb.PARENT_CLOSE_POLICY_REQUEST_CANCEL,
		StaticSummary:       fmt.Sprintf("%s, range %d of %d", s.in.Table, i+1, s.plan.Ranges),
		StaticDetails: fmt.Sprintf("One range of the %s of **%s** into **%s**, window `%s`.",
			modeText(s.plan.Mode), s.in.Table, s.plan.Target, s.plan.Window),
		Memo: map[string]any{api.MemoTable: s.in.Table},

		TypedSearchAttributes: s.rangeAttributes(),
	})
	return workflow.ExecuteChildWorkflow(ctx, SyncRangeName, in)
}

// settleRange adds a finished range. record is the step that records the range of a first load, or of files, in the
// state workflow; nil for other runs.
func (s *sync) settleRange(ctx workflow.Context, i int, f workflow.Future) (record workflow.Future, err error) {
	var out SyncRangeResult
	err = f.Get(ctx, &out)
	delete(s.ranges, i)
	s.running = slices.DeleteFunc(s.running, func(j int) bool { return j == i })
	if err != nil {
		return nil, cause(err)
	}
	s.router.pinned = s.router.pinned || out.Pinned
	s.add(out.Counts, out.Seconds, out.FirstBad)
	s.status.RangesDone++
	if i < len(s.plan.Done) {
		s.plan.Done = s.plan.Done[:i] + "1" + s.plan.Done[i+1:]
	}
	s.show(ctx)
	if !s.plan.KeepsProgress() {
		return nil, nil
	}
	return s.startRecord(ctx, fmt.Sprintf("range %d is loaded", i+1), owner.ProgressRequest{
		Fence: s.lease.Fence, RunID: s.lease.RunID, RangeDone: &i, PlanSum: s.plan.PlanSum,
	}), nil
}

func (s *sync) add(c Counts, phases map[string]float64, firstBad string) {
	s.result.Counts.Add(c)
	s.firstBad = cmp.Or(s.firstBad, firstBad)
	for _, phase := range movePhases {
		if t, ok := phases[phase]; ok {
			s.result.Seconds[phase] += t
		}
	}
}
