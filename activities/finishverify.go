package activities

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
)

// FinishVerifyInput is a comparison that was done.
type FinishVerifyInput struct {
	RangeInput
	// Record is what the table's state keeps of it; of a sweep, which looks for deleted rows alone, it keeps Sweep.
	// StateID and Watermark are of the state that it was planned by.
	Record    *owner.VerifyRecord `json:"record,omitempty"`
	Sweep     *owner.SweepRecord  `json:"sweep,omitempty"`
	StateID   string              `json:"stateId,omitempty"`
	Watermark string              `json:"watermark,omitempty"`
	// Receipt is kept beside the list of differences.
	Receipt *api.VerifyTableResult `json:"receipt,omitempty"`
}

// FinishVerifyResult is what was removed.
type FinishVerifyResult struct {
	Files int `json:"files"`
	// Warnings say what has become of the table's watermark meanwhile, where a person has changed it.
	Warnings []string `json:"warnings,omitempty"`
}

// FinishVerify records in the table's state what a comparison has found, removes the comparison's files but for those
// that are kept, and keeps the receipt. Repeating it is harmless. in.Range is the number of all ranges.
func (a *Activities) FinishVerify(ctx context.Context, in FinishVerifyInput) (FinishVerifyResult, error) {
	if err := a.requireLocalFiles(ctx, in.Queue); err != nil {
		return FinishVerifyResult{}, err
	}
	name, err := table.ParseName(in.Table)
	if err != nil {
		return FinishVerifyResult{}, invalidInput("table: "+err.Error(), "")
	}
	var out FinishVerifyResult
	var now owner.State
	known := in.Record != nil || in.Sweep != nil
	if known {
		if now, known, out.Warnings, err = a.lookAtState(ctx, in); err != nil {
			return out, err
		}
	}
	var receiptErr error // staging that takes no file does not keep the state from what was found
	if in.Receipt != nil {
		in.Receipt.Warnings = append(in.Receipt.Warnings, out.Warnings...)
		receiptErr = a.keepReceipt(ctx, name, in.Run, *in.Receipt)
	}
	if known {
		if err := a.recordVerify(ctx, in, name, now); err != nil {
			return out, err
		}
	}
	if in.Receipt != nil && in.Receipt.Sample != nil {
		if err := a.advanceSample(ctx, in.RangeInput, in.Receipt.SourceRows); err != nil {
			return out, translate(ctx, err, where{doing: "keep where the sample of " + in.Table + " ended"})
		}
	}
	for i := range in.Range {
		a.manifests.forget(staging.ManifestKey(name, in.Run, i, 0)) // those of later slices make room by themselves
	}
	out.Files, err = staging.Sweep(ctx, a.deps.Store, staging.RunPrefix(name, in.Run), time.Now().Add(ahead))
	return out, translate(ctx, cmp.Or(receiptErr, err), where{doing: "tidy up after a comparison of " + in.Table})
}

// lookAtState reads the state that a comparison is recorded in; false where the state that it was planned by is gone.
func (a *Activities) lookAtState(
	ctx context.Context, in FinishVerifyInput,
) (now owner.State, there bool, warnings []string, err error) {
	now, there, err = owner.ReadState(ctx, a.deps.Client, a.deps.TaskQueue, in.Table)
	if err != nil {
		return now, false, nil, err
	}
	if !there || now.ID != in.StateID {
		return now, false, []string{
			"the table's state was lost while it was compared, and does not show this comparison",
		}, nil
	}
	return now, true, a.watermarkChanged(ctx, in, now.Watermark), nil
}

// recordVerify sends the record to the table's state workflow. It starts none: a table without one has had no run, or
// its state was lost with the workflow.
func (a *Activities) recordVerify(ctx context.Context, in FinishVerifyInput, name table.Name, now owner.State) error {
	req := owner.VerifyRequest{StateID: in.StateID, Sweep: in.Sweep}
	if in.Record != nil {
		req.Record = *in.Record
	}
	if files, bytes, err := staging.TableKept(ctx, a.deps.Store, name); err == nil {
		req.Kept = &owner.Kept{Files: files, Bytes: bytes}
	}
	if err := a.update(ctx, in.Table, owner.UpdateRecordVerify, req, &now); err != nil {
		return err
	}
	a.observe(now)
	return nil
}

// watermarkChanged says that the watermark was forgotten or set back while the table was compared. What was compared
// is what it had promised before.
func (a *Activities) watermarkChanged(ctx context.Context, in FinishVerifyInput, now string) []string {
	const meanwhile = "while the table was compared: the comparison goes by the former one, %s"
	switch {
	case in.Watermark == "" || now == in.Watermark:
		return nil
	case now == "":
		return []string{fmt.Sprintf("the watermark was forgotten "+meanwhile, in.Watermark)}
	}
	first := in.RangeInput
	first.Range = 0
	r, err := a.openRange(ctx, first)
	if err != nil || r.plan.Comparison == nil || r.plan.Comparison.Layout.Cursor < 0 {
		return nil // what was found does not depend on it
	}
	l := r.plan.Comparison.Layout
	if order, err := table.CompareCursor(l.Columns[l.Cursor].Source, now, in.Watermark); err != nil || order >= 0 {
		return nil
	}
	return []string{fmt.Sprintf("the watermark was set back to %s "+meanwhile, now, in.Watermark)}
}
