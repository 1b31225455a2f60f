package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/tablehaul/tablehaul/integration/scene"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
	"github.com/tablehaul/tablehaul/internal/table"
)

// pairRounds is how often each side of a short comparison is measured.
const pairRounds = 5

// chunks compares UpsertChunk with LOAD DATA LOCAL, one connection each: rows that are new, into
// an empty table, and rows that all changed, with REPLACE on the other side.
func (b *bench) chunks(ctx context.Context) (err error) {
	n := b.pairRows()
	if _, err := writeOrders(b.file("old"), 1, n, nil); err != nil {
		return err
	}
	if _, err := writeOrders(b.file("new"), 1, n, changed); err != nil {
		return err
	}
	db, err := mysqldb.Open(ctx, b.TargetDSN(), mysqldb.Options{Role: mysqldb.Target, MaxOpen: 1, Name: "bench"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	dst, err := schema.Read(ctx, db, table.Name{Schema: "bench", Table: "orders"})
	if err != nil {
		return err
	}
	w := chunkWriter{db: db, spec: upsert.Spec{
		Target: dst, Columns: table.Carried(dst.Values()), Cursor: "updated_at",
		BulkLoad: true, // where the server allows it
	}}
	f := &b.figures
	b.Say("UpsertChunk of %s new rows, and LOAD DATA LOCAL", scene.Number(int64(n)))
	fresh := ordersInChunks(1, n, nil)
	if err := rounds(
		ctx, pairRounds, nil,
		contestant{&f.upsertNew, b.emptied, func(ctx context.Context) (int64,
			error,
		) {
			return w.write(ctx, fresh, inserted)
		}},
		contestant{&f.loadNew, b.emptied, func(ctx context.Context) (int64, error) {
			return int64(n), b.loadData(ctx, b.file("old"), "", int64(n))
		}},
	); err != nil {
		return err
	}
	b.Say("UpsertChunk of %s changed rows, and LOAD DATA LOCAL … REPLACE", scene.Number(int64(n)))
	newer := ordersInChunks(1, n, changed)
	return rounds(
		ctx, pairRounds, nil,
		contestant{&f.upsertChanged, b.holdsOld, func(ctx context.Context) (int64,
			error,
		) {
			return w.write(ctx, newer, updated)
		}},
		contestant{&f.loadChanged, b.holdsOld, func(ctx context.Context) (int64, error) {
			return int64(n), b.loadData(ctx, b.file("new"), "REPLACE", 2*int64(n))
		}},
	)
}

// changed makes an order a newer version of itself.
func changed(o *scene.Order) {
	o.Texts[scene.ColumnStatus] = []byte("returned")
	at := append([]byte(nil), o.Texts[scene.ColumnUpdatedAt]...)
	copy(at, "2026-02")
	o.Texts[scene.ColumnUpdatedAt] = at
}

// holdsOld brings the side table into the state in which all of its rows are about to change.
func (b *bench) holdsOld(ctx context.Context) error {
	if err := b.exec(ctx, b.TargetDB, "TRUNCATE TABLE "+sideTable); err != nil {
		return err
	}
	if err := b.loadData(ctx, b.file("old"), "", int64(b.pairRows())); err != nil {
		return err
	}
	return b.settle(ctx, b.TargetDB)
}

// ordersInChunks are the rows first to last, each after change, as chunks in memory.
func ordersInChunks(first, last int, change func(*scene.Order)) []*table.Rows {
	var out []*table.Rows
	for o := range scene.Orders(first, last) {
		if change != nil {
			change(o)
		}
		if (o.ID-first)%chunkRows == 0 {
			out = append(out, table.NewRows(len(o.Texts)))
		}
		for _, text := range o.Texts {
			out[len(out)-1].Append(text)
		}
	}
	return out
}

// chunkWriter calls UpsertChunk as the activity does, a transaction per chunk.
type chunkWriter struct {
	db   *mysqldb.DB
	spec upsert.Spec
}

func inserted(r upsert.Result) int64 { return r.Inserted }
func updated(r upsert.Result) int64  { return r.Updated }

// write writes all chunks; every row must count as what counts says.
func (w chunkWriter) write(ctx context.Context, chunks []*table.Rows, counts func(upsert.Result) int64) (rows int64,
	err error,
) {
	for _, c := range chunks {
		done, err := upsert.WriteChunk(ctx, w.db, w.spec, c, nil)
		if err != nil {
			return rows, err
		}
		if counts(done) != int64(c.Len()) {
			return rows, fmt.Errorf("a chunk of %d rows came to %+v", c.Len(), done)
		}
		rows += int64(c.Len())
	}
	return rows, nil
}
