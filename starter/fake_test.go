package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/remote"
	"github.com/tablehaul/tablehaul/internal/sealed"
)

// fakeService is Temporal as the commands see it.
type fakeService struct {
	mu      sync.Mutex
	starts  []api.SyncTableInput
	waited  []remote.Execution
	set     []string
	startAs map[string][]error // one per start; then starts succeed
	results map[string]api.SyncTableResult
	fails   map[string]error
	hold    bool // wait ends only with its context
	asked   chan struct{}
	release chan struct{} // where set, wait ends when it is closed
	report  api.Status
	steps   remote.Pending
	mute    error // the error of status and state
	idle    bool  // no worker
	plans   map[string]api.PlanTableResult
	// receipts are of comparisons, by "table depth"
	receipts map[string]api.VerifyTableResult
	// retried and dropped are of the quarantine, by "retry table" and "drop table"
	retried    map[string]api.RetryQuarantineResult
	dropped    map[string]api.DropQuarantineResult
	undone     api.UndoTableResult
	filled     api.FillColumnsResult
	quarantine api.QuarantinePage
	states     map[string]owner.State
	listed     api.ListTablesResult
	unlisted   map[string]bool            // ids of schedules that Temporal's list does not have yet
	sched      map[string]remote.Schedule // by id
	did        []string                   // what was done to schedules
	deny       map[string]error           // by what was to be done
	goOn       map[remote.Execution]string
	sweeps     map[string]remote.Execution
	lists      int
	cancels    map[string]bool      // the workflows that Cancel finds
	pages      []api.DifferencePage // of a list of differences; After counts them
	shown      []api.ShowDifferencesInput
}

func (f *fakeService) StartVerify(_ context.Context, in api.VerifyTableInput) (remote.Execution, error) {
	return remote.Execution{WorkflowID: in.Table + " " + in.Depth, RunID: "run-1"}, f.deny["verify "+in.Table]
}

func (f *fakeService) WaitVerify(_ context.Context, e remote.Execution) (api.VerifyTableResult, error) {
	return f.receipts[e.WorkflowID], f.fails[e.WorkflowID]
}

func (f *fakeService) StartRetryQuarantine(
	_ context.Context, in api.RetryQuarantineInput,
) (remote.Execution, error) {
	return remote.Execution{WorkflowID: "retry " + in.Table, RunID: "run-1"}, f.act("retry " + in.Table)
}

func (f *fakeService) WaitRetryQuarantine(
	_ context.Context, e remote.Execution,
) (api.RetryQuarantineResult, error) {
	return f.retried[e.WorkflowID], f.fails[e.WorkflowID]
}

func (f *fakeService) StartShowQuarantine(
	_ context.Context, in api.ShowQuarantineInput, _ sealed.Key,
) (remote.Execution, error) {
	return remote.Execution{WorkflowID: "show " + in.Table, RunID: "run-1"}, f.act("show " + in.Table + " " + in.Run)
}

func (f *fakeService) WaitShowQuarantine(
	context.Context, remote.Execution, string, sealed.Key,
) (api.ShowQuarantineResult, api.QuarantinePage, error) {
	return api.ShowQuarantineResult{}, f.quarantine, nil
}

func (f *fakeService) StartDropQuarantine(_ context.Context, in api.DropQuarantineInput) (remote.Execution, error) {
	return remote.Execution{WorkflowID: "drop " + in.Table, RunID: "run-1"}, f.act("drop " + in.Table + " " + in.Run)
}

func (f *fakeService) WaitDropQuarantine(_ context.Context, e remote.Execution) (api.DropQuarantineResult, error) {
	return f.dropped[e.WorkflowID], f.fails[e.WorkflowID]
}

func (f *fakeService) Comparison(_ context.Context, table, run string) (api.VerifyTableResult, bool, error) {
	out, ok := f.receipts[table+" "+run]
	return out, ok, nil
}

func (f *fakeService) StartShow(
	_ context.Context, in api.ShowDifferencesInput, _ sealed.Key,
) (remote.Execution, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.shown = append(f.shown, in)
	return remote.Execution{WorkflowID: in.Table, RunID: fmt.Sprint(in.After)}, nil
}

func (f *fakeService) WaitShow(_ context.Context, e remote.Execution, table string, _ sealed.Key) (
	api.ShowDifferencesResult, api.DifferencePage, error,
) {
	out := api.ShowDifferencesResult{Run: "run-1"}
	i, err := strconv.Atoi(e.RunID)
	if err != nil || i >= len(f.pages) {
		return out, api.DifferencePage{}, f.fails[table]
	}
	if i+1 < len(f.pages) {
		out.Next = int64(i + 1)
	}
	out.Shown = len(f.pages[i].Differences)
	return out, f.pages[i], f.fails[table]
}

func (f *fakeService) StartUndo(_ context.Context, in api.UndoTableInput) (remote.Execution, error) {
	return remote.Execution{WorkflowID: in.Table + " " + in.Run, RunID: "run-1"}, nil
}

func (f *fakeService) WaitUndo(_ context.Context, e remote.Execution) (api.UndoTableResult, error) {
	return f.undone, f.fails[e.WorkflowID]
}

func (f *fakeService) StartList(context.Context) (remote.Execution, error) {
	return remote.Execution{WorkflowID: api.ListTablesID(api.DefaultTaskQueue), RunID: "run-1"}, nil
}

func (f *fakeService) WaitList(context.Context, remote.Execution) (api.ListTablesResult, error) {
	return f.listed, f.fails["list"]
}

func (f *fakeService) Schedules(context.Context, bool) ([]remote.Schedule, error) {
	var out []remote.Schedule
	for _, id := range slices.Sorted(maps.Keys(f.sched)) {
		if !f.unlisted[id] {
			out = append(out, f.sched[id])
		}
	}
	return out, nil
}

func (f *fakeService) SchedulesByID(_ context.Context, ids []string) ([]*remote.Schedule, error) {
	out := make([]*remote.Schedule, len(ids))
	for i, id := range ids {
		if one, ok := f.sched[id]; ok {
			out[i] = &one
		}
	}
	return out, nil
}

func (f *fakeService) Schedule(_ context.Context, id string) (remote.Schedule, bool, error) {
	one, ok := f.sched[id]
	return one, ok, nil
}

func (f *fakeService) act(what string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.did = append(f.did, what)
	return f.deny[what]
}

func (f *fakeService) CreateSchedule(_ context.Context, w remote.ScheduleSpec) error {
	return f.act("create " + w.Table + " " + w.Text())
}

func (f *fakeService) UpdateSchedule(_ context.Context, w remote.ScheduleSpec) error {
	return f.act("update " + w.Table + " " + w.Text())
}

func (f *fakeService) DeleteSchedule(_ context.Context, id string) error {
	return f.act("delete " + id)
}

func (f *fakeService) PauseSchedule(_ context.Context, id, note string) error {
	return f.act("pause " + id + ": " + note)
}

func (f *fakeService) ResumeSchedule(_ context.Context, id, note string) error {
	return f.act("resume " + id + ": " + note)
}

func (f *fakeService) TriggerSchedule(_ context.Context, id string) error {
	return f.act("trigger " + id)
}

func (f *fakeService) Start(_ context.Context, in api.SyncTableInput) (remote.Execution, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.starts = append(f.starts, in)
	if errs := f.startAs[in.Table]; len(errs) > 0 {
		f.startAs[in.Table] = errs[1:]
		if errs[0] != nil {
			return remote.Execution{}, errs[0]
		}
	}
	return remote.Execution{WorkflowID: api.SyncTableID(api.DefaultTaskQueue, in.Table), RunID: "run-1"}, nil
}

func (f *fakeService) Wait(ctx context.Context, e remote.Execution) (api.SyncTableResult, error) {
	f.mu.Lock()
	f.waited = append(f.waited, e)
	f.mu.Unlock()
	if f.hold {
		<-ctx.Done()
		return api.SyncTableResult{}, ctx.Err()
	}
	if f.release != nil {
		<-f.release
	}
	name := api.TableOfSyncID(api.DefaultTaskQueue, e.WorkflowID)
	return f.results[name], f.fails[name]
}

func (f *fakeService) Status(context.Context, remote.Execution) (api.Status, error) {
	if f.asked != nil {
		f.asked <- struct{}{}
	}
	return f.report, f.mute
}

func (f *fakeService) Running(context.Context) (map[remote.Execution]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lists++
	return maps.Clone(f.goOn), nil
}

func (f *fakeService) Pending(context.Context, remote.Execution) (remote.Pending, error) {
	return f.steps, nil
}

func (f *fakeService) StartPlan(_ context.Context, in api.PlanTableInput) (remote.Execution, error) {
	return remote.Execution{WorkflowID: api.PlanTableID(api.DefaultTaskQueue, in.Table), RunID: "run-1"}, nil
}

func (f *fakeService) WaitPlan(_ context.Context, e remote.Execution) (api.PlanTableResult, error) {
	name := strings.TrimPrefix(e.WorkflowID, api.PlanTableID(api.DefaultTaskQueue, ""))
	return f.plans[name], f.fails[name]
}

func (f *fakeService) State(_ context.Context, tbl string) (owner.State, bool, error) {
	s, ok := f.states[tbl]
	return s, ok, f.mute
}

func (f *fakeService) PauseDeletes(
	_ context.Context, _ string, req owner.PauseDeletesRequest,
) (owner.State, error) {
	return owner.State{DeletesPaused: req.Paused}, nil
}

func (f *fakeService) SetWatermark(_ context.Context, tbl string, req owner.SetRequest) (owner.State, error) {
	if req.Adopt {
		f.set = append(f.set, tbl+" adopt")
		return f.states[tbl], f.fails[tbl]
	}
	f.set = append(f.set, tbl+" "+req.Cursor+" "+req.Watermark)
	return owner.State{Table: tbl, Watermark: req.Watermark, Cursor: req.Cursor}, f.fails[tbl]
}

func (f *fakeService) HasWorker(context.Context) (bool, error) { return !f.idle, nil }
func (f *fakeService) Close()                                  {}

const testConfig = `
connections:
  shop: { dsn: "${SHOP_DSN}" }
  warehouse: { dsn: "w:S3NT1NEL@tcp(h:3306)/" }
staging: { url: "file:///tmp/x" }
defaults: { sourceConnection: shop, targetConnection: warehouse }
tables:
  - { name: shop.orders, target: dw.orders, cursor: updated_at }
  - { name: shop.countries }
  - { name: "shop.log_*", cursor: id }
`

var doneResult = api.SyncTableResult{
	Table: "shop.orders", Target: "dw.orders", Mode: "first load", Watermark: "2024-05-01 12:00:00",
	Counts: api.Counts{
		RowsExtracted: 1_000_000, Inserted: 999_000, Updated: 600, Unchanged: 400, Chunks: 100, Parts: 4,
		StagedBytes: 123 << 20, LongestTransaction: 0.85,
	},
	Seconds: map[string]float64{"total": 40}, Warnings: []string{"12 rows are dated in the future"},
}
