package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/integration/scene"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

type demo struct {
	*scene.Scene
	pipeline      pipeline
	rows, changes int
	flavor        servers.Flavor
	out           io.Writer
}

func (d *demo) play(ctx context.Context) (err error) {
	if d.Scene, err = scene.Up(ctx, scene.Options{Source: d.flavor, Target: d.flavor, Out: d.out}); err != nil {
		return err
	}
	defer d.Close()
	d.pipeline = pipeline{folder: filepath.Join(d.Dir, "lake"), work: filepath.Join(d.Dir, "dlt")}
	d.Say("installing dlt, unless it is in the cache")
	if err := d.pipeline.install(ctx, d.Source, d.SourceDB); err != nil {
		return err
	}
	d.Say("filling %s with %s rows", scene.Table, scene.Number(int64(d.rows)))
	if err := scene.Fill(ctx, d.SourceDB, d.rows); err != nil {
		return err
	}
	if err := d.makeFeed(ctx); err != nil {
		return err
	}
	d.Configure(fmt.Sprintf(", files: { url: %q, layout: dlt, table: orders }, deletes: { mode: hard }",
		"file://"+filepath.Join(d.pipeline.folder, dataset)))
	if err := d.StartWorker(ctx); err != nil {
		return err
	}
	if err := d.makeTarget(ctx); err != nil {
		return err
	}
	for _, act := range []func(context.Context) error{d.first, d.changed, d.aborted, d.killed} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	report, err := d.Compare(ctx)
	if err != nil {
		return err
	}
	d.Say("both sides: %s", report)
	if !report.Equal() {
		return fmt.Errorf("the two sides differ: %s", report)
	}
	return nil
}

// makeTarget makes the target's table as the source's is. Without it, dlt's schema would say the types.
func (d *demo) makeTarget(ctx context.Context) error {
	var name, create string
	if err := d.SourceDB.QueryRowContext(ctx, "SHOW CREATE TABLE "+scene.Table).Scan(&name, &create); err != nil {
		return err
	}
	_, err := d.TargetDB.ExecContext(ctx, strings.Replace(create, "`orders`", scene.Table, 1))
	return err
}

// makeFeed makes what dlt reads: the orders, and what is left of those that the application deletes.
func (d *demo) makeFeed(ctx context.Context) error {
	for _, q := range []string{
		"CREATE TABLE shop.orders_deleted (id BIGINT UNSIGNED PRIMARY KEY, deleted_at TIMESTAMP(6) NOT NULL)",
		`CREATE VIEW shop.orders_feed AS
			SELECT id, customer, status, amount, note, created_at, updated_at, NULL AS gone FROM shop.orders
			UNION ALL SELECT id, NULL, NULL, NULL, NULL, NULL, deleted_at, 1 FROM shop.orders_deleted`,
	} {
		if _, err := d.SourceDB.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("make the view that dlt reads: %w", err)
		}
	}
	return nil
}

// deleteOrders deletes some orders, as an application does that notes what it deletes.
func (d *demo) deleteOrders(ctx context.Context) error {
	tx, err := d.SourceDB.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // done by then
	var n int64
	for _, q := range []string{
		"INSERT IGNORE INTO shop.orders_deleted SELECT id, NOW(6) FROM shop.orders WHERE id % 97 = 0",
		"DELETE FROM shop.orders WHERE id % 97 = 0",
	} {
		res, err := tx.ExecContext(ctx, q)
		if err != nil {
			return fmt.Errorf("delete rows: %w", err)
		}
		if n, err = res.RowsAffected(); err != nil {
			return err
		}
	}
	d.Say("deleting %s rows", scene.Number(n))
	return tx.Commit()
}

// extract lets dlt read what has changed.
func (d *demo) extract(ctx context.Context, what string) error {
	start := time.Now()
	rows, err := d.pipeline.run(ctx)
	if err != nil {
		return err
	}
	d.Say("dlt: %s: %s rows into Parquet in %.1f s", what, rows, time.Since(start).Seconds())
	return nil
}

// change changes rows of the source, and is over when no later change can have the same moment.
func (d *demo) change(ctx context.Context, n int) error {
	d.Say("changing %s rows", scene.Number(int64(n)))
	if err := d.deleteOrders(ctx); err != nil {
		return err
	}
	if err := scene.Change(ctx, d.SourceDB, d.rows, n); err != nil {
		return err
	}
	return d.PastMinLag(ctx)
}

func (d *demo) first(ctx context.Context) error {
	if err := d.extract(ctx, "first load"); err != nil {
		return err
	}
	_, err := d.Sync(ctx, "tablehaul: first load")
	return err
}

func (d *demo) changed(ctx context.Context) error {
	if err := d.change(ctx, d.changes); err != nil {
		return err
	}
	if err := d.extract(ctx, "what has changed"); err != nil {
		return err
	}
	_, err := d.Sync(ctx, "tablehaul: what has changed")
	return err
}

// aborted lets dlt die between its last file and its mark: the load must not be taken before dlt has tried it again.
func (d *demo) aborted(ctx context.Context) error {
	if err := d.change(ctx, d.changes); err != nil {
		return err
	}
	if err := d.pipeline.abort(ctx); err != nil {
		return err
	}
	d.Say("dlt: killed when its files were written, and before its mark of the load")
	run, err := d.Sync(ctx, "tablehaul: nothing to load")
	if err != nil {
		return err
	}
	if run.RowsExtracted != 0 {
		return fmt.Errorf("%d rows were loaded of a load that is not complete", run.RowsExtracted)
	}
	if err := d.change(ctx, d.changes); err != nil {
		return err
	}
	if _, err := d.pipeline.run(ctx); err != nil {
		return err
	}
	d.Say("dlt: the load again, under its own number")
	return d.extract(ctx, "what has changed since")
}

// killed kills the worker while it loads.
func (d *demo) killed(ctx context.Context) error {
	run, err := d.Start(ctx, workflows.SyncTableInput{Table: scene.Table})
	if err != nil {
		return err
	}
	if err := d.awaitRows(ctx); err != nil {
		return err
	}
	d.Say("the worker is killed while it loads, and another one started")
	if err := d.KillWorker(); err != nil {
		return err
	}
	var result struct{ RowsExtracted, Inserted, Updated, Unchanged, Removed int64 }
	if err := run.Get(ctx, &result); err != nil {
		return fmt.Errorf("the run whose worker was killed: %w (the worker's log is %s)", err, d.LogFile())
	}
	d.Say("tablehaul: %s rows: %s inserted, %s updated, %s unchanged, %s deleted",
		scene.Number(result.RowsExtracted), scene.Number(result.Inserted), scene.Number(result.Updated),
		scene.Number(result.Unchanged), scene.Number(result.Removed))
	return nil
}

// awaitRows waits until rows of the load that is under way are on the target.
func (d *demo) awaitRows(ctx context.Context) error {
	const query = "SELECT COUNT(*) FROM " + scene.Table
	var before, now int64
	if err := d.TargetDB.QueryRowContext(ctx, query).Scan(&before); err != nil {
		return err
	}
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if err := d.TargetDB.QueryRowContext(ctx, query).Scan(&now); err != nil || now > before {
			return err
		}
	}
	return errors.New("no row came within two minutes")
}
