package workflows

import (
	"cmp"
	"fmt"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// VerifyTable compares both sides of a table, and writes to neither: PlanVerify, CompareRange for each range, a pause,
// RecheckRows, which looks a second time at each key that differed, FinishVerify. Its input is a VerifyTableInput. It
// answers the query "status" with a Status.
//
// Rows with a cursor above what the table has promised are left out: runs go on meanwhile.
//
// Where its history is long, it continues as new between two batches that write the target.
func VerifyTable(ctx workflow.Context, raw converter.RawValue) (VerifyTableResult, error) {
	in, err := decodeVerify(raw)
	if err != nil {
		return VerifyTableResult{}, err
	}
	ctx = withPriority(ctx, in.Table, 0)
	v := &verification{
		in: in, listedPhases: map[string]bool{},
		status: Status{Table: in.Table, Phase: PhasePlan, Mode: api.ModeVerify, Started: workflow.Now(ctx).UTC()},
	}
	if in.Resume != nil {
		v.take(*in.Resume)
	}
	if err := workflow.SetQueryHandler(ctx, QueryStatus, func() (Status, error) { return v.status, nil }); err != nil {
		return VerifyTableResult{}, err
	}
	v.show(ctx)
	for {
		err := v.attempt(ctx)
		if err == nil {
			return v.result, nil
		}
		altered := failureType(err) == failure.TableChanged
		if !needsNewPlan(err) && !altered || v.plans >= activities.MaxPlans {
			return VerifyTableResult{}, cause(err)
		}
		workflow.GetLogger(ctx).Warn("the plan of the comparison no longer holds: planning again", "error", err)
	}
}

// decodeVerify reads the input as strictly as that of a run.
func decodeVerify(raw converter.RawValue) (verifyInput, error) {
	var in verifyInput
	if err := verifyForm.decode(raw, &in); err != nil {
		return in, err
	}
	if err := verifyForm.checkTable(in.Table); err != nil {
		return in, err
	}
	if in.Resume != nil {
		return in, nil // the execution before this one has looked at it
	}
	if in.Deletes && (in.Depth != "" || in.Repair) {
		return in, verifyForm.invalid(`deletes with depth or repair: a sweep compares by key, and writes no row`)
	}
	if in.Approve != "" && !in.Deletes {
		return in, verifyForm.invalid("approve is of a sweep: set deletes, too")
	}
	if in.DryRun && (in.Repair || in.Deletes) {
		return in, verifyForm.invalid("dryRun estimates a comparison: leave out repair, deletes and approve")
	}
	if in.OverwriteNewer && !in.Repair {
		return in, verifyForm.invalid("overwriteNewer says which rows a repair writes: set repair, too")
	}
	if in.Replay != "" && (in.Deletes || in.DryRun || in.Since || in.Depth != "" && in.Depth != api.DepthDigest) {
		return in, verifyForm.invalid("replay compares all values of a run's rows: leave out deletes, dryRun, since " +
			"and depth")
	}
	switch in.Depth {
	case "":
		in.Depth = api.DepthDigest
	case api.DepthDigest, api.DepthKeys, api.DepthSample:
	default:
		return in, verifyForm.invalid(fmt.Sprintf(`depth is %q: it is "digest", "keys" or "sample"`, in.Depth))
	}
	if in.Since && (in.Deletes || in.Depth == api.DepthSample) {
		return in, verifyForm.invalid(`since is of depth "digest" or "keys", and of no sweep`)
	}
	if in.Share < 0 || in.Share > 1 || in.Share > 0 && in.Depth != api.DepthSample {
		return in, verifyForm.invalid(fmt.Sprintf(`share is %g: it is of depth "sample", and from 0 to 1`, in.Share))
	}
	return in, nil
}

// verification is the state of a running VerifyTable.
type verification struct {
	in     verifyInput
	status Status
	result VerifyTableResult
	plan   activities.PlanVerifyResult
	router hostRouter
	plans  int
	// deletes is the next batch of a sweep, but for its fence; repairs is the plan of a repair, nil before it.
	deletes activities.DeleteRowsInput
	repairs *activities.PlanRepairResult
	// listedPhases are the phases that Temporal's lists show already.
	listedPhases map[string]bool
	// atEnd says that a sample has come to the last key of the table.
	atEnd bool
}

// attempt goes by one plan, that of an execution before this one where there is one.
func (v *verification) attempt(ctx workflow.Context) error {
	resumed := v.in.Resume != nil
	v.in.Resume = nil
	if !resumed {
		if err := v.look(ctx); err != nil || v.in.DryRun {
			return err
		}
	}
	ctx = withPriority(ctx, v.in.Table, v.plan.Priority)
	swept := v.sweep(ctx, resumed)
	if swept != nil && failureType(swept) != failure.DeletesHeld {
		return swept
	}
	if err := v.repair(ctx); err != nil {
		return err
	}
	v.end(ctx, swept)
	return swept
}

// look plans, and looks twice at what differs. It writes nothing to the target.
func (v *verification) look(ctx workflow.Context) error {
	v.beginPlan()
	if err := v.planVerify(ctx); err != nil {
		return err
	}
	if v.in.DryRun {
		v.result.Estimate, v.result.Run, v.status.Phase = v.plan.Estimate, "", PhaseDone
		return nil
	}
	if v.plan.Held != "" {
		held := failure.New(failure.DeletesHeld, v.plan.Held, v.plan.HeldRemedy)
		v.result.Sweep = v.sweepSoFar()
		v.end(ctx, held)
		return held
	}
	ctx = withPriority(ctx, v.in.Table, v.plan.Priority)
	if v.in.Approve != "" {
		return nil
	}
	v.setPhase(ctx, api.PhaseCompare)
	if err := v.compare(ctx); err != nil {
		return err
	}
	return v.recheck(ctx)
}

func (v *verification) planVerify(ctx workflow.Context) error {
	in := activities.PlanVerifyInput{
		Table: v.in.Table, Depth: v.in.Depth, Deletes: v.in.Deletes, Share: v.in.Share,
		DryRun: v.in.DryRun, Since: v.in.Since, Repair: v.in.Repair, Replay: v.in.Replay,
		Run: activities.StagingName(workflow.GetInfo(ctx).WorkflowExecution.RunID, v.plans),
	}
	v.plans++
	v.plan = activities.PlanVerifyResult{}
	err := workflow.ExecuteActivity(withOptions(ctx, planOptions, "check both sides of "+v.in.Table), "PlanVerify", in).
		Get(ctx, &v.plan)
	if err != nil {
		return err
	}
	v.router = hostRouter{queue: v.plan.Queue}
	v.status.Target, v.status.Ranges, v.status.RangesDone, v.status.RowsTotal = v.plan.Target, int64(
		v.plan.Ranges,
	), 0, v.plan.RowsEstimate
	v.result.Target, v.result.Ranges, v.result.Warnings = v.plan.Target, v.plan.Ranges, v.plan.Warnings
	v.result.Cursor, v.result.AsOf, v.result.Since = v.plan.Cursor, v.plan.AsOf, v.plan.Since
	v.result.Depth, v.result.KeysOnly = cmp.Or(v.plan.Depth, v.in.Depth), v.plan.KeysOnly
	v.result.Replay = v.plan.Replay
	v.result.Run, v.result.Queue, v.result.Files = v.plan.Run, v.plan.Queue, v.plan.Files
	v.upsertMemo(ctx)
	return nil
}

func (v *verification) rangeInput(i int) activities.RangeInput {
	return activities.RangeInput{
		Table:   v.in.Table,
		Run:     v.plan.Run,
		PlanSum: v.plan.PlanSum,
		Range:   i,
		Queue:   v.plan.Queue,
	}
}

// compare compares every range, a bounded number at once. After the first error it begins no further one.
func (v *verification) compare(ctx workflow.Context) (err error) {
	inFlight, limit := 0, min(max(1, v.plan.RangesInFlight), maxRangesInFlight)
	for i := range v.plan.Ranges {
		if waitErr := workflow.Await(ctx, func() bool { return inFlight < limit || err != nil }); waitErr != nil {
			return waitErr
		}
		if err != nil {
			break
		}
		inFlight++
		workflow.Go(ctx, func(ctx workflow.Context) {
			defer func() { inFlight-- }()
			if rangeErr := v.compareRange(ctx, i); rangeErr != nil && err == nil {
				err = rangeErr
			}
		})
	}
	if waitErr := workflow.Await(ctx, func() bool { return inFlight == 0 }); waitErr != nil && err == nil {
		err = waitErr
	}
	return err
}

// compareRange compares a range. That of a sample has slices, each of which begins where the one before has ended.
func (v *verification) compareRange(ctx workflow.Context, i int) error {
	in := v.rangeInput(i)
	for {
		var out activities.CompareRangeResult
		summary := fmt.Sprintf("compare range %d of %d", i+1, v.plan.Ranges)
		if v.in.Depth == api.DepthSample {
			summary = fmt.Sprintf("compare slice %d of a sample", in.Slice+1)
		}
		step := v.router.step(ctx, extractOptions, summary, "CompareRange", in)
		if err := step.Get(ctx, &out); err != nil {
			return err
		}
		v.count(out)
		if !out.More {
			v.status.RangesDone++
			v.atEnd = v.atEnd || out.AtEnd && i == 0
		}
		if v.show(ctx); !out.More {
			return nil
		}
		in.Slice++
	}
}

func (v *verification) count(out activities.CompareRangeResult) {
	v.result.Tally.Add(out.Tally)
	v.result.Digest.Merge(out.Digest)
	v.result.LongestPage = max(v.result.LongestPage, out.LongestPage)
	v.status.RowsExtracted += out.SourceRows
}

// recheck waits until late commits have arrived, and looks a second time at the keys that differ.
func (v *verification) recheck(ctx workflow.Context) error {
	if v.result.Suspects == 0 {
		return nil
	}
	v.setPhase(ctx, api.PhaseRecheck)
	if wait := v.plan.SecondLook; wait > 0 {
		until := workflow.Now(ctx).Add(wait)
		v.status.Waits = []Wait{{
			Reason: fmt.Sprintf("a second look at %s begins at %s", human.Count(v.result.Suspects, "key"),
				timeText(until)), Since: workflow.Now(ctx).UTC(),
		}}
		v.show(ctx)
		if err := workflow.Sleep(ctx, wait); err != nil {
			return err
		}
		v.status.Waits = nil
	}
	var out activities.RecheckRowsResult
	step := v.router.step(
		ctx,
		extractOptions,
		"look again at "+human.Count(v.result.Suspects, "key"),
		"RecheckRows",
		v.rangeInput(v.plan.Ranges),
	)
	if err := step.Get(ctx, &out); err != nil {
		return err
	}
	v.result.Verdicts, v.result.Differences = out.Verdicts, out.Differences
	v.result.Digest.Merge(out.Digest)
	for _, verdict := range verify.Differences() {
		v.result.Differs = v.result.Differs || out.Verdicts[verdict] > 0
	}
	return nil
}
