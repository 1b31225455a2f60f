package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/workflows"
)

// fakeService is Temporal as the commands see it.
type fakeService struct {
	mu      sync.Mutex
	starts  []workflows.SyncTableInput
	waited  []execution
	set     []string
	startAs map[string][]error // one per start; then starts succeed
	results map[string]workflows.SyncTableResult
	fails   map[string]error
	hold    bool // wait ends only with its context
	asked   chan struct{}
	release chan struct{} // where set, wait ends when it is closed
	report  workflows.Status
	steps   pending
	mute    error // the error of status and state
	idle    bool  // no worker
	plans   map[string]workflows.PlanTableResult
	states  map[string]workflows.TableStateView
}

func (f *fakeService) start(_ context.Context, in workflows.SyncTableInput) (execution, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.starts = append(f.starts, in)
	if errs := f.startAs[in.Table]; len(errs) > 0 {
		f.startAs[in.Table] = errs[1:]
		if errs[0] != nil {
			return execution{}, errs[0]
		}
	}
	return execution{workflows.SyncTableID(in.Table), "run-1"}, nil
}

func (f *fakeService) wait(ctx context.Context, e execution) (workflows.SyncTableResult, error) {
	f.mu.Lock()
	f.waited = append(f.waited, e)
	f.mu.Unlock()
	if f.hold {
		<-ctx.Done()
		return workflows.SyncTableResult{}, ctx.Err()
	}
	if f.release != nil {
		<-f.release
	}
	name := e.WorkflowID[len(workflows.SyncTableID("")):]
	return f.results[name], f.fails[name]
}

func (f *fakeService) status(context.Context, execution) (workflows.Status, error) {
	if f.asked != nil {
		f.asked <- struct{}{}
	}
	return f.report, f.mute
}

func (f *fakeService) pending(context.Context, execution) (pending, error) { return f.steps, nil }

func (f *fakeService) startPlan(_ context.Context, in workflows.PlanTableInput) (execution, error) {
	return execution{workflows.PlanTableID(in.Table), "run-1"}, nil
}

func (f *fakeService) waitPlan(_ context.Context, e execution) (workflows.PlanTableResult, error) {
	name := strings.TrimPrefix(e.WorkflowID, workflows.PlanTableID(""))
	return f.plans[name], f.fails[name]
}

func (f *fakeService) state(_ context.Context, tbl string) (workflows.TableStateView, bool, error) {
	s, ok := f.states[tbl]
	return s, ok, f.mute
}

func (f *fakeService) setWatermark(_ context.Context, tbl, cursor, watermark string) (workflows.TableStateView, error) {
	f.set = append(f.set, tbl+" "+cursor+" "+watermark)
	return workflows.TableStateView{Table: tbl, Watermark: watermark, Cursor: cursor}, f.fails[tbl]
}

func (f *fakeService) owned(context.Context) ([]string, error) {
	var out []string
	for name := range f.states {
		out = append(out, name)
	}
	return out, nil
}

func (f *fakeService) workers(context.Context) (bool, error) { return !f.idle, nil }
func (f *fakeService) close()                                {}

// invocation is one call of the program and what came of it.
type invocation struct {
	code           int
	stdout, stderr string
}

const testConfig = `
connections:
  shop: { dsn: "${SHOP_DSN}" }
  warehouse: { dsn: "w:S3NT1NEL@tcp(h:3306)/" }
staging: { url: "file:///tmp/x" }
defaults: { source: shop, target: warehouse }
tables:
  - { name: shop.orders, target: dw.orders, cursor: updated_at }
  - { name: shop.countries }
  - { name: "shop.log_*", cursor: id }
`

// configFile writes a configuration and returns its path.
func configFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tablehaul.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// call runs the program against f with the test configuration.
func call(t *testing.T, f *fakeService, args ...string) invocation {
	t.Helper()
	return callContext(t.Context(), t, f, args...)
}

func callContext(ctx context.Context, t *testing.T, f *fakeService, args ...string) invocation {
	t.Helper()
	env := map[string]string{"TABLEHAUL_CONFIG": configFile(t, testConfig)}
	var stdout, stderr bytes.Buffer
	a := &app{
		getenv: func(name string) string { return env[name] }, stdout: &stdout, stderr: &stderr, poll: time.Millisecond,
		dial: func(context.Context, func(string) string, string) (service, error) {
			if f == nil {
				return nil, &unreachableError{"127.0.0.1:7233", errors.New("connection refused")}
			}
			return f, nil
		},
	}
	code := a.execute(ctx, args)
	return invocation{code, stdout.String(), stderr.String()}
}

var doneResult = workflows.SyncTableResult{
	Table: "shop.orders", Target: "dw.orders", Mode: "first load", Watermark: "2024-05-01 12:00:00",
	Counts: workflows.Counts{
		RowsExtracted: 1_000_000, Inserted: 999_000, Updated: 600, Unchanged: 400, Chunks: 100, Parts: 4,
		StagedBytes: 123 << 20, LongestTransaction: 0.85,
	},
	Seconds: map[string]float64{"total": 40}, Warnings: []string{"12 rows are dated in the future"},
}
