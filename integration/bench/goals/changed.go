package main

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
	_ "modernc.org/sqlite" // the driver of Temporal's database

	"github.com/tablehaul/tablehaul/integration/bench/usualway"
	"github.com/tablehaul/tablehaul/integration/scene"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// change changes n rows of the source table, other ones in each round where the shape has others, and waits until a
// window can have them.
func (b *bench) change(ctx context.Context, which scene.Shape, rows, n, round int) error {
	if err := scene.ChangeRows(ctx, b.SourceDB, which, rows, n, round); err != nil {
		return err
	}
	return b.PastMinLag(ctx)
}

// changes compares incremental runs with the usual way, at two sizes, then runs with nothing to do.
func (b *bench) changes(ctx context.Context) error {
	f := &b.figures
	for i, which := range scene.Shapes {
		if err := b.merging(ctx, &f.few[i], which, b.fewRows(), 3); err != nil {
			return err
		}
	}
	if err := b.merging(ctx, &f.many, scene.Shapes[0], b.manyRows(), 2); err != nil {
		return err
	}
	if err := b.rereading(ctx); err != nil {
		return err
	}
	return b.findingNothing(ctx)
}

// nothingRounds are as many runs that find nothing as make the growth of a database more than that of a page or two.
const nothingRounds = 20

func (b *bench) findingNothing(ctx context.Context) error {
	b.Say("runs that find nothing")
	f := &b.figures
	if err := b.PastMinLag(ctx); err != nil {
		return err
	}
	before := b.restingTemporalBytes(ctx)
	run := func(ctx context.Context) (int64, error) {
		rows, err := b.run(ctx, "nothing to do", &f.nothings)
		return rows, orNot(err, rows, 0)
	}
	if err := rounds(ctx, nothingRounds, nil, contestant{sample: &f.nothing, do: run}); err != nil {
		return err
	}
	if before > 0 {
		f.nothingBytes = (b.restingTemporalBytes(ctx) - before) / nothingRounds
	}
	return nil
}

// merging compares incremental runs of n changed rows with the usual way of merging the same rows
// into a table of the same content.
func (b *bench) merging(ctx context.Context, f *merging, which scene.Shape, n, times int) error {
	b.Say("%s changed rows, %s, and the usual way of merging them", scene.Number(int64(n)), which.Name)
	before := func(ctx context.Context) error {
		if err := b.SourceDB.QueryRowContext(ctx, "SELECT CAST(UTC_TIMESTAMP(6) AS CHAR)").Scan(&b.since); err != nil {
			return err
		}
		b.changed++
		return b.change(ctx, which, b.rows, n, b.changed)
	}
	run := func(ctx context.Context) (int64, error) {
		rows, err := b.run(ctx, "incremental", &f.merges)
		return rows, orNot(err, rows, n)
	}
	usual := func(ctx context.Context) (int64, error) {
		t, err := usualway.Merge{
			Source: b.SourceDB, Target: b.TargetDB, Into: sideTable, Staging: "bench.staging",
			Query:  "SELECT * FROM " + scene.Table + " WHERE updated_at > '" + b.since + "'",
			ByLoad: b.figures.localInfile || b.figures.flavor == servers.FlavorMariaDB,
		}.Do(ctx)
		f.usualTransaction = max(f.usualTransaction, t.Transaction.Seconds())
		return t.Rows, orNot(err, t.Rows, n)
	}
	if err := rounds(
		ctx, times, before,
		contestant{sample: &f.merge, prepare: b.warm(scene.Table), do: run, after: b.notePurge(&f.merge)},
		contestant{
			sample: &f.usual, prepare: b.warm(sideTable), do: b.noteCPU(&f.usual, usual), after: b.notePurge(&f.usual),
		},
	); err != nil {
		return err
	}
	return b.same(ctx)
}

// restingTemporalBytes is temporalBytes when Temporal has removed the tasks of runs that have ended: it does so some
// seconds later.
func (b *bench) restingTemporalBytes(ctx context.Context) (bytes int64) {
	const rest, most = 3 * time.Second, time.Minute
	for end := time.Now().Add(most); time.Now().Before(end) && ctx.Err() == nil; {
		last := bytes
		if bytes = b.temporalBytes(ctx); bytes == last {
			break
		}
		select {
		case <-ctx.Done():
		case <-time.After(rest):
		}
	}
	return bytes
}

// temporalBytes is the size of what Temporal's database holds; 0 where it is not a server of ours.
func (b *bench) temporalBytes(ctx context.Context) (bytes int64) {
	files, err := filepath.Glob(filepath.Join(b.Temporal.DataDir(), "*.db"))
	if err != nil || len(files) != 1 {
		return 0
	}
	db, err := sql.Open("sqlite", "file:"+files[0]+"?mode=ro")
	if err != nil {
		return 0
	}
	defer db.Close() //nolint:errcheck // it was only read
	if err := db.QueryRowContext(ctx, "SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, "+
		"pragma_freelist_count, pragma_page_size").Scan(&bytes); err != nil {
		return 0
	}
	return bytes
}

// rereading moves the rows of the last changes again, which the target has already.
func (b *bench) rereading(ctx context.Context) error {
	f := &b.figures
	b.Say("%s unchanged rows, read again", scene.Number(int64(b.manyRows())))
	run := func(ctx context.Context) (int64, error) {
		rows, err := b.runWith(ctx, "again", workflows.SyncTableInput{Table: scene.Table, From: b.since}, &f.agains)
		return rows, orNot(err, rows, b.manyRows())
	}
	return rounds(ctx, 3, nil, contestant{sample: &f.again, prepare: b.AwaitRest, do: run})
}

// orNot is err, or that there were other rows than want.
func orNot(err error, rows int64, want int) error {
	if err == nil && rows != int64(want) {
		err = fmt.Errorf("%d rows were moved, not %d", rows, want)
	}
	return err
}

// same proves that both ways brought the source's rows to the target: a fast way to spoil rows
// would be worth nothing.
func (b *bench) same(ctx context.Context) error {
	sums := make([]string, 3)
	g, ctx := errgroup.WithContext(ctx)
	for i, side := range []struct {
		db    *sql.DB
		table string
	}{{b.SourceDB, scene.Table}, {b.TargetDB, scene.Table}, {b.TargetDB, sideTable}} {
		g.Go(func() error {
			return side.db.QueryRowContext(ctx, "SELECT CONCAT(COUNT(*), ' rows, ', SUM(CRC32(CONCAT_WS('|', id, "+
				"customer, status, amount, IFNULL(note, 'NULL'), created_at, UNIX_TIMESTAMP(updated_at))))) FROM "+
				side.table).Scan(&sums[i])
		})
	}
	if err := g.Wait(); err != nil {
		return fmt.Errorf("compare the sides: %w", err)
	}
	if sums[1] != sums[0] || sums[2] != sums[0] {
		return fmt.Errorf("the sides differ: source %s, target %s, the usual way %s", sums[0], sums[1], sums[2])
	}
	return nil
}
