package activities

import (
	"context"
	"errors"
	"fmt"

	"github.com/tablehaul/tablehaul/internal/mysqldb/remove"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// expectColumn is the last column of a staged row that replaces a known row of the target: its sum, NULL for none.
const expectColumn = "tablehaul_expect"

// removalSlice is the slice of a range that lists rows of the target to delete, after slice 0 was written.
const removalSlice = 1

// stagedWrite stages what a batch of a repair or an undo writes: rows, each with what it replaces, and keys to delete.
type stagedWrite struct {
	a        *Activities
	r        *openedRange
	rows     *partWriter
	removals *partWriter
	row, key *table.Rows
}

func (a *Activities) newStagedWrite(r *openedRange, attempt string) *stagedWrite {
	removals := r.removals()
	return &stagedWrite{
		a: a, r: r, rows: newPartWriter(a.deps.Store, r, attempt),
		removals: newPartWriter(a.deps.Store, removals, attempt),
		row:      table.NewRows(len(r.plan.Columns)), key: table.NewRows(len(removals.plan.Columns)),
	}
}

// removals is the range as the list of rows to delete.
func (r *openedRange) removals() *openedRange {
	out := *r
	out.in.Slice = removalSlice
	out.plan.Columns = append(suspectColumns(&r.plan.Comparison.Layout), textColumn(expectColumn, false))
	return &out
}

// put adds a row of the plan's columns. expect is the sum of the target's row that it replaces, nil for none.
func (w *stagedWrite) put(ctx context.Context, rows *table.Rows, at int, expect *table.Sum) error {
	w.row.Reset()
	for c := range w.row.Columns() - 1 {
		w.row.Append(rows.Value(at, c))
	}
	appendSum(w.row, expect)
	return w.rows.write(ctx, w.row)
}

// remove adds the key of a row of the target, whose values are those of columns. dst is the target.
func (w *stagedWrite) remove(
	ctx context.Context, columns []table.Column, rows *table.Rows, at int, dst *schema.Table,
) error {
	w.key.Reset()
	for c := range w.key.Columns() - 1 {
		w.key.Append(rows.Value(at, c))
	}
	sum := removalSum(columns, rows, at, dst)
	appendSum(w.key, &sum)
	return w.removals.write(ctx, w.key)
}

// removalSum is the sum of a row of the target as [remove.Row] has it; its values are those of columns.
func removalSum(columns []table.Column, rows *table.Rows, at int, dst *schema.Table) table.Sum {
	var b []byte
	for _, c := range remove.Columns(dst) {
		var v []byte
		if i := table.Index(columns, c.Name); i >= 0 {
			v = rows.Value(at, i)
		}
		b = table.AppendValue(b, v)
	}
	return table.SumOf(b)
}

func appendSum(rows *table.Rows, sum *table.Sum) {
	if sum == nil {
		rows.AppendNull()
	} else {
		rows.Append(sum[:])
	}
}

func (w *stagedWrite) close() error { return errors.Join(w.rows.close(), w.removals.close()) }

func (w *stagedWrite) discard(ctx context.Context) {
	w.rows.discard(ctx)
	w.removals.discard(ctx)
}

// publishWrite publishes the manifests of a batch, that of its rows last, and returns what counts: where another
// attempt was faster, its parts.
func (a *Activities) publishWrite(
	ctx context.Context, r *openedRange, rows, removals []table.Part,
) (ExtractResult, error) {
	at := where{doing: "stage what is written to " + r.plan.Settings.Target.String()}
	if len(removals) > 0 {
		list := r.removals()
		m := list.manifest(&partWriter{parts: removals}, nil)
		err := staging.PublishManifest(ctx, a.deps.Store, list.manifestKey(), m)
		if err != nil && !errors.Is(err, staging.ErrExists) {
			return ExtractResult{}, translate(ctx, err, at)
		}
	}
	err := staging.PublishManifest(ctx, a.deps.Store, r.manifestKey(), r.manifest(&partWriter{parts: rows}, nil))
	if err != nil && !errors.Is(err, staging.ErrExists) {
		return ExtractResult{}, translate(ctx, err, at)
	}
	m, err := staging.ReadManifest(ctx, a.deps.Store, r.manifestKey())
	if err != nil {
		return ExtractResult{}, translate(ctx, err, at)
	}
	return extractResult(m), nil
}

// publishedWrite is published of a batch: where nothing is published yet, no list of an earlier try is left either.
func (a *Activities) publishedWrite(ctx context.Context, r *openedRange) (out ExtractResult, ok bool, err error) {
	if out, ok, err = a.published(ctx, r); ok || err != nil {
		return out, ok, err
	}
	list := r.in
	list.Slice = removalSlice
	_, err = a.Cleanup(ctx, list)
	return out, false, err
}

// removalsOf reads the list of rows to delete of a batch: their keys, and what each of them is.
func (a *Activities) removalsOf(ctx context.Context, r *openedRange) (keys []table.Texts, sums []table.Sum, err error) {
	list := r.removals()
	m, err := staging.ReadManifest(ctx, a.deps.Store, list.manifestKey())
	if errors.Is(err, staging.ErrNotFound) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	for ref := range chunksOf(&m) {
		rows, err := a.readChunk(ctx, list, m, ref)
		if err != nil {
			return nil, nil, err
		}
		for at := range rows.Len() {
			var sum table.Sum
			if copy(sum[:], rows.Value(at, rows.Columns()-1)) != len(sum) {
				return nil, nil, fmt.Errorf("%s: a row without its sum: %w", m.Parts[ref.Part].Key, staging.ErrCorrupt)
			}
			keys, sums = append(keys, keyTexts(rows, at, rows.Columns()-1)), append(sums, sum)
		}
		rows.Return()
	}
	return keys, sums, nil
}

// keyTexts are the first n values of a row.
func keyTexts(rows *table.Rows, at, n int) table.Texts {
	key := make(table.Texts, n)
	for c := range key {
		key[c] = string(rows.Value(at, c))
	}
	return key
}

// allThere reports whether all files of parts are still in staging.
func (a *Activities) allThere(ctx context.Context, parts []table.Part) (bool, error) {
	for _, p := range parts {
		f, err := a.deps.Store.Open(ctx, p.Key)
		if errors.Is(err, staging.ErrNotFound) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if err := f.Close(); err != nil {
			return false, err
		}
	}
	return true, nil
}

// writtenColumns are those of the rows that a repair writes, the key's first, and what each row replaces.
func writtenColumns(l *verify.Layout) []table.Column {
	return append(l.ColumnsOf(verify.Source), textColumn(expectColumn, false))
}
