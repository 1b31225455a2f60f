package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/integration/compare"
	"github.com/tablehaul/tablehaul/integration/servers"
	"github.com/tablehaul/tablehaul/internal/devserver"
	"github.com/tablehaul/tablehaul/workflows"
)

const tableName = "shop.orders"

type demo struct {
	settings settings
	out, err io.Writer
	started  time.Time

	dir            string
	source, target *servers.Server
	sourceDB       *sql.DB
	targetDB       *sql.DB
	temporal       *devserver.Server
	client         client.Client
	worker         *exec.Cmd
	closers        []func()
}

// say prints a line with the time since the start.
func (d *demo) say(format string, args ...any) {
	fmt.Fprintf(d.out, "%7.1fs  %s\n", time.Since(d.started).Seconds(), fmt.Sprintf(format, args...))
}

func (d *demo) play(ctx context.Context) error {
	if err := d.up(ctx); err != nil {
		return err
	}
	before, err := d.lockWaits(ctx)
	if err != nil {
		return err
	}
	first, err := d.sync(ctx, "first load")
	if err != nil {
		return err
	}
	if d.settings.baseline {
		if err := d.loadData(ctx, first); err != nil {
			return err
		}
	}
	others := startNeighbours(ctx, d.sourceDB, d.targetDB, d.settings.rows)
	d.say("other clients read and write both tables from now on; changing %s rows", number(int64(d.settings.changes)))
	if err := change(ctx, d.sourceDB, d.settings.rows, d.settings.changes); err != nil {
		return err
	}
	if err := d.pastMinLag(ctx); err != nil {
		return err
	}
	second, err := d.sync(ctx, "incremental")
	if err != nil {
		return err
	}
	fared := others.end()
	d.say("other clients stopped; one more run for what they wrote during the last one")
	last, err := d.settle(ctx)
	if err != nil {
		return err
	}
	after, err := d.lockWaits(ctx)
	if err != nil {
		return err
	}
	report, err := d.compare(ctx)
	if err != nil {
		return err
	}
	d.summary(first, second, last, after-before, fared, report)
	if !report.Equal() {
		return fmt.Errorf("the two sides differ: %s", report)
	}
	if d.settings.keep {
		d.leaveUp(ctx)
	}
	return nil
}

// up brings up what is missing, fills the source and starts a worker.
func (d *demo) up(ctx context.Context) (err error) {
	if d.dir, err = os.MkdirTemp("", "tablehaul-demo-"); err != nil {
		return err
	}
	d.closers = append(d.closers, func() { _ = os.RemoveAll(d.dir) })
	for _, s := range []struct {
		role string
		out  **servers.Server
		db   **sql.DB
	}{{"source", &d.source, &d.sourceDB}, {"target", &d.target, &d.targetDB}} {
		if *s.out, err = servers.Start(ctx, servers.FlavorMySQL, servers.Options{BufferPoolMB: 512}); err != nil {
			return fmt.Errorf("%s server: %w", s.role, err)
		}
		srv := *s.out
		d.closers = append(d.closers, func() { _ = srv.Stop() })
		d.say("%s: %s", s.role, srv)
		if *s.db, err = sql.Open("mysql", srv.DSN("")+"?multiStatements=false&allowAllFiles=true"); err != nil {
			return err
		}
		db := *s.db
		d.closers = append(d.closers, func() { _ = db.Close() })
		for _, q := range []string{"SET GLOBAL innodb_lock_wait_timeout = 1"} {
			if _, err := db.ExecContext(ctx, q); err != nil {
				return err
			}
		}
	}
	if d.temporal, err = devserver.Find(ctx, devserver.Options{}); err != nil {
		return fmt.Errorf("temporal: %w", err)
	}
	d.closers = append(d.closers, func() { _ = d.temporal.Stop() })
	d.say("Temporal: %s, Web UI: %s", d.temporal.Address, d.temporal.UIURL)
	if d.client, err = client.Dial(client.Options{HostPort: d.temporal.Address, Logger: quiet{}}); err != nil {
		return err
	}
	d.closers = append(d.closers, d.client.Close)
	d.say("filling the source table %s with %s rows", tableName, number(int64(d.settings.rows)))
	if err := fill(ctx, d.sourceDB, d.settings.rows); err != nil {
		return err
	}
	if _, err := d.targetDB.ExecContext(ctx, "DROP DATABASE IF EXISTS shop"); err != nil {
		return err
	}
	if _, err := d.targetDB.ExecContext(ctx, "CREATE DATABASE shop"); err != nil {
		return err
	}
	return d.startWorker()
}

const workerConfig = `connections:
  shop: { dsn: "${SHOP_DSN}" }
  warehouse: { dsn: "${WAREHOUSE_DSN}" }
staging: { url: "file://%s" }
defaults: { source: shop, target: warehouse, overlap: 10s }
tables:
  - { name: shop.orders, cursor: updated_at }
`

// startWorker runs the worker binary as people do, with its log in a file.
func (d *demo) startWorker() error {
	config := filepath.Join(d.dir, "tablehaul.yaml")
	if err := os.WriteFile(config, fmt.Appendf(nil, workerConfig, filepath.Join(d.dir, "staging")), 0o600); err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(d.dir, "staging"), 0o700); err != nil {
		return err
	}
	logFile, err := os.Create(filepath.Join(d.dir, "worker.log"))
	if err != nil {
		return err
	}
	d.worker = exec.Command("bin/worker", "--config", config) //nolint:noctx // it is stopped by SIGTERM, in close
	d.worker.Env = append(os.Environ(), "SHOP_DSN="+d.source.DSN(""), "WAREHOUSE_DSN="+d.target.DSN(""), "TEMPORAL_ADDRESS="+d.temporal.Address)
	d.worker.Stdout, d.worker.Stderr = logFile, logFile
	if err := d.worker.Start(); err != nil {
		return fmt.Errorf("start the worker: %w", err)
	}
	d.closers = append(d.closers, func() {
		_ = d.worker.Process.Signal(os.Interrupt)
		_ = d.worker.Wait()
	})
	d.say("worker: pid %d, log %s", d.worker.Process.Pid, logFile.Name())
	return nil
}

// sync runs the workflow that people start, and waits for it.
func (d *demo) sync(ctx context.Context, what string) (workflows.SyncTableResult, error) {
	var result workflows.SyncTableResult
	run, err := d.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: workflows.SyncTableID(tableName), TaskQueue: workflows.TaskQueue},
		workflows.SyncTableName, workflows.SyncTableInput{Table: tableName})
	if err != nil {
		return result, fmt.Errorf("%s: %w", what, err)
	}
	d.say("%s: workflow %s started", what, run.GetID())
	if err := run.Get(ctx, &result); err != nil {
		return result, fmt.Errorf("%s: %w (the worker's log is %s)", what, err, filepath.Join(d.dir, "worker.log"))
	}
	d.say("%s: %s rows in %.1f s", what, number(result.RowsExtracted), result.Seconds[workflows.PhaseTotal])
	return result, nil
}

// pastMinLag lets the source's clock go past the last changes, which stay out of a window for
// minLag (1 s by default). The other clients go on meanwhile.
func (d *demo) pastMinLag(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(1500 * time.Millisecond):
		return nil
	}
}

// settle runs until the watermark has passed everything that was written before now.
func (d *demo) settle(ctx context.Context) (workflows.SyncTableResult, error) {
	var now string
	conn, err := d.sourceDB.Conn(ctx)
	if err != nil {
		return workflows.SyncTableResult{}, err
	}
	defer conn.Close() //nolint:errcheck // nothing was written on it
	if _, err := conn.ExecContext(ctx, "SET time_zone = '+00:00'"); err != nil {
		return workflows.SyncTableResult{}, err
	}
	if err := conn.QueryRowContext(ctx, "SELECT CAST(NOW(6) AS CHAR)").Scan(&now); err != nil {
		return workflows.SyncTableResult{}, err
	}
	for {
		if err := d.pastMinLag(ctx); err != nil {
			return workflows.SyncTableResult{}, err
		}
		result, err := d.sync(ctx, "last run")
		if err != nil || result.Watermark >= now {
			return result, err
		}
	}
}

func (d *demo) compare(ctx context.Context) (compare.Report, error) {
	d.say("comparing both sides row by row")
	return compare.Tables(ctx, compare.Side{DB: d.sourceDB, Schema: "shop", Table: "orders"}, compare.Side{DB: d.targetDB, Schema: "shop", Table: "orders"},
		compare.Options{Key: []string{"id"}, NumericKey: true, Columns: []string{"customer", "status", "amount", "note", "created_at", "updated_at"}})
}

// lockWaits is how often a row lock was waited for on the target, by anyone.
func (d *demo) lockWaits(ctx context.Context) (int64, error) {
	var name string
	var n int64
	err := d.targetDB.QueryRowContext(ctx, "SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_waits'").Scan(&name, &n)
	return n, err
}

func (d *demo) leaveUp(ctx context.Context) {
	fmt.Fprintf(d.out, "\nEverything stays up until Ctrl-C.\n  Web UI   %s\n  source   %s\n  target   %s\n  try      TEMPORAL_ADDRESS=%s bin/tablehaul --config %s run %s\n",
		d.temporal.UIURL, d.source.DSN("shop"), d.target.DSN("shop"), d.temporal.Address, filepath.Join(d.dir, "tablehaul.yaml"), tableName)
	<-ctx.Done()
}

// close ends what up started, last first.
func (d *demo) close() {
	for i := len(d.closers) - 1; i >= 0; i-- {
		d.closers[i]()
	}
}

func number(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// quiet drops the SDK's log lines.
type quiet struct{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}
