package main

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/tablehaul/tablehaul/integration/procs"
	"github.com/tablehaul/tablehaul/integration/scene"
	"github.com/tablehaul/tablehaul/workflows"
)

// longRun is how many rows make a first load that is measured once: it takes half a minute, so
// that the noise of seconds evens out within it.
const longRun = 1_000_000

// firstLoad compares a whole first load with LOAD DATA LOCAL of the same rows from a file that is
// there already, and with a copy as mysqldump makes it. LOAD DATA is measured once more in the
// end: how far its two figures are apart says how steady the machine was.
func (b *bench) firstLoad(ctx context.Context) error {
	copier := b.findCopier(ctx)
	f := &b.figures
	f.copiedBy = copier.name
	n := 3
	if b.rows >= longRun {
		n = 1
	}
	b.Say("first load of %s rows, LOAD DATA LOCAL, and a copy by %s", scene.Number(int64(b.rows)), copier.name)
	load := contestant{
		sample: &f.loadAll, prepare: b.emptied,
		do: b.noteCPU(&f.loadAll, func(ctx context.Context) (int64, error) {
			return int64(b.rows), b.loadData(ctx, b.file("all"), int64(b.rows))
		}),
	}
	if err := rounds(
		ctx, n, nil, load,
		contestant{sample: &f.firstLoad, prepare: b.freshWorker, do: func(ctx context.Context) (int64, error) {
			rows, err := b.run(ctx, "first load", &f.firstLoads)
			return rows, errors.Join(err, b.isAll(rows))
		}},
		contestant{
			sample: &f.copyAll, prepare: b.emptied,
			do: b.noteCPU(&f.copyAll, func(ctx context.Context) (int64, error) {
				rows, err := copier.do(ctx)
				if err != nil {
					return rows, err
				}
				return rows, b.isAll(rows)
			}),
		},
	); err != nil {
		return err
	}
	if err := load.once(ctx); err != nil {
		return err
	}
	return os.Remove(b.file("all"))
}

// freshWorker starts a worker that has never run anything, with nothing on the target, and waits
// until it is ready and the servers are at rest.
func (b *bench) freshWorker(ctx context.Context) error {
	b.StopWorker()
	if err := b.StartWorker(ctx); err != nil {
		return err
	}
	if err := b.AwaitWorker(ctx); err != nil {
		return err
	}
	return b.AwaitRest(ctx)
}

// run runs the workflow and adds what it came to.
func (b *bench) run(ctx context.Context, what string, to *[]runFigures) (rows int64, err error) {
	return b.runWith(ctx, what, workflows.SyncTableInput{Table: scene.Table}, to)
}

func (b *bench) runWith(
	ctx context.Context, what string, in workflows.SyncTableInput, to *[]runFigures,
) (rows int64, err error) {
	before := b.CPU()
	start := time.Now()
	result, run, err := b.RunWith(ctx, what, in)
	if err != nil {
		return 0, err
	}
	took := time.Since(start)
	r := runFigures{
		name: what, rows: result.RowsExtracted, seconds: took.Seconds(), result: result,
		cpu: b.CPU().Since(before),
	}
	if r.peakMiB, err = procs.PeakMiB(b.Worker.Process.Pid); err != nil {
		return 0, err
	}
	if r.events, err = b.readHistories(ctx, run.GetID(), run.GetRunID()); err != nil {
		return 0, err
	}
	*to = append(*to, r)
	return result.RowsExtracted, nil
}
