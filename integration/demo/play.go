package main

import (
	"context"
	"fmt"
	"io"

	"github.com/tablehaul/tablehaul/integration/bystanders"
	"github.com/tablehaul/tablehaul/integration/scene"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

type demo struct {
	*scene.Scene
	settings settings
	out      io.Writer
}

func (d *demo) play(ctx context.Context) (err error) {
	d.Scene, err = scene.Up(ctx, scene.Options{Source: servers.FlavorMySQL, Target: servers.FlavorMySQL, Out: d.out})
	if err != nil {
		return err
	}
	defer d.Close()
	d.Say("filling the source table %s with %s rows", scene.Table, scene.Number(int64(d.settings.rows)))
	if err := scene.Fill(ctx, d.SourceDB, d.settings.rows); err != nil {
		return err
	}
	if err := d.StartWorker(ctx); err != nil {
		return err
	}
	before, err := d.lockWaits(ctx)
	if err != nil {
		return err
	}
	first, err := d.Sync(ctx, "first load")
	if err != nil {
		return err
	}
	if d.settings.baseline {
		if err := d.loadData(ctx, first); err != nil {
			return err
		}
	}
	second, fared, err := d.amongOthers(ctx)
	if err != nil {
		return err
	}
	last, err := d.Settle(ctx)
	if err != nil {
		return err
	}
	after, err := d.lockWaits(ctx)
	if err != nil {
		return err
	}
	report, err := d.Compare(ctx)
	if err != nil {
		return err
	}
	d.summary([]namedRun{{"first load", first}, {"incremental", second}, {"last run", last}}, after-before, fared,
		report)
	if !report.Equal() {
		return fmt.Errorf("the two sides differ: %s", report)
	}
	if d.settings.keep {
		d.leaveUp(ctx)
	}
	return nil
}

// amongOthers changes rows and runs the incremental sync while other clients read and write
// both tables.
func (d *demo) amongOthers(ctx context.Context) (run result, fared bystanders.Report, err error) {
	others := bystanders.Start(ctx, bystanders.Orders(d.SourceDB, d.TargetDB, d.settings.rows), bystanders.Interval)
	d.Say("other clients read and write both tables from now on; changing %s rows",
		scene.Number(int64(d.settings.changes)))
	err = scene.Change(ctx, d.SourceDB, d.settings.rows, d.settings.changes)
	if err == nil {
		err = d.PastMinLag(ctx)
	}
	if err == nil {
		run, err = d.Sync(ctx, "incremental")
	}
	fared = others.Stop()
	d.Say("other clients stopped; one more run for what they wrote during the last one")
	return run, fared, err
}

// lockWaits is how often a row lock was waited for on the target, by anyone.
func (d *demo) lockWaits(ctx context.Context) (int64, error) {
	return scene.Status(ctx, d.TargetDB, "Innodb_row_lock_waits")
}

func (d *demo) leaveUp(ctx context.Context) {
	fmt.Fprintf(d.out, "\nEverything stays up until Ctrl-C.\n  Web UI   %s\n  source   %s\n  target   %s\n  try     "+
		" SHOP_DSN='%s' WAREHOUSE_DSN='%s' TEMPORAL_ADDRESS=%s bin/tablehaul --config %s run %s\n",
		d.Temporal.UIURL, d.Source.DSN("shop"), d.Target.DSN("shop"), d.Source.DSN(""), d.Target.DSN(""),
		d.Temporal.Address, d.ConfigFile(), scene.Table)
	<-ctx.Done()
}
