package activities

import (
	"context"
	"strconv"

	"github.com/tablehaul/tablehaul/internal/mysqldb/remove"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// FinishRepairResult is what became of the keys of a batch.
type FinishRepairResult struct {
	// Repaired counts keys that are equal on both sides now, by what they were.
	Repaired map[verify.Verdict]int64 `json:"repaired,omitempty"`
	// Left counts keys that are not, by what they are now. Settled ones are on neither side any more.
	Left map[verify.Verdict]int64 `json:"left,omitempty"`
	// Removed counts rows of the target that were deleted: the old spellings of keys.
	Removed int64 `json:"removed,omitempty"`
}

// FinishRepair deletes the old spellings of keys whose new one is on the target, and then looks at all keys of the
// batch on both sides: what it returns is what they are, and not what was written.
//
// Repeating it is harmless.
func (a *Activities) FinishRepair(ctx context.Context, in RangeInput) (FinishRepairResult, error) {
	if err := a.requireLocalFiles(ctx, in.Queue); err != nil {
		return FinishRepairResult{}, err
	}
	b, err := a.openRepair(ctx, in)
	if err != nil {
		return FinishRepairResult{}, err
	}
	defer beat(ctx, b.progress)()
	out := FinishRepairResult{Repaired: map[verify.Verdict]int64{}, Left: map[verify.Verdict]int64{}}
	if out.Removed, err = b.removeOldSpellings(ctx); err != nil {
		return FinishRepairResult{}, err
	}
	keys := make([]table.Texts, len(b.keys))
	was := make(map[string]verify.Verdict, len(b.keys))
	for i, k := range b.keys {
		keys[i], was[k.bytes] = k.key, k.verdict
	}
	look := verify.NewLook(&b.c.Layout, keys)
	for _, s := range []comparedSide{b.src, b.dst} {
		err := b.lookUp(ctx, s, keys, func(rows *table.Rows) error {
			look.Add(s.side, rows)
			return nil
		})
		if err != nil {
			return FinishRepairResult{}, err
		}
	}
	respelled, err := b.respelled(ctx, look)
	if err != nil {
		return FinishRepairResult{}, err
	}
	for _, j := range look.Judge(respelled) {
		before := was[j.Key.Bytes()]
		switch {
		case j.Verdict == verify.Settled && (before == verify.Respelled || !look.Absent(j.Key)):
			out.Repaired[before]++
		default:
			out.Left[j.Verdict]++
		}
	}
	logStep(ctx, "batch", in.Range, "keys", len(keys), "removed", out.Removed)
	return out, nil
}

// removeOldSpellings deletes the rows that the batch lists, where the row of the source is on the target under its own
// spelling.
func (b *repairBatch) removeOldSpellings(ctx context.Context) (int64, error) {
	keys, sums, err := b.a.removalsOf(ctx, b.r)
	if err != nil {
		return 0, translate(ctx, err, where{doing: "read the old spellings of keys of " + b.r.in.Table})
	}
	var rows []remove.Row
	for i, key := range keys {
		there, err := b.newSpellingThere(ctx, key)
		if err != nil {
			return 0, err
		}
		if there {
			rows = append(rows, remove.Row{Key: key, Sum: sums[i]})
		}
	}
	done, err := b.a.removeRows(ctx, b.r, rows)
	return done.Count(remove.Removed), err
}

// newSpellingThere reports whether the target has the row that the source has under another spelling of a key.
func (b *repairBatch) newSpellingThere(ctx context.Context, key table.Texts) (there bool, err error) {
	var now []table.Texts
	err = eachRow(ctx, b.src, b.c.Layout.ColumnsOf(verify.Source), []table.Texts{key}, func(rows *table.Rows) error {
		for i := range rows.Len() {
			if b.c.Layout.KeyOf(rows, i) != b.c.Layout.KeyBytes(key) {
				now = append(now, b.c.Layout.KeyTexts(rows, i))
			}
		}
		return nil
	})
	if err != nil || len(now) == 0 {
		return false, err
	}
	err = eachRow(ctx, b.dst, b.index.rowColumns(), now, func(rows *table.Rows) error {
		for i := range rows.Len() {
			there = there || b.c.Layout.KeyOf(rows, i) == now[0].Bytes()
		}
		return nil
	})
	return there, err
}

// removeRows deletes rows of the range's target that still are what they were, in one transaction under its fence.
func (a *Activities) removeRows(ctx context.Context, r *openedRange, rows []remove.Row) (remove.Result, error) {
	if len(rows) == 0 {
		return remove.Result{}, nil
	}
	s := r.plan.Settings
	at := where{s.TargetConnection, "delete rows of " + s.Target.String()}
	dst, err := a.deps.Target(ctx, s.TargetConnection)
	if err != nil {
		return remove.Result{}, translate(ctx, err, at)
	}
	t, err := a.schemas.TableOfRun(ctx, dst.DB, s.Target, r.in.PlanSum+" "+strconv.FormatInt(r.in.Fence, 10))
	if err != nil {
		return remove.Result{}, translate(ctx, err, at)
	}
	key := r.plan.Comparison.Layout.KeyNames(verify.Target)
	if t, err = s.ownRows(t, key); err != nil {
		return remove.Result{}, translate(ctx, err, at)
	}
	spec := remove.Spec{Target: t, Key: key, OnBegin: a.checkTargetRow(dst.DB, r)}
	done, err := a.remove(ctx, dst.DB, r.in.Table, spec, rows)
	return done, translate(ctx, err, at)
}
