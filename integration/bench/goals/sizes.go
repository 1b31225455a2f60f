package main

import (
	"context"
	"fmt"

	"github.com/tablehaul/tablehaul/integration/scene"
)

// sizeFigures are what a worker of its own did with a table of one size: a first load, then
// incremental runs.
type sizeFigures struct {
	rows        int
	changed     int
	incremental sample
	runs        []runFigures
	// peakMiB is the worker's, after all of it.
	peakMiB float64
}

// bigServer is the one whose large table is measured: filling and loading it takes minutes.
var bigServer = allServers[0]

// sizes does the same in a small table and, where it is wanted, in one ten times as large.
func (b *bench) sizes(ctx context.Context) error {
	if err := b.exec(ctx, b.TargetDB, "DROP DATABASE bench"); err != nil {
		return err
	}
	small, err := b.size(ctx, b.smallRows())
	if err != nil {
		return err
	}
	b.figures.small = small
	if !b.big || b.figures.serverSettings != bigServer {
		return nil
	}
	b.figures.large, err = b.size(ctx, b.bigRows())
	return err
}

func (b *bench) size(ctx context.Context, rows int) (*sizeFigures, error) {
	b.StopWorker()
	b.Say("filling the source with %s rows", scene.Number(int64(rows)))
	if err := b.exec(ctx, b.TargetDB, "DROP DATABASE IF EXISTS shop"); err != nil {
		return nil, err
	}
	if err := scene.Load(ctx, b.SourceDB, rows); err != nil {
		return nil, err
	}
	if err := b.freshWorker(ctx); err != nil {
		return nil, err
	}
	f := &sizeFigures{rows: rows, changed: b.incrementalRows()}
	name := scene.Number(int64(rows)) + " rows: "
	loaded, err := b.run(ctx, name+"first load", &f.runs)
	if err := orNot(err, loaded, rows); err != nil {
		return nil, err
	}
	round := 0
	before := func(ctx context.Context) error {
		round++
		return b.change(ctx, scene.Shapes[0], rows, f.changed, round)
	}
	run := func(ctx context.Context) (int64, error) {
		moved, err := b.run(ctx, name+"incremental", &f.runs)
		return moved, orNot(err, moved, f.changed)
	}
	if err := rounds(ctx, 3, before, contestant{sample: &f.incremental, prepare: b.AwaitRest, do: run}); err != nil {
		return nil, fmt.Errorf("%s%w", name, err)
	}
	f.peakMiB = f.runs[len(f.runs)-1].peakMiB
	return f, nil
}
