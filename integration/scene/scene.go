package scene

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	_ "github.com/go-sql-driver/mysql" // the clients beside us speak plain SQL
	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/integration/compare"
	"github.com/tablehaul/tablehaul/internal/devserver"
	"github.com/tablehaul/tablehaul/internal/process"
	"github.com/tablehaul/tablehaul/internal/temporalopts"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// Table is the scene's table, by the same name on both servers.
const Table = "shop.orders"

// Options say what to bring up.
type Options struct {
	Source, Target servers.Flavor
	// Config is more YAML for the table's entry, such as ", tuning: { chunkRows: 5000 }".
	Config string
	// Tables are lines of YAML with further tables, below that entry.
	Tables string
	// Worker is the path of the worker binary; empty is bin/tablehaul-worker.
	Worker string
	// Staging is the URL of staged files; empty is a folder of the scene's.
	Staging string
	// Workers is how many workers StartWorker starts, as if each were on a machine of its own; 0 is
	// one. Several share the staging.
	Workers int
	// LocalInfile allows LOAD DATA LOCAL on both servers. Otherwise they have their defaults: MySQL has it off.
	LocalInfile bool
	// Kept is a folder that keeps the data of both servers and of Temporal; empty is a temporary one. Servers that run
	// as nobody must be able to enter it.
	Kept string
	// Env are further variables of the workers.
	Env []string
	// Out gets a line per step.
	Out io.Writer
}

// Scene is what is up. End it with Close.
type Scene struct {
	Dir            string
	Source, Target *servers.Server
	SourceDB       *sql.DB
	TargetDB       *sql.DB
	Temporal       *devserver.Server
	Client         client.Client
	// Worker is the first of the workers.
	Worker *exec.Cmd

	others  []*exec.Cmd
	options Options
	via     [2]string // where workers connect, if not to the servers themselves
	started time.Time
	closers []func()
}

// Up brings up servers and Temporal, without tables and without a worker. The servers are as people have them: with
// their defaults for the binary log and for durability, and with logins that have the documented grants. Only
// innodb_lock_wait_timeout is 1, so that a lock in a client's way shows as an error 1205.
func Up(ctx context.Context, o Options) (_ *Scene, err error) {
	s := &Scene{options: o, started: time.Now()}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if s.Dir, err = os.MkdirTemp("", "tablehaul-scene-"); err != nil {
		return nil, err
	}
	s.closers = append(s.closers, func() { _ = os.RemoveAll(s.Dir) })
	if s.Source, s.SourceDB, err = s.server(ctx, "source", o.Source); err != nil {
		return nil, err
	}
	if s.Target, s.TargetDB, err = s.server(ctx, "target", o.Target); err != nil {
		return nil, err
	}
	if s.Temporal, err = devserver.Find(ctx, devserver.Options{
		Nice: process.DefaultNice, DataDir: s.Kept("temporal"),
	}); err != nil {
		return nil, fmt.Errorf("temporal: %w", err)
	}
	s.closers = append(s.closers, func() { _ = s.Temporal.Stop() })
	s.Say("Temporal: %s, Web UI: %s", s.Temporal.Address, s.Temporal.UIURL)
	opts := temporalopts.At(s.Temporal.Address)
	opts.Logger = quiet{}
	if s.Client, err = client.Dial(opts); err != nil {
		return nil, err
	}
	s.closers = append(s.closers, s.Client.Close)
	return s, nil
}

// Say prints a line with the time since the start.
func (s *Scene) Say(format string, args ...any) {
	fmt.Fprintf(s.options.Out, "%7.1fs  %s\n", time.Since(s.started).Seconds(), fmt.Sprintf(format, args...))
}

// Kept is a folder below that of the options: source, target or temporal. It is empty where nothing is kept.
func (s *Scene) Kept(name string) string {
	if s.options.Kept == "" {
		return ""
	}
	return filepath.Join(s.options.Kept, name)
}

func (s *Scene) server(ctx context.Context, role string, f servers.Flavor) (*servers.Server, *sql.DB, error) {
	options := servers.Options{BufferPoolMB: 512, AsShipped: true, DataDir: s.Kept(role)}
	if s.options.LocalInfile {
		options.Args = []string{"--local-infile=ON"}
	}
	srv, err := servers.Start(ctx, f, options)
	if err != nil {
		return nil, nil, fmt.Errorf("%s server: %w", role, err)
	}
	s.closers = append(s.closers, func() { _ = srv.Stop() })
	s.Say("%s: %s", role, srv)
	dsn := srv.DSN("")
	separator := "?"
	if strings.Contains(dsn, "?") {
		separator = "&"
	}
	db, err := sql.Open("mysql", dsn+separator+"allowAllFiles=true")
	if err != nil {
		return nil, nil, err
	}
	s.closers = append(s.closers, func() { _ = db.Close() })
	for _, q := range append(grants(srv, role), "SET GLOBAL innodb_lock_wait_timeout = 1") {
		if _, err := db.ExecContext(ctx, q); err != nil {
			return nil, nil, fmt.Errorf("%s server: %.60s: %w", role, q, err)
		}
	}
	return srv, db, nil
}

// Start starts the workflow that people start.
func (s *Scene) Start(ctx context.Context, in workflows.SyncTableInput) (client.WorkflowRun, error) {
	return s.Client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: workflows.SyncTableID(workflows.TaskQueue, Table), TaskQueue: workflows.TaskQueue,
	}, workflows.SyncTableName, in)
}

// Sync runs the workflow that people start, and waits for it.
func (s *Scene) Sync(ctx context.Context, what string) (workflows.SyncTableResult, error) {
	result, _, err := s.Run(ctx, what)
	return result, err
}

// Run is Sync that also says which workflow execution it was, for code that reads its history.
func (s *Scene) Run(ctx context.Context, what string) (workflows.SyncTableResult, client.WorkflowRun, error) {
	return s.RunWith(ctx, what, workflows.SyncTableInput{Table: Table})
}

// RunWith is Run with more than the table's name as input.
func (s *Scene) RunWith(
	ctx context.Context, what string, in workflows.SyncTableInput,
) (workflows.SyncTableResult, client.WorkflowRun, error) {
	var result workflows.SyncTableResult
	run, err := s.Start(ctx, in)
	if err != nil {
		return result, nil, fmt.Errorf("%s: %w", what, err)
	}
	s.Say("%s: workflow %s started", what, run.GetID())
	if err := run.Get(ctx, &result); err != nil {
		return result, run, fmt.Errorf("%s: %w (the worker's log is %s)", what, err, s.LogFile())
	}
	s.Say("%s: %s rows in %.1f s", what, Number(result.RowsExtracted), result.Seconds[workflows.PhaseTotal])
	return result, run, nil
}

// PastMinLag lets the source's clock go past the last changes, which stay out of a window for
// minLag (1 s by default). Other clients go on meanwhile.
func (s *Scene) PastMinLag(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(1500 * time.Millisecond):
		return nil
	}
}

// Settle runs until the watermark has passed everything that was written before now.
func (s *Scene) Settle(ctx context.Context) (workflows.SyncTableResult, error) {
	now, err := s.sourceNow(ctx)
	if err != nil {
		return workflows.SyncTableResult{}, err
	}
	for {
		if err := s.PastMinLag(ctx); err != nil {
			return workflows.SyncTableResult{}, err
		}
		result, err := s.Sync(ctx, "last run")
		if err != nil || result.Watermark >= now {
			return result, err
		}
	}
}

func (s *Scene) sourceNow(ctx context.Context) (now string, err error) {
	err = s.SourceDB.QueryRowContext(ctx, "SELECT CAST(UTC_TIMESTAMP(6) AS CHAR)").Scan(&now)
	return now, err
}

// Compare reads both sides row by row.
func (s *Scene) Compare(ctx context.Context) (compare.Report, error) {
	s.Say("comparing both sides row by row")
	return compare.Tables(ctx, compare.Side{DB: s.SourceDB, Schema: "shop", Table: "orders"},
		compare.Side{DB: s.TargetDB, Schema: "shop", Table: "orders"},
		compare.Options{
			Key: []string{"id"}, NumericKey: true,
			Columns: []string{"customer", "status", "amount", "note", "created_at", "updated_at"},
		})
}

// Close ends what was brought up, last first.
func (s *Scene) Close() {
	for i := len(s.closers) - 1; i >= 0; i-- {
		s.closers[i]()
	}
	s.closers = nil
}

// Number is n with commas.
func Number(n int64) string {
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
