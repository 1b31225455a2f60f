package main

import (
	"context"

	"github.com/tablehaul/tablehaul/integration/scene"
)

// moreIndexes are what the table has besides its primary key and the index of its cursor: with that, five.
const moreIndexes = "ALTER TABLE " + scene.Table + " ADD KEY by_customer (customer), ADD KEY by_amount (amount), " +
	"ADD KEY by_status (status, created_at), ADD KEY by_note (note)"

// indexes compares a first load that builds its indexes afterwards with one that has them from the start. MySQL with
// local_infile=ON is left out: it would be a third pair of such loads.
func (b *bench) indexes(ctx context.Context) error {
	if b.figures.localInfile {
		return nil
	}
	b.StopWorker()
	b.Say("first loads of %s rows with five indexes", scene.Number(int64(b.rows)))
	if err := scene.Load(ctx, b.SourceDB, b.rows); err != nil {
		return err
	}
	if err := b.exec(ctx, b.SourceDB, moreIndexes); err != nil {
		return err
	}
	defer b.Configure(b.tableConfig())
	load := func(name, config string, into *sample) contestant {
		prepare := func(ctx context.Context) error {
			b.Configure(config)
			return b.freshWorker(ctx)
		}
		return contestant{sample: into, prepare: prepare, do: func(ctx context.Context) (int64, error) {
			rows, err := b.run(ctx, name, &b.figures.indexed)
			return rows, orNot(err, rows, b.rows)
		}}
	}
	return rounds(
		ctx, 1, nil, load("first load, five indexes", b.tableConfig(), &b.figures.indexesBefore),
		load("first load, then five indexes", b.tableConfig("indexesAfterLoad: true"),
			&b.figures.indexesAfter),
	)
}
