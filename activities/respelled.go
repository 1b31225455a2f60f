package activities

import (
	"context"

	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// replaceRespelled replaces the row that the target has under another spelling of a key, where it takes both for one.
func (b *repairBatch) replaceRespelled(ctx context.Context, rows *table.Rows, i int) (found bool, err error) {
	key := []table.Texts{keyTexts(rows, i, b.c.Layout.Key)}
	err = eachRow(ctx, b.dst, b.index.rowColumns(), key, func(have *table.Rows) error {
		for j := range have.Len() {
			found = true
			b.taken[b.c.Layout.KeyOf(have, j)] = true
			if err := b.replace(ctx, rows, i, have, j); err != nil {
				return err
			}
		}
		return nil
	})
	return found, err
}

// stageRemovals stages the old spellings of keys that the target tells apart from the new ones.
func (b *repairBatch) stageRemovals(ctx context.Context) error {
	for _, k := range b.keys {
		if b.seen[k.bytes] {
			continue
		}
		if k.verdict != verify.Respelled {
			b.gone++
			continue
		}
		if b.taken[k.bytes] {
			continue
		}
		respelled := false
		key := []table.Texts{k.key}
		err := eachRow(ctx, b.src, b.c.Layout.ColumnsOf(verify.Source), key, func(rows *table.Rows) error {
			for i := range rows.Len() {
				respelled = respelled || b.seen[b.c.Layout.KeyOf(rows, i)] && !b.isAbove(rows, i)
			}
			return nil
		})
		if err != nil {
			return err
		}
		if !respelled { // gone by now: what becomes of deleted rows is not a repair's to decide
			b.gone++
			continue
		}
		if err := b.stageRemoval(ctx, k); err != nil {
			return err
		}
	}
	return nil
}

func (b *repairBatch) stageRemoval(ctx context.Context, k repairKey) error {
	return eachRow(ctx, b.dst, b.index.rowColumns(), []table.Texts{k.key}, func(have *table.Rows) error {
		for j := range have.Len() {
			if b.c.Layout.KeyOf(have, j) != k.bytes {
				continue
			}
			if b.undo != nil {
				if err := b.undo.present(ctx, have, j, nil); err != nil {
					return b.stagingError(ctx, err)
				}
			}
			if err := b.write.remove(ctx, b.index.rowColumns(), have, j, b.dst.table); err != nil {
				return b.stagingError(ctx, err)
			}
		}
		return nil
	})
}
