package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"path/filepath"
	"strings"

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
	return b.AwaitRest(ctx)
}

// warm lets both servers settle, and then reads a table. Its pages are in the buffer pool then, as far as that has
// room. The two tables of a comparison do not fit together: who came second would find the pages of the other one.
func (b *bench) warm(table string) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := b.AwaitRest(ctx); err != nil {
			return err
		}
		const oldBlocks = "SET GLOBAL innodb_old_blocks_time = " // ms before a page that was read once may stay
		return b.exec(
			ctx, b.TargetDB, oldBlocks+"0",
			"SELECT COUNT(*) FROM "+table+" FORCE INDEX (PRIMARY) WHERE amount > -1",
			"SELECT COUNT(*) FROM "+table+" FORCE INDEX (by_update) WHERE updated_at > '1970-01-02'",
			oldBlocks+"1000",
		)
	}
}
