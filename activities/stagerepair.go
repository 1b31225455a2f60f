package activities

import (
	"context"
	"errors"

	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// StageRepair reads the rows of one batch of a repair, by key, as both sides have them now. What the target has is kept
// for an undo, and what the source has is staged, each row with the sum of the row that it replaces.
//
// It leaves out rows that are gone at the source, rows that are equal by now, and rows with a cursor above the
// watermark: only below it does the order of cursors say which version is the later one, and the next run reads those
// above.
//
// Repeating it is harmless: it publishes the manifest of the batch last, and one that is there is kept and returned.
func (a *Activities) StageRepair(ctx context.Context, in RangeInput) (ExtractResult, error) {
	if err := a.requireLocalFiles(ctx, in.Queue); err != nil {
		return ExtractResult{}, err
	}
	b, err := a.openRepair(ctx, in)
	if err != nil {
		return ExtractResult{}, err
	}
	if out, done, err := a.publishedWrite(ctx, b.r); done || err != nil {
		return out, err
	}
	if last, err := a.lastTry(ctx, b.r, &b.index); err != nil || last != nil {
		if err != nil {
			return ExtractResult{}, translate(ctx, err, where{doing: "read the undo of " + in.Table})
		}
		b.r.readAt = last.ReadAt
		return a.publishWrite(ctx, b.r, last.Staged, last.Removals)
	}
	defer beat(ctx, b.progress)()
	if err := b.stageAll(ctx); err != nil {
		b.discard(ctx)
		return ExtractResult{}, err
	}
	out, err := b.publish(ctx)
	if err != nil {
		return ExtractResult{}, err
	}
	logStep(ctx, "batch", in.Range, "rows", out.Rows, "gone", b.gone, "above", b.above, "equal", b.equal)
	return out, nil
}

// repairBatch is one batch of a repair, with both sides.
type repairBatch struct {
	*openedComparison
	keys  []repairKey
	index undoIndex
	// watermark bounds the cursors of the rows that are written; "" is no bound.
	watermark string
	write     *stagedWrite
	undo      *undoWriter // nil where nothing is kept
	// seen are the keys of the source's rows that were looked at, taken those of the target's rows that a row of
	// the source replaces under another spelling.
	seen, taken        map[string]bool
	gone, above, equal int
}

func (a *Activities) openRepair(ctx context.Context, in RangeInput) (*repairBatch, error) {
	c, err := a.openComparison(ctx, in)
	if err != nil {
		return nil, err
	}
	p := c.r.plan.Ranges[in.Range].Repair
	if c.r.plan.Repair == nil || p == nil {
		return nil, invalidInput("the plan of "+in.Run+" is none of a repair", "")
	}
	b := &repairBatch{openedComparison: c, seen: map[string]bool{}, taken: map[string]bool{}}
	if b.keys, err = a.repairKeys(ctx, c.r); err != nil {
		return nil, translate(ctx, err, where{doing: "read the keys to repair of " + in.Table})
	}
	run := c.r.plan.Repair.UndoRun
	b.index, err = newUndoIndex(c.r.plan.Settings, run, in.Range, c.c.Layout, c.dst.table)
	return b, err
}

// lastTry is the index of the batch's last try where its staged files are all there: an attempt that ended before it
// published them. Otherwise it makes x the index of the next try.
func (a *Activities) lastTry(ctx context.Context, r *openedRange, x *undoIndex) (*undoIndex, error) {
	if x.Run == "" {
		return nil, nil
	}
	for {
		last, err := a.readUndoIndex(ctx, x.Table, x.Run, x.Batch, x.Try)
		if errors.Is(err, staging.ErrNotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		there, err := a.allThere(ctx, append(append([]table.Part{}, last.Staged...), last.Removals...))
		if there || err != nil {
			return &last, err
		}
		x.Try++
	}
}

// stageAll reads both sides and stages what is to be written.
func (b *repairBatch) stageAll(ctx context.Context) (err error) {
	s := b.r.plan.Settings
	if b.c.Layout.Cursor >= 0 {
		state, err := b.a.state(ctx, b.r.in.Table)
		if err != nil {
			return err
		}
		b.watermark = state.Watermark
	}
	if b.r.readAt, err = b.a.readMoment(ctx, s); err != nil {
		return translate(ctx, err, b.src.at)
	}
	b.index.ReadAt = b.r.readAt
	b.write = b.a.newStagedWrite(b.r, attemptName(ctx))
	if b.index.Run != "" {
		if b.undo, err = b.a.newUndo(ctx, s, b.index); err != nil {
			return translate(ctx, err, where{doing: "keep the undo of " + b.r.in.Table})
		}
	}
	keys := make([]table.Texts, len(b.keys))
	for i, k := range b.keys {
		keys[i] = k.key
	}
	columns := b.c.Layout.ColumnsOf(verify.Source)
	err = eachRow(ctx, b.src, columns, keys, func(rows *table.Rows) error { return b.stage(ctx, rows) })
	if err == nil {
		err = b.stageRemovals(ctx)
	}
	if err == nil {
		err = b.sameSource(ctx)
	}
	return err
}

// stage decides what becomes of rows of the source, against the rows that the target has under their keys.
func (b *repairBatch) stage(ctx context.Context, rows *table.Rows) error {
	at := make(map[string]int, rows.Len())
	keys := make([]table.Texts, 0, rows.Len())
	for i := range rows.Len() {
		key := b.c.Layout.KeyOf(rows, i)
		if b.seen[key] {
			continue
		}
		b.seen[key] = true
		if b.isAbove(rows, i) {
			b.above++
			continue
		}
		at[key] = i
		keys = append(keys, keyTexts(rows, i, b.c.Layout.Key))
	}
	respelled := false
	err := eachRow(ctx, b.dst, b.index.rowColumns(), keys, func(have *table.Rows) error {
		for j := range have.Len() {
			key := b.c.Layout.KeyOf(have, j)
			i, ok := at[key]
			if !ok {
				respelled = true
				continue
			}
			if b.addsVersion(rows, i, have, j) {
				continue
			}
			delete(at, key)
			if err := b.replace(ctx, rows, i, have, j); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, i := range at {
		if respelled && !b.keepsVersions() {
			found, err := b.replaceRespelled(ctx, rows, i)
			if err != nil {
				return err
			}
			if found {
				continue
			}
		}
		if err := b.insert(ctx, rows, i); err != nil {
			return err
		}
	}
	return nil
}

// isAbove reports whether a row of the source has a cursor above the watermark.
func (b *repairBatch) isAbove(rows *table.Rows, at int) bool {
	return b.c.Layout.Cursor >= 0 && b.c.Layout.After(rows, at, b.watermark)
}

// keepsVersions says that a row of the source is a version beside those that the target has.
func (b *repairBatch) keepsVersions() bool { return b.r.plan.Settings.Write == table.WriteHistory }

// addsVersion reports whether a row of the source is a later version than the newest one of a history.
func (b *repairBatch) addsVersion(rows *table.Rows, i int, have *table.Rows, j int) bool {
	return b.keepsVersions() && b.isLater(rows, i, have, j)
}

func (b *repairBatch) isLater(rows *table.Rows, i int, than *table.Rows, j int) bool {
	return b.c.Layout.After(rows, i, string(than.Value(j, b.c.Layout.Cursor)))
}

// replace stages a row of the source that replaces one of the target.
func (b *repairBatch) replace(ctx context.Context, rows *table.Rows, i int, have *table.Rows, j int) error {
	if b.keepsVersions() && b.isLater(have, j, rows, i) {
		return nil // the look that follows says that it is newer
	}
	left := b.index.left(rows, i, have, j)
	same := b.c.Layout.KeysOnly || left == b.index.left(have, j, have, j)
	if same && !b.c.Layout.Marked(have, j) {
		b.equal++
		return nil
	}
	if b.undo != nil {
		if err := b.undo.present(ctx, have, j, &left); err != nil {
			return b.stagingError(ctx, err)
		}
	}
	sum := have.Sum(j, nil)
	return b.stagingError(ctx, b.write.put(ctx, rows, i, &sum))
}

// insert stages a row of the source that the target lacks.
func (b *repairBatch) insert(ctx context.Context, rows *table.Rows, i int) error {
	if b.undo != nil && !b.keepsVersions() { // no undo removes a version
		left := b.index.left(rows, i, nil, 0)
		if err := b.undo.absent(ctx, rows, i, &left); err != nil {
			return b.stagingError(ctx, err)
		}
	}
	return b.stagingError(ctx, b.write.put(ctx, rows, i, nil))
}

func (b *repairBatch) stagingError(ctx context.Context, err error) error {
	return translate(ctx, err, where{doing: "stage the repair of " + b.r.in.Table})
}

// publish makes the batch count: first the undo, then what is to be written.
func (b *repairBatch) publish(ctx context.Context) (ExtractResult, error) {
	if err := b.write.close(); err != nil {
		b.discard(ctx)
		return ExtractResult{}, b.stagingError(ctx, err)
	}
	rows, removals := b.write.rows.parts, b.write.removals.parts
	if b.undo != nil {
		err := b.undo.publish(ctx, rows, removals)
		if err != nil {
			b.discard(ctx)
		}
		if errors.Is(err, staging.ErrExists) {
			last, err := b.a.readUndoIndex(ctx, b.index.Table, b.index.Run, b.index.Batch, b.index.Try)
			if err != nil {
				return ExtractResult{}, b.stagingError(ctx, err)
			}
			rows, removals, b.r.readAt = last.Staged, last.Removals, last.ReadAt
		} else if err != nil {
			return ExtractResult{}, b.stagingError(ctx, err)
		}
	}
	return b.a.publishWrite(ctx, b.r, rows, removals)
}

// discard removes what this attempt has staged.
func (b *repairBatch) discard(ctx context.Context) {
	if b.write != nil {
		b.write.discard(ctx)
	}
	if b.undo != nil {
		b.undo.discard(ctx)
	}
}
