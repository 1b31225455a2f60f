package activities

import (
	"context"

	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// undoState is what a row of an undo is on the target now.
type undoState int

const (
	// undoChanged: the row is not what was left there. It stays.
	undoChanged undoState = iota
	// undoRestorable: the row is what was left, and is written back.
	undoRestorable
	// undoRemovable: the row is what was left, and there was none before.
	undoRemovable
	// undoDone: the row is as it was before.
	undoDone
)

// StageUndo compares the target's rows with what a repair or a sweep has left there, for one file of an undo, and
// stages those that still are that as they were before: rows to write, each with what it replaces, and rows to delete.
//
// Repeating it is harmless: it publishes the manifest of the batch last, and one that is there is kept and returned.
func (a *Activities) StageUndo(ctx context.Context, in RangeInput) (ExtractResult, error) {
	if err := a.requireLocalFiles(ctx, in.Queue); err != nil {
		return ExtractResult{}, err
	}
	u, err := a.openUndo(ctx, in)
	if err != nil {
		return ExtractResult{}, err
	}
	if out, done, err := a.publishedWrite(ctx, u.r); done || err != nil {
		return out, err
	}
	w := a.newStagedWrite(u.r, attemptName(ctx))
	var counts [undoDone + 1]int64
	err = u.compare(ctx, func(was *table.Rows, i int, now *table.Rows, j int, state undoState) error {
		counts[state]++
		switch state {
		case undoRestorable:
			var expect *table.Sum
			if now != nil {
				sum := now.Sum(j, nil)
				expect = &sum
			}
			return w.put(ctx, was, i, expect)
		case undoRemovable:
			return w.remove(ctx, u.x.rowColumns(), now, j, u.table)
		default:
			return nil
		}
	})
	if err == nil {
		err = w.close()
	}
	if err != nil {
		w.discard(ctx)
		return ExtractResult{}, translate(ctx, err, where{doing: "stage the undo of " + in.Table})
	}
	logStep(ctx, "batch", in.Range, "write", counts[undoRestorable], "delete", counts[undoRemovable],
		"changed", counts[undoChanged], "done", counts[undoDone])
	return a.publishWrite(ctx, u.r, w.rows.parts, w.removals.parts)
}

// openedUndo is one file of an undo, with the target.
type openedUndo struct {
	a     *Activities
	r     *openedRange
	x     undoIndex
	dst   *target.Target
	table *schema.Table
}

func (a *Activities) openUndo(ctx context.Context, in RangeInput) (*openedUndo, error) {
	r, err := a.openRange(ctx, in)
	if err != nil {
		return nil, translate(ctx, err, where{doing: "open the plan of " + in.Table})
	}
	p := r.plan.Ranges[in.Range].Undo
	if p == nil || r.plan.Comparison == nil {
		return nil, invalidInput("the plan of "+in.Run+" is none of an undo", "")
	}
	u := &openedUndo{a: a, r: r}
	if u.x, err = a.readUndoIndex(ctx, r.name, p.Run, p.Batch, p.Try); unreadable(err) {
		return nil, noUndo(r.plan.Settings, p.Run, a.keep(staging.KeptUndo, r.name))
	} else if err != nil {
		return nil, translate(ctx, err, where{doing: "read the undo of " + in.Table})
	}
	s := r.plan.Settings
	at := where{s.TargetConnection, "read the structure of " + s.Target.String()}
	if u.dst, err = a.deps.Target(ctx, s.TargetConnection); err != nil {
		return nil, translate(ctx, err, at)
	}
	if u.table, err = a.schemas.TableOfRun(ctx, u.dst.DB, s.Target, in.PlanSum); err != nil {
		return nil, translate(ctx, err, at)
	}
	if u.table, err = s.ownRows(u.table, u.x.Layout.KeyNames(verify.Target)); err != nil {
		return nil, translate(ctx, err, at)
	}
	return u, u.x.fits(u.table, &u.x)
}

// undoVisit gets a row of the file, and the target's row under its key; now is nil where there is none.
type undoVisit func(was *table.Rows, i int, now *table.Rows, j int, state undoState) error

// compare decides what each row of the file is on the target.
func (u *openedUndo) compare(ctx context.Context, visit undoVisit) error {
	return u.a.eachUndoRows(ctx, u.x, func(was *table.Rows) error {
		at := make(map[string]int, was.Len())
		keys := make([]table.Texts, was.Len())
		for i := range was.Len() {
			at[u.x.Layout.KeyOf(was, i)] = i
			keys[i] = keyTexts(was, i, u.x.Layout.Key)
		}
		respelled := false
		err := u.eachTarget(ctx, keys, func(now *table.Rows) error {
			for j := range now.Len() {
				key := u.x.Layout.KeyOf(now, j)
				i, ok := at[key]
				if !ok {
					respelled = true
					continue
				}
				delete(at, key)
				if err := visit(was, i, now, j, u.state(was, i, now, j)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, i := range at {
			if err := u.compareOne(ctx, was, i, respelled, visit); err != nil {
				return err
			}
		}
		return nil
	})
}

// compareOne decides a row that the target does not have under the bytes of its key. respelled says that it may have
// it under another spelling.
func (u *openedUndo) compareOne(ctx context.Context, was *table.Rows, i int, respelled bool, visit undoVisit) error {
	found := false
	if respelled {
		key := []table.Texts{keyTexts(was, i, u.x.Layout.Key)}
		err := u.eachTarget(ctx, key, func(now *table.Rows) error {
			for j := range now.Len() {
				found = true
				if err := visit(was, i, now, j, u.state(was, i, now, j)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || found {
			return err
		}
	}
	return visit(was, i, nil, 0, u.state(was, i, nil, 0))
}

// state is what a row of the file is on the target; now is nil where the target has none.
func (u *openedUndo) state(was *table.Rows, i int, now *table.Rows, j int) undoState {
	marks := len(u.x.rowColumns())
	present := string(was.Value(i, marks)) == undoPresent
	left := was.Value(i, marks+1)
	switch {
	case now == nil && !present:
		return undoDone
	case now == nil && left == nil:
		return undoRestorable
	case now == nil:
		return undoChanged
	case present && u.sameRow(was, i, now, j):
		return undoDone
	case left == nil:
		return undoChanged
	}
	own := now
	if !present {
		own = nil
	}
	if sum := u.x.left(now, j, own, j); string(sum[:]) != string(left) {
		return undoChanged
	}
	if present {
		return undoRestorable
	}
	return undoRemovable
}

// sameRow reports whether the target's row is, byte for byte, the one of the file.
func (u *openedUndo) sameRow(was *table.Rows, i int, now *table.Rows, j int) bool {
	var b []byte
	for c := range u.x.rowColumns() {
		b = table.AppendValue(b, was.Value(i, c))
	}
	return table.SumOf(b) == now.Sum(j, nil)
}

func (u *openedUndo) eachTarget(ctx context.Context, keys []table.Texts, f func(*table.Rows) error) error {
	s := comparedSide{
		db: u.dst.DB, table: u.table, key: u.x.Layout.KeyNames(verify.Target), at: targetAt(u.r.plan.Settings),
	}
	return eachRow(ctx, s, u.x.rowColumns(), keys, f)
}
