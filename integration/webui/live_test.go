package webui

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/app"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/internal/testenv/temporaltest"
	"github.com/tablehaul/tablehaul/workflows"
)

func TestMain(m *testing.M) { servers.Main(m, temporaltest.StopShared) }

const (
	rows      = 20_000
	chunkRows = 1000
	// free is how many rows of the target without a lock, so that a run comes half-way.
	free = 10_000
)

// A live run of shop.orders: it has written the rows without a lock, and waits for the rest.
type live struct {
	t      *testing.T
	db     *sql.DB
	locker *sql.Conn
	client client.Client
	ui     string
	// address is where Temporal answers.
	address string
	run     client.WorkflowRun
}

const config = `connections:
  shop: { dsn: %[1]q }
  warehouse: { dsn: %[1]q }
staging: { url: "file://%[2]s" }
defaults: { sourceConnection: shop, targetConnection: warehouse, overlap: 2s, minLag: 0s, tuning: { chunkRows: %[3]d } }
tables:
  - { name: shop.orders, target: dw.orders, cursor: updated_at }
`

func start(t *testing.T) *live {
	t.Helper()
	server := servers.Private(t, servers.FlavorMySQL)
	temporal := temporaltest.Private(t)
	l := &live{t: t, db: server.DB(t, ""), ui: temporal.UIURL, address: temporal.Address}
	var err error
	l.client, err = client.Dial(client.Options{HostPort: temporal.Address, Logger: silent{}})
	require.NoError(t, err)
	t.Cleanup(l.client.Close)
	l.exec("CREATE DATABASE shop", "CREATE DATABASE dw",
		`CREATE TABLE shop.orders (id INT PRIMARY KEY, customer VARCHAR(40) NOT NULL, amount DECIMAL(10,2) NOT NULL,
			updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6), KEY (updated_at))`,
		"SET SESSION cte_max_recursion_depth = 100000",
		fmt.Sprintf("INSERT INTO shop.orders WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE "+
			"i < %d)"+
			" SELECT /*+ SET_VAR(cte_max_recursion_depth=100000) */ i, CONCAT('customer ', i), i / 10, '2026-01-01' "+
			"FROM n", rows))
	l.work(server)
	return l
}

func (l *live) exec(statements ...string) {
	l.t.Helper()
	for _, q := range statements {
		_, err := l.db.ExecContext(l.t.Context(), q)
		require.NoError(l.t, err, q)
	}
}

// work runs a worker until the test ends.
func (l *live) work(server *servers.Server) {
	dir := l.t.TempDir()
	staging := filepath.Join(dir, "staging")
	require.NoError(l.t, os.Mkdir(staging, 0o700))
	file := filepath.Join(dir, "tablehaul.yaml")
	require.NoError(l.t, os.WriteFile(file, fmt.Appendf(nil, config, server.DSN(""), staging, chunkRows), 0o600))
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- app.RunWorker(ctx, app.WorkerOptions{ConfigFile: file, Getenv: os.Getenv, Client: l.client})
	}()
	l.t.Cleanup(func() {
		stop()
		require.NoError(l.t, <-done)
	})
}

// sync starts a run as the command line does.
func (l *live) sync() client.WorkflowRun {
	l.t.Helper()
	in := workflows.SyncTableInput{Table: "shop.orders"}
	run, err := l.client.ExecuteWorkflow(l.t.Context(), client.StartWorkflowOptions{
		ID: workflows.SyncTableID(workflows.TaskQueue, "shop.orders"), TaskQueue: workflows.TaskQueue,
		StaticSummary: "Sync shop.orders", StaticDetails: workflows.SyncDetails(in),
	}, workflows.SyncTableName, in)
	require.NoError(l.t, err)
	return run
}

// halfway loads the table, changes every row, and starts a run that comes half-way.
func (l *live) halfway() {
	l.t.Helper()
	require.NoError(l.t, l.sync().Get(l.t.Context(), nil))
	l.exec("UPDATE shop.orders SET amount = amount + 1, updated_at = NOW(6) - INTERVAL (20000 - id) MICROSECOND")
	var err error
	l.locker, err = l.db.Conn(l.t.Context())
	require.NoError(l.t, err)
	for _, q := range []string{"BEGIN", fmt.Sprintf("SELECT COUNT(*) FROM dw.orders WHERE id > %d FOR UPDATE", free)} {
		_, err = l.locker.ExecContext(l.t.Context(), q)
		require.NoError(l.t, err)
	}
	l.t.Cleanup(func() { _ = l.locker.Close() })
	l.run = l.sync()
	l.waitFor(func(s workflows.Status) bool { return s.RowsWritten == free })
}

// release lets the run go on and waits for its end.
func (l *live) release() {
	l.t.Helper()
	_, err := l.locker.ExecContext(l.t.Context(), "ROLLBACK")
	require.NoError(l.t, err)
	require.NoError(l.t, l.run.Get(l.t.Context(), nil))
}

func (l *live) waitFor(ok func(workflows.Status) bool) {
	l.t.Helper()
	var s workflows.Status
	for deadline := time.Now().Add(reading); ; {
		value, err := l.client.QueryWorkflow(l.t.Context(), l.run.GetID(), l.run.GetRunID(), workflows.QueryStatus)
		if err == nil {
			err = value.Get(&s)
		}
		if err == nil && ok(s) {
			return
		}
		require.True(l.t, time.Now().Before(deadline), "%+v, %v", s, err)
		select {
		case <-l.t.Context().Done():
			l.t.Fatal(errors.New("the test was stopped"))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// stateWorkflow is the table's TableState.
func (l *live) stateWorkflow() client.WorkflowRun {
	l.t.Helper()
	id := workflows.TableStateID(workflows.TaskQueue, "shop.orders")
	d, err := l.client.DescribeWorkflowExecution(l.t.Context(), id, "")
	require.NoError(l.t, err)
	return l.client.GetWorkflow(l.t.Context(), id, d.GetWorkflowExecutionInfo().GetExecution().GetRunId())
}

// page is an address of the Web UI.
func (l *live) page(path string) string { return l.ui + "/namespaces/default/workflows" + path }

// runPage is a page of a run.
func (l *live) runPage(run client.WorkflowRun, page string) string {
	return l.page("/" + url.PathEscape(run.GetID()) + "/" + run.GetRunID() + "/" + page)
}

// silent drops the SDK's log lines.
type silent struct{}

func (silent) Debug(string, ...any) {}
func (silent) Info(string, ...any)  {}
func (silent) Warn(string, ...any)  {}
func (silent) Error(string, ...any) {}
