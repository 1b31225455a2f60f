package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/integration/scene"
)

// bench is what is up while one flavor is measured.
type bench struct {
	*scene.Scene
	settings
	figures figures
	steps   *steps // activities without a workflow, for the comparison of extract
	changed int    // how often rows of the source were changed
	since   string // the source's clock before the last time
}

// tableConfig is what the configuration says of the table besides its name and cursor. Without an overlap, an
// incremental run reads exactly the rows that were changed.
func (s settings) tableConfig(tuning ...string) string {
	if s.tuning != "" {
		tuning = append(tuning, s.tuning)
	}
	if len(tuning) == 0 {
		return ", overlap: 0s"
	}
	return ", overlap: 0s, tuning: { " + strings.Join(tuning, ", ") + " }"
}

// sideTable is the table of everybody but us: on the target, of the same shape as ours.
const sideTable = "bench.orders"

func newBench(ctx context.Context, set settings, f serverSettings, out io.Writer) (*bench, error) {
	s, err := scene.Up(ctx, scene.Options{
		Source: f.flavor, Target: f.flavor, LocalInfile: f.localInfile, Config: set.tableConfig(), Out: out,
	})
	if err != nil {
		return nil, err
	}
	b := &bench{Scene: s, settings: set, figures: figures{
		serverSettings: f, version: s.Source.Version, settings: set,
	}}
	return b, nil
}

// makeRows fills the source, writes the same rows as a file for LOAD DATA, and lets a plan
// create the target's table, of which the side table is a twin.
func (b *bench) makeRows(ctx context.Context) error {
	b.Say("filling the source with %s rows", scene.Number(int64(b.rows)))
	if err := scene.Load(ctx, b.SourceDB, b.rows); err != nil {
		return err
	}
	csv, err := writeOrders(b.file("all"), 1, b.rows)
	if err != nil {
		return fmt.Errorf("write the rows to a file: %w", err)
	}
	b.figures.csvPerRow = float64(csv) / float64(b.rows)
	if err := b.exec(ctx, b.TargetDB, "CREATE DATABASE shop", "CREATE DATABASE bench",
		"GRANT SELECT, INSERT, UPDATE ON bench.* TO "+scene.Writer); err != nil {
		return err
	}
	if b.steps, err = b.newSteps(ctx); err != nil {
		return err
	}
	return b.exec(ctx, b.TargetDB, "CREATE TABLE "+sideTable+" LIKE "+scene.Table)
}

// file is a file of rows in the scene's folder.
func (b *bench) file(name string) string { return filepath.Join(b.Dir, name+".tsv") }

func (b *bench) exec(ctx context.Context, db *sql.DB, statements ...string) error {
	for _, q := range statements {
		if _, err := db.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("%.60s: %w", q, err)
		}
	}
	return nil
}

// emptied brings the side table into the state in which every load begins.
func (b *bench) emptied(ctx context.Context) error {
	if err := b.exec(ctx, b.TargetDB, "TRUNCATE TABLE "+sideTable); err != nil {
		return err
	}
	return b.settle(ctx, b.TargetDB)
}

const (
	// settled is how many dirty pages of 16 KiB are as good as none.
	settled = 200
	// settleTime bounds the wait for it; what is left then is little beside what is measured.
	settleTime = 20 * time.Second
)

// flushing makes a server write out all it can. In this order, as one setting bounds another;
// they are set back in the opposite one.
var flushing = []struct {
	name  string
	value float64
}{
	{"innodb_io_capacity_max", 40_000}, // MariaDB's default of 200 pages a second would take half a minute
	{"innodb_io_capacity", 20_000},
	{"innodb_max_dirty_pages_pct_lwm", 0},
	{"innodb_max_dirty_pages_pct", 0},
}

// settle waits until a server has purged and written what earlier work left behind, so that
// no measurement pays for the rows of another.
func (b *bench) settle(ctx context.Context, db *sql.DB) error {
	before := make([]float64, len(flushing))
	for i, f := range flushing {
		if err := db.QueryRowContext(ctx, "SELECT @@GLOBAL."+f.name).Scan(&before[i]); err != nil {
			return fmt.Errorf("read how the server flushes: %w", err)
		}
	}
	for _, f := range flushing {
		if err := b.exec(ctx, db, fmt.Sprintf("SET GLOBAL %s = %.0f", f.name, f.value)); err != nil {
			return err
		}
	}
	if err := waitForPurge(ctx, db); err != nil {
		return err
	}
	if err := waitForFlush(ctx, db); err != nil {
		return err
	}
	for i := len(flushing) - 1; i >= 0; i-- {
		if err := b.exec(ctx, db, fmt.Sprintf("SET GLOBAL %s = %.0f", flushing[i].name, before[i])); err != nil {
			return err
		}
	}
	return nil
}

// waitForPurge waits until the versions of rows that no transaction can read any more are gone. No other client
// writes: a history that grows no shorter has ended.
func waitForPurge(ctx context.Context, db *sql.DB) error {
	last, since := int64(-1), time.Now()
	return waitUntil(ctx, 4*settleTime, func() (bool, error) {
		length, err := scene.HistoryList(ctx, db)
		if err != nil {
			return false, fmt.Errorf("wait for the server to purge: %w", err)
		}
		if length != last {
			last, since = length, time.Now()
		}
		return length == 0 || time.Since(since) > time.Second, nil
	})
}

func waitForFlush(ctx context.Context, db *sql.DB) error {
	return waitUntil(ctx, settleTime, func() (bool, error) {
		var name string
		var dirty int64
		if err := db.QueryRowContext(ctx, "SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_pages_dirty'").Scan(&name,
			&dirty); err != nil {
			return false, fmt.Errorf("wait for the server to flush: %w", err)
		}
		return dirty <= settled, nil
	})
}

// waitUntil asks for at most so long.
func waitUntil(ctx context.Context, most time.Duration, done func() (bool, error)) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(most); time.Now().Before(end); {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}
