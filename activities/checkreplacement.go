package activities

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/mysqldb/lineage"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/swap"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// CheckReplacementInput names the load that is checked: any range of the run, and what its chunks have written.
type CheckReplacementInput struct {
	RangeInput
	// Rows is how many rows were written, and Digest theirs; nil where no chunk has one.
	Rows   int64          `json:"rows"`
	Digest *verify.Digest `json:"digest,omitempty"`
}

// CheckReplacementResult is what the table has that was loaded.
type CheckReplacementResult struct {
	Rows   int64          `json:"rows"`
	Digest *verify.Digest `json:"digest,omitempty"`
}

// checkConnections is how many parts of a loaded table are read at a time.
const checkConnections = 2

// checkRangeRows is about how many rows a part has at least.
const checkRangeRows = 50_000

// CheckReplacement reads the table that was loaded and compares its count and digest with those of the rows that were
// written, renews its statistics, and records on the target that it may take the target's place. It fails where they
// differ: nothing is swapped then, and the next run loads again.
//
// Repeating it is harmless. It heartbeats while it reads.
func (a *Activities) CheckReplacement(ctx context.Context, in CheckReplacementInput) (CheckReplacementResult, error) {
	if err := a.requireLocalFiles(ctx, in.Queue); err != nil {
		return CheckReplacementResult{}, err
	}
	r, err := a.openReplacement(ctx, in.RangeInput)
	if err != nil {
		return CheckReplacementResult{}, err
	}
	s, load := r.plan.Settings, r.plan.Replacement.Load
	at := where{s.TargetConnection, "check " + load.String()}
	db, err := a.deps.Target(ctx, s.TargetConnection)
	if err != nil {
		return CheckReplacementResult{}, translate(ctx, err, at)
	}
	var rows atomic.Int64
	defer beat(ctx, func() any { return compareProgress{Rows: rows.Load()} })()
	found, err := readLoad(ctx, db, &r.plan, &rows)
	if err != nil {
		return CheckReplacementResult{}, translate(ctx, err, at)
	}
	if err := in.agrees(found, load); err != nil {
		return CheckReplacementResult{}, err
	}
	if r.plan.Replacement.HoldEmpty && found.Rows == 0 {
		return CheckReplacementResult{}, refuseEmpty(s)
	}
	if err := swap.Analyze(ctx, db.DB, load); err != nil {
		return CheckReplacementResult{}, translate(ctx, err, at)
	}
	logStep(ctx, "rows", found.Rows)
	return found, a.markChecked(ctx, r, found)
}

// openReplacement is openRange of a run that replaces its target.
func (a *Activities) openReplacement(ctx context.Context, in RangeInput) (*openedRange, error) {
	r, err := a.openRange(ctx, in)
	if err != nil {
		return nil, translate(ctx, err, where{doing: "open the plan of " + in.Table})
	}
	if r.plan.Replacement == nil {
		return nil, invalidInput("the plan of "+in.Run+" is none of a replacement", "")
	}
	return r, nil
}

// agrees fails where the loaded table is not what was written.
func (in CheckReplacementInput) agrees(found CheckReplacementResult, load table.Name) error {
	what := ""
	switch {
	case found.Rows != in.Rows:
		what = fmt.Sprintf("%s holds %s, and %d were written to it", load, human.Count(found.Rows, "row"), in.Rows)
	case found.Digest != nil && in.Digest != nil && *found.Digest != *in.Digest:
		what = fmt.Sprintf("the rows of %s are not those that were written to it", load)
	default:
		return nil
	}
	return failure.New(failure.Unexpected, what+": others have written there, the server has lost rows in a crash, or "+
		"unique values moved between rows while they were read; the target stays as it is", "run again: the table is "+
		"loaded again")
}

// readLoad counts the rows of a loaded table, and adds up their digest.
func readLoad(
	ctx context.Context, db *target.Target, plan *stagedPlan, seen *atomic.Int64,
) (out CheckReplacementResult, err error) {
	p, s, key := plan.Replacement, plan.Settings, plan.Key
	t, err := schema.Read(ctx, db.DB, p.Load)
	if err != nil {
		return out, err
	}
	t, _ = t.WithKey(key)
	if len(t.PrimaryKey) == 0 {
		return out, failure.New(failure.TableChanged, p.Load.String()+" has lost its key", "run again")
	}
	columns := []table.Column{t.Column(t.PrimaryKey[0]).Column}
	if p.Layout != nil {
		if err := p.Layout.Prepare(); err != nil {
			return out, err
		}
		columns, out.Digest = p.Layout.ColumnsOf(verify.Target), &verify.Digest{}
	}
	ranges, err := scan.CutRanges(ctx, db.DB, t, maxRanges, checkRangeRows)
	if err != nil {
		return out, err
	}
	var all sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(checkConnections)
	for _, keys := range ranges {
		group.Go(func() error {
			var digest verify.Digest
			var buf []byte
			stats, err := scan.ReadPages(ctx, db.DB, scan.ReadSpec{
				Table: t, Columns: columns, ByKey: true, Keys: &keys,
				Limits: scan.PageLimits{Rows: s.PageRows, MaxTime: s.PageTime, MaxBytes: int(s.PageBytes)},
			}, func(rows *table.Rows) error {
				for i := 0; p.Layout != nil && i < rows.Len(); i++ {
					buf = p.Layout.AppendRow(buf[:0], rows, i)
					digest.AddRow(buf)
				}
				seen.Add(int64(rows.Len()))
				return nil
			})
			all.Lock()
			defer all.Unlock()
			out.Rows += stats.Rows
			if out.Digest != nil {
				out.Digest.Merge(digest)
			}
			return err
		})
	}
	return out, group.Wait()
}

// markChecked records that a loaded table may take the target's place.
func (a *Activities) markChecked(ctx context.Context, r *openedRange, found CheckReplacementResult) error {
	s := r.plan.Settings
	at := where{s.TargetConnection, "record the check of " + r.plan.Replacement.Load.String()}
	l, err := a.swapLock(ctx, s.TargetConnection, s.Target)
	if err != nil {
		return err
	}
	defer l.Release()
	if err := l.Check(ctx, r.targetRef()); err != nil {
		return translate(ctx, err, at)
	}
	record, err := l.Record(ctx)
	if err != nil {
		return translate(ctx, err, at)
	}
	if record == nil || record.Fence != r.in.Fence {
		return translate(ctx, lineage.ErrNotBegun, at)
	}
	if record.Stage == lineage.ReplacementLoading {
		record.Stage, record.Rows = lineage.ReplacementChecked, found.Rows
		err = l.SetRecord(ctx, *record)
	}
	return translate(ctx, err, at)
}

// targetRef names the state row that the run has begun.
func (r *openedRange) targetRef() lineage.Ref {
	s := &r.plan.Settings
	return lineage.Ref{
		Target: s.Target, StateID: r.plan.StateID, Fence: r.in.Fence, Shared: s.shared(), Server: r.in.TargetInstance,
	}
}
