package integration_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	_ "github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/integration/compare"
	"github.com/tablehaul/tablehaul/internal/app"
	"github.com/tablehaul/tablehaul/internal/devserver"
	"github.com/tablehaul/tablehaul/internal/temporalopts"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/internal/testenv/temporaltest"
	"github.com/tablehaul/tablehaul/workflows"
)

// product is a worker with a configuration of its own, a source schema and a target schema.
// Table names in it hold the schema's, so that tests that share servers share no watermark.
type product struct {
	t        *testing.T
	src, dst *sql.DB
	// from and to are the schemas on source and target.
	from, to string
	dir      string
	queue    string
	client   client.Client
	temporal *devserver.Server
	// gate holds up inserts on the target, where the test has closed it.
	gate *gate
	// stopWorker ends the worker that was started last.
	stopWorker func()
	// launched are the runs that client has started.
	launched *launchedRuns
}

// options of a product; the zero value is source and target on the shared MySQL server.
type options struct {
	source, target *servers.Server
	// tables is the YAML list under tables:, with FROM and TO standing for the schemas.
	tables string
	// defaults is more YAML for the defaults map, such as ", tuning: { chunkRows: 100 }".
	defaults string
	// sourceDSN and targetDSN replace the servers' root logins.
	sourceDSN, targetDSN string
	// connections is more YAML for the connections map, such as "replica: { dsn: x }".
	connections string
	// staging and worker are more YAML for these maps.
	staging, worker string
	// stagingURL replaces the folder of the test's own.
	stagingURL string
	// idle starts no worker.
	idle bool
}

const oneTable = "- { name: FROM.t, target: TO.t, cursor: updated_at }"

func start(t *testing.T, o options) *product {
	t.Helper()
	if o.source == nil {
		o.source = servers.MySQL(t)
	}
	if o.target == nil {
		o.target = o.source
	}
	p := &product{
		t: t, from: o.source.Schema(t), to: o.target.Schema(t), dir: t.TempDir(),
		temporal: temporaltest.Start(t), launched: new(launchedRuns),
	}
	p.src, p.dst = o.source.DB(t, p.from), o.target.DB(t, p.to)
	p.queue = "queue-" + p.from
	p.connect()
	if o.tables == "" {
		o.tables = oneTable
	}
	if o.sourceDSN == "" {
		o.sourceDSN = o.source.DSN("")
	}
	if o.targetDSN == "" {
		o.targetDSN = o.target.DSN("")
	}
	p.writeConfig(o)
	if !o.idle {
		p.startWorker()
	}
	return p
}

// connect connects to the product's Temporal server, until the test ends.
func (p *product) connect() {
	p.t.Helper()
	opts := temporalopts.At(p.temporal.Address)
	opts.Logger = silent{}
	opts.Interceptors = append(opts.Interceptors, p.launched)
	var err error
	p.client, err = client.Dial(opts)
	require.NoError(p.t, err)
	p.t.Cleanup(p.client.Close)
}

func (p *product) config() string  { return filepath.Join(p.dir, "tablehaul.yaml") }
func (p *product) staging() string { return filepath.Join(p.dir, "staging") }

func (p *product) writeConfig(o options) {
	p.t.Helper()
	if o.stagingURL == "" {
		o.stagingURL = "file://" + p.staging()
	}
	text := fmt.Sprintf(`connections:
  shop: { dsn: %q }
  warehouse: { dsn: %q }
  %s
staging: { url: %q, sweepAfter: 0s%s }
worker: { host: here%s }
defaults: { sourceConnection: shop, targetConnection: warehouse, overlap: 2s, minLag: 0s%s }
tables:
`, o.sourceDSN, o.targetDSN, o.connections, o.stagingURL, o.staging, o.worker, o.defaults)
	for line := range strings.Lines(strings.NewReplacer("FROM", p.from, "TO", p.to, "DIR", p.dir).Replace(o.tables)) {
		text += "  " + strings.TrimRight(line, "\n") + "\n"
	}
	require.NoError(p.t, os.MkdirAll(p.staging(), 0o700))
	require.NoError(p.t, os.WriteFile(p.config(), []byte(text), 0o600))
}

// startWorker runs a worker inside this process until the test ends.
func (p *product) startWorker() {
	p.t.Helper()
	p.startWorkerWith(app.WorkerOptions{
		ConfigFile: p.config(), Getenv: os.Getenv, Client: p.client,
		TaskQueue: p.queue,
	})
}

func (p *product) startWorkerWith(o app.WorkerOptions) {
	p.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	ready := make(chan struct{})
	done := make(chan error, 1)
	o.Ready = func() { close(ready) }
	go func() { done <- app.RunWorker(ctx, o) }()
	select {
	case <-ready:
	case err := <-done:
		p.t.Fatalf("the worker did not start: %v", err)
	}
	p.stopWorker = sync.OnceFunc(func() {
		stop()
		require.NoError(p.t, <-done)
	})
	p.t.Cleanup(p.stopWorker)
}

// reconfigure gives the product's newest worker another configuration.
func (p *product) reconfigure(o options) {
	p.t.Helper()
	p.stopWorker()
	p.writeConfig(o)
	p.startWorker()
}

// table is the configured name of a table in the source schema.
func (p *product) table(name string) string { return p.from + "." + name }

// launch starts a run without waiting for it.
func (p *product) launch(in any, id string) client.WorkflowRun {
	p.t.Helper()
	run, err := p.client.ExecuteWorkflow(p.t.Context(), client.StartWorkflowOptions{ID: id, TaskQueue: p.queue},
		workflows.SyncTableName, in)
	require.NoError(p.t, err)
	return run
}

// try runs a table and returns what came of it.
func (p *product) try(in workflows.SyncTableInput) (workflows.SyncTableResult, error) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), runTimeout)
	defer cancel()
	var result workflows.SyncTableResult
	err := p.launch(in, workflows.SyncTableID(p.queue, in.Table)).Get(ctx, &result)
	if ctx.Err() != nil {
		p.t.Fatalf("the run did not end: %s", p.pending(workflows.SyncTableID(p.queue, in.Table)))
	}
	return result, err
}

// once is one run of a table, which must succeed.
func (p *product) once(name string) workflows.SyncTableResult {
	p.t.Helper()
	result, err := p.try(workflows.SyncTableInput{Table: p.table(name)})
	require.NoError(p.t, err)
	return result
}

// pending says what a run that hangs is waiting for.
func (p *product) pending(id string) string {
	d, err := p.client.DescribeWorkflowExecution(context.Background(), id, "")
	if err != nil {
		return err.Error()
	}
	var b strings.Builder
	for _, a := range d.GetPendingActivities() {
		last := a.GetLastFailure()
		fmt.Fprintf(&b, "%s attempt %d: %s %s; ", a.GetActivityType().GetName(), a.GetAttempt(),
			last.GetApplicationFailureInfo().GetType(), last.GetMessage())
	}
	return b.String()
}

// exec runs statements on a server.
func exec(t *testing.T, db *sql.DB, statements ...string) {
	t.Helper()
	for _, q := range statements {
		_, err := db.ExecContext(t.Context(), q)
		require.NoError(t, err, "%.200s", q)
	}
}

// equal requires that both sides of a table hold the same rows.
func (p *product) equal(name string, key []string, columns ...string) {
	p.t.Helper()
	report, err := compare.Tables(p.t.Context(), compare.Side{DB: p.src, Schema: p.from, Table: name},
		compare.Side{DB: p.dst, Schema: p.to, Table: name}, compare.Options{Key: key, Columns: columns})
	require.NoError(p.t, err)
	require.True(p.t, report.Equal(), report.String())
}

// staged are the files left in staging.
func (p *product) staged() []string { return filesBelow(p.t, p.staging()) }

// filesBelow are the files of a folder and of those in it. Files come and go while it looks.
func filesBelow(t *testing.T, folder string) []string {
	var files []string
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return err
	})
	require.NoError(t, err)
	return files
}

// requireFailure requires a permanent failure of a type, whose message holds all of parts.
func requireFailure(t *testing.T, err error, typ string, parts ...string) {
	t.Helper()
	var app *temporal.ApplicationError
	require.True(t, errors.As(err, &app), "%v", err)
	require.Equal(t, typ, app.Type(), app.Message())
	require.True(t, app.NonRetryable(), app.Message())
	for _, part := range parts {
		require.Contains(t, app.Message(), part)
	}
}

// silent drops the SDK's log lines.
type silent struct{}

func (silent) Debug(string, ...any) {}
func (silent) Info(string, ...any)  {}
func (silent) Warn(string, ...any)  {}
func (silent) Error(string, ...any) {}
