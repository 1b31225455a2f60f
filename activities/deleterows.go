package activities

import (
	"context"
	"errors"
	"fmt"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/remove"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/txn"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// deleteAtOnce bounds the rows of one transaction, which comes right after the last look at the source.
const deleteAtOnce = 500

// DeleteRowsInput names a batch of the rows that a sweep has found. Range is the number of the comparison's ranges, and
// Fence that of the slice.
type DeleteRowsInput struct {
	RangeInput
	// List is the comparison whose list of differences is acted on: the sweep's own, or one that a person approved.
	List string `json:"list"`
	// Before, where set, is an earlier sweep that must have found the same rows.
	Before string `json:"before,omitempty"`
	// From is where in the list the batch begins; Batch counts batches from 0, and names what is kept of this one.
	From  int64 `json:"from"`
	Batch int   `json:"batch"`
}

// DeleteRowsResult is what became of a batch.
type DeleteRowsResult struct {
	api.SweptRows
	// Kept says that rows of the batch are kept for an undo, by this attempt or an earlier one.
	Kept bool `json:"kept,omitempty"`
	// Next is where the next batch begins; Done says that there is none.
	Next int64 `json:"next"`
	Done bool  `json:"done,omitempty"`
	// LongestTransaction is the longest one on the target, in seconds.
	LongestTransaction float64 `json:"longestTransaction"`
}

// DeleteRows deletes rows of the target that a sweep has found to be gone at the source, or marks them: a batch of
// them, under the lease of a slice. What they are is kept first. Right before each transaction it looks for their keys
// at the source once more: a row that is back, with any values, stays. A row goes only if it still is, byte for byte,
// the one that was kept, and has the cursor that the sweep saw.
//
// Repeating it is harmless: what an earlier attempt has kept stays kept, and rows of it that are gone count as deleted.
func (a *Activities) DeleteRows(ctx context.Context, in DeleteRowsInput) (DeleteRowsResult, error) {
	if err := a.requireLocalFiles(ctx, in.Queue); err != nil {
		return DeleteRowsResult{}, err
	}
	first := in.RangeInput
	first.Range = 0
	c, err := a.openComparison(ctx, first)
	if err != nil {
		return DeleteRowsResult{}, err
	}
	defer beat(ctx, c.progress)()
	// An undo may have paused them since the batch before.
	if err := a.guardPause(ctx, c, CheckDeletesInput{RangeInput: in.RangeInput}); err != nil {
		return DeleteRowsResult{}, err
	}
	d := &deletion{a: a, c: c, in: in}
	d.r = *c.r
	d.r.in.Fence = in.Fence
	if err := d.list(ctx); err != nil {
		return DeleteRowsResult{}, err
	}
	if err := d.keep(ctx); err != nil {
		return DeleteRowsResult{}, translate(ctx, err, where{doing: "keep what is deleted of " + in.Table})
	}
	for from := 0; from < len(d.rows); from += deleteAtOnce {
		if err := d.delete(ctx, d.rows[from:min(from+deleteAtOnce, len(d.rows))]); err != nil {
			return DeleteRowsResult{}, err
		}
	}
	a.deps.Metrics.RowsDeleted(in.Table, d.out.Deleted)
	logStep(ctx, "batch", in.Batch, "deleted", d.out.Deleted, "back", d.out.Back, "changed", d.out.Changed,
		"gone", d.out.Gone, "referenced", d.out.Referenced)
	return d.out, nil
}

// deletion is one batch.
type deletion struct {
	a  *Activities
	c  *openedComparison
	in DeleteRowsInput
	// r is the plan's range, with the fence of the slice.
	r    openedRange
	keys []table.Texts
	// cursors are what the sweep has seen, by their Bytes.
	cursors map[string]string
	// before are the rows, by their Bytes, that earlier attempts at the batch have kept.
	before map[string]bool
	rows   []keptRow
	out    DeleteRowsResult
}

// keptRow is a row of the target that is kept, and may go.
type keptRow struct {
	// key is in the form of the comparison.
	key table.Texts
	remove.Row
}

// list reads the keys of the batch.
func (d *deletion) list(ctx context.Context) error {
	before, err := d.a.listedBefore(ctx, d.r.name, d.in.Before)
	if err != nil {
		return err
	}
	d.cursors = map[string]string{}
	width := d.c.c.Layout.Key
	f := func(columns []table.Column, first int64, rows *table.Rows) error {
		if len(columns)-len(differenceColumns) != width {
			return alteredSincePlan(d.r.name)
		}
		for i := range rows.Len() {
			at := first + int64(i)
			if at < d.in.From {
				continue
			}
			if d.out.Next = at + 1; verify.Verdict(rows.Value(i, width)) != verify.Deleted {
				continue
			}
			key, seen := keyTexts(rows, i, width), string(rows.Value(i, width+2))
			bytes := key.Bytes()
			if d.in.Before != "" && before[bytes] != seen {
				d.out.Waiting++
				continue
			}
			d.keys, d.cursors[bytes] = append(d.keys, key), seen
			if len(d.keys) == d.a.deps.Sizes.DeleteBatch {
				return scan.ErrStop
			}
		}
		return nil
	}
	err = d.a.eachDifferenceChunk(ctx, d.r.name, d.in.List, d.in.From, f)
	if errors.Is(err, scan.ErrStop) {
		return nil
	}
	d.out.Done = true
	return err
}

// listedBefore is what an earlier sweep has found to be deleted: the sums of the rows by their Bytes.
func (a *Activities) listedBefore(ctx context.Context, tbl table.Name, run string) (map[string]string, error) {
	if run == "" {
		return nil, nil
	}
	out := map[string]string{}
	return out, a.eachDifferenceChunk(ctx, tbl, run, 0, func(columns []table.Column, _ int64, rows *table.Rows) error {
		width := len(columns) - len(differenceColumns)
		for i := range rows.Len() {
			if verify.Verdict(rows.Value(i, width)) == verify.Deleted {
				out[keyTexts(rows, i, width).Bytes()] = string(rows.Value(i, width+2))
			}
		}
		return nil
	})
}

// delete looks for the keys at the source, and deletes the rows of those that are not there.
func (d *deletion) delete(ctx context.Context, kept []keptRow) error {
	mark, err := d.mark(ctx)
	if err != nil {
		return err
	}
	back, err := d.back(ctx, kept)
	if err == nil {
		err = d.c.sameSource(ctx)
	}
	if err != nil {
		return err
	}
	var rows []remove.Row
	for _, row := range kept {
		if back[row.key.Bytes()] {
			d.out.Back++
			continue
		}
		rows = append(rows, row.Row)
	}
	dst, err := d.a.deps.Target(ctx, d.r.plan.Settings.TargetConnection)
	if err != nil {
		return translate(ctx, err, d.c.dst.at)
	}
	spec := remove.Spec{
		Target: d.r.plan.Settings.markedIn(d.c.dst.table), OnBegin: d.a.checkTargetRow(dst.DB, &d.r), Mark: mark,
	}
	done, err := d.a.remove(ctx, dst.DB, d.in.Table, spec, rows)
	if err != nil {
		return translate(ctx, err, where{d.r.plan.Settings.TargetConnection, fmt.Sprintf("delete rows of %s",
			d.r.plan.Settings.Target)})
	}
	d.out.Deleted += done.Count(remove.Removed)
	d.out.Changed += done.Count(remove.Changed)
	d.out.Gone += done.Count(remove.Absent)
	d.out.Referenced += done.Count(remove.Referenced)
	d.out.LongestTransaction = max(d.out.LongestTransaction, done.Seconds)
	d.c.rows.Add(int64(len(kept)))
	return nil
}

// mark is how rows are marked, nil where they are deleted: by the source's clock before the last look.
func (d *deletion) mark(ctx context.Context) (*remove.Mark, error) {
	if d.c.c.Layout.Tombstone == nil {
		return nil, nil
	}
	src, err := d.a.deps.Source(ctx, d.r.plan.Settings.SourceConnection)
	if err != nil {
		return nil, translate(ctx, err, d.c.src.at)
	}
	now, err := src.UTCNow(ctx)
	return &remove.Mark{Column: d.c.c.Layout.Tombstone.Name, At: now}, translate(ctx, err, d.c.src.at)
}

// remove removes rows of the target, which was read when the comparison was opened.
func (a *Activities) remove(
	ctx context.Context, db *mysqldb.DB, tbl string, spec remove.Spec, rows []remove.Row,
) (remove.Result, error) {
	done, err := remove.Rows(ctx, db, spec, rows)
	if mysqlerr.IsLockConflict(err) {
		a.deps.Metrics.LockWaits(tbl, txn.MaxTries)
	}
	if errors.Is(err, schema.ErrStructureChanged) {
		a.schemas.Forget(db, spec.Target.Name)
		err = alteredSincePlan(spec.Target.Name)
	}
	return done, err
}

// back are the keys, by their Bytes, that the source has by now, in any spelling.
func (d *deletion) back(ctx context.Context, kept []keptRow) (map[string]bool, error) {
	out := map[string]bool{}
	keys, asked := make([]table.Texts, len(kept)), map[string]bool{}
	for i, row := range kept {
		keys[i] = row.key
		asked[row.key.Bytes()] = true
	}
	l := &d.c.c.Layout
	columns := l.ColumnsOf(verify.Source)[:l.Key]
	respelled := false
	err := eachRow(ctx, d.c.src, columns, keys, func(rows *table.Rows) error {
		for i := range rows.Len() {
			bytes := l.KeyOf(rows, i)
			out[bytes] = true
			respelled = respelled || !asked[bytes]
		}
		return nil
	})
	if !respelled || err != nil {
		return out, err
	}
	for _, key := range keys {
		err := eachRow(ctx, d.c.src, columns, []table.Texts{key}, func(rows *table.Rows) error {
			out[key.Bytes()] = out[key.Bytes()] || rows.Len() > 0
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
