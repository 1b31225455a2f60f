package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/tablehaul/tablehaul/integration/bystanders"
	"github.com/tablehaul/tablehaul/integration/compare"
	"github.com/tablehaul/tablehaul/integration/scene"
	"github.com/tablehaul/tablehaul/workflows"
)

type result = workflows.SyncTableResult

type namedRun struct {
	name string
	result
}

// summary prints what the demo did.
func (d *demo) summary(runs []namedRun, waits int64, fared bystanders.Report, report compare.Report) {
	t := table.NewWriter()
	t.SetOutputMirror(d.out)
	t.SetStyle(table.StyleLight)
	t.AppendHeader(table.Row{
		"Run", "Rows", "Inserted", "Updated", "Unchanged", "Chunks", "Seconds", "Rows/s",
		"Longest transaction",
	})
	for _, r := range runs {
		total := r.Seconds[workflows.PhaseTotal]
		t.AppendRow(table.Row{
			r.name, scene.Number(r.RowsExtracted), scene.Number(r.Inserted), scene.Number(r.Updated),
			scene.Number(r.Unchanged),
			r.Chunks, fmt.Sprintf("%.1f", total), scene.Number(int64(float64(r.RowsExtracted) / max(total, 0.001))),
			fmt.Sprintf("%.0f ms", 1000*r.LongestTransaction),
		})
	}
	fmt.Fprintln(d.out)
	t.Render()
	fmt.Fprintf(d.out, "Row lock waits on the target, by anyone: %d\n", waits)
	fmt.Fprintf(d.out, "Other clients (innodb_lock_wait_timeout=1): %s\n", fared)
	fmt.Fprintf(d.out, "Both sides: %s\n", report)
	fmt.Fprintf(d.out, "Staged for the first load: %s bytes in %d files, removed again\n",
		scene.Number(runs[0].StagedBytes), runs[0].Parts)
	fmt.Fprintf(d.out, "Worker's peak memory: %s\n", d.workerPeak())
	fmt.Fprintf(d.out, "Web UI: %s/namespaces/default/workflows\n", d.Temporal.UIURL)
}

// workerPeak is the worker's peak resident memory, as Linux counts it.
func (d *demo) workerPeak() string {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", d.Worker.Process.Pid))
	if err != nil {
		return "unknown"
	}
	defer f.Close() //nolint:errcheck // opened for reading
	for s := bufio.NewScanner(f); s.Scan(); {
		var kb int64
		if n, _ := fmt.Sscanf(s.Text(), "VmHWM: %d kB", &kb); n == 1 {
			return fmt.Sprintf("%d MiB", kb/1024)
		}
	}
	return "unknown"
}

// loadData times the server's own fastest way for the same rows: LOAD DATA LOCAL into a table
// of the same shape, from a file made beforehand, on one connection.
func (d *demo) loadData(ctx context.Context, first result) error {
	file := filepath.Join(d.Dir, "orders.tsv")
	if err := d.export(ctx, file); err != nil {
		return fmt.Errorf("write the file for LOAD DATA: %w", err)
	}
	if _, err := d.TargetDB.ExecContext(ctx, "CREATE TABLE shop.baseline LIKE shop.orders"); err != nil {
		return err
	}
	start := time.Now()
	if err := scene.WithLocalInfile(ctx, d.TargetDB, func() error {
		_, err := d.TargetDB.ExecContext(ctx, "LOAD DATA LOCAL INFILE '"+file+"' INTO TABLE shop.baseline CHARACTER "+
			"SET utf8mb4")
		return err
	}); err != nil {
		return fmt.Errorf("LOAD DATA LOCAL: %w", err)
	}
	took := time.Since(start).Seconds()
	rows := float64(first.RowsExtracted)
	d.Say("LOAD DATA LOCAL of the same rows: %.1f s, %s rows/s; the first load took %.2f times as long",
		took, scene.Number(int64(rows/took)), first.Seconds[workflows.PhaseTotal]/took)
	_, err := d.TargetDB.ExecContext(ctx, "DROP TABLE shop.baseline")
	return err
}

// export writes the source's rows as LOAD DATA reads them by default.
func (d *demo) export(ctx context.Context, file string) error {
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(out, 1<<20)
	rows, err := d.SourceDB.QueryContext(ctx,
		`SELECT CONCAT_WS('\t', id, customer, status, amount, IFNULL(note, '\\N'), created_at, updated_at) FROM shop.orders ORDER BY id`)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // Err is checked
	var line []byte
	for rows.Next() {
		if err := rows.Scan(&line); err != nil {
			return err
		}
		if _, err := w.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return out.Close()
}
