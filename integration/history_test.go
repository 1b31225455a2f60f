package integration_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/tablehaul/tablehaul/workflows"
)

const (
	// timeout bounds the wait for an event, and runTimeout that for a run's end: so long that a slow machine does not
	// reach them.
	timeout    = 3 * time.Minute
	runTimeout = 8 * time.Minute
	poll       = 150 * time.Millisecond // each look at a run costs Temporal and the test milliseconds of the processor
	runPoll    = 600 * time.Millisecond // a run, with the detector of races, a tenth of a second
)

// requireClosed waits until a workflow has ended.
func requireClosed(t *testing.T, p *product, id string) enumspb.WorkflowExecutionStatus {
	t.Helper()
	var status enumspb.WorkflowExecutionStatus
	require.Eventually(t, func() bool {
		d, err := p.client.DescribeWorkflowExecution(t.Context(), id, "")
		if err != nil {
			return false
		}
		status = d.GetWorkflowExecutionInfo().GetStatus()
		return status != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
	}, timeout, poll, "workflow %s does not end", id)
	return status
}

// launchedRuns are the runs that a client has started, which Temporal's list may not have yet: it is a moment behind.
type launchedRuns struct {
	interceptor.ClientInterceptorBase
	mu   sync.Mutex
	runs []workflowRun
}

// workflowRun is one run of a workflow.
type workflowRun struct{ id, run string }

// InterceptClient implements interceptor.ClientInterceptor.
func (l *launchedRuns) InterceptClient(
	next interceptor.ClientOutboundInterceptor,
) interceptor.ClientOutboundInterceptor {
	return &launcher{interceptor.ClientOutboundInterceptorBase{Next: next}, l}
}

// launcher keeps the runs that it starts.
type launcher struct {
	interceptor.ClientOutboundInterceptorBase
	runs *launchedRuns
}

// ExecuteWorkflow implements interceptor.ClientOutboundInterceptor.
func (l *launcher) ExecuteWorkflow(
	ctx context.Context, in *interceptor.ClientExecuteWorkflowInput,
) (client.WorkflowRun, error) {
	run, err := l.Next.ExecuteWorkflow(ctx, in)
	if err == nil {
		l.runs.mu.Lock()
		defer l.runs.mu.Unlock()
		l.runs.runs = append(l.runs.runs, workflowRun{run.GetID(), run.GetRunID()})
	}
	return run, err
}

func (l *launchedRuns) all() []workflowRun {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.runs)
}

// histories are those of every workflow that this test's worker ran: those that were launched, those of Temporal's
// list, and, since the list is a moment behind, those that they have started.
func (p *product) histories() map[string]*historypb.History {
	p.t.Helper()
	out := map[string]*historypb.History{}
	for todo := append(p.launched.all(), p.listedRuns()...); len(todo) > 0; todo = todo[1:] {
		name := todo[0].id + " " + todo[0].run
		if out[name] != nil {
			continue
		}
		out[name] = p.history(todo[0])
		for _, e := range out[name].GetEvents() {
			if c := e.GetChildWorkflowExecutionStartedEventAttributes().GetWorkflowExecution(); c != nil {
				todo = append(todo, workflowRun{c.GetWorkflowId(), c.GetRunId()})
			}
			if next := e.GetWorkflowExecutionContinuedAsNewEventAttributes().GetNewExecutionRunId(); next != "" {
				todo = append(todo, workflowRun{todo[0].id, next})
			}
		}
	}
	return out
}

// listedRuns are the runs of Temporal's list.
func (p *product) listedRuns() (out []workflowRun) {
	p.t.Helper()
	var token []byte
	for {
		list, err := p.client.ListWorkflow(p.t.Context(), &workflowservice.ListWorkflowExecutionsRequest{
			Query: "TaskQueue = '" + p.queue + "'", NextPageToken: token,
		})
		require.NoError(p.t, err)
		for _, e := range list.GetExecutions() {
			out = append(out, workflowRun{e.GetExecution().GetWorkflowId(), e.GetExecution().GetRunId()})
		}
		if token = list.GetNextPageToken(); len(token) == 0 {
			return out
		}
	}
}

// history is that of one run.
func (p *product) history(r workflowRun) *historypb.History {
	p.t.Helper()
	h := &historypb.History{}
	it := p.client.GetWorkflowHistory(p.t.Context(), r.id, r.run, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for it.HasNext() {
		event, err := it.Next()
		require.NoError(p.t, err)
		h.Events = append(h.Events, event)
	}
	return h
}

// requireNoText requires that no history of this test's workflows holds text, in any encoding
// that a history uses: payloads are decoded first.
func (p *product) requireNoText(text string) {
	p.t.Helper()
	all := p.histories()
	require.NotEmpty(p.t, all)
	for id, h := range all {
		for _, event := range h.Events {
			raw, err := protojson.Marshal(event)
			require.NoError(p.t, err)
			require.NotContains(p.t, string(raw), text, "history of %s", id)
			require.NotContains(p.t, string(payloads(event)), text, "payload in the history of %s", id)
		}
	}
}

// payloads is the event's wire form, in which JSON payloads stand as plain text.
func payloads(event *historypb.HistoryEvent) []byte {
	b, err := event.Marshal()
	if err != nil {
		return nil
	}
	return b
}

// Neither a password nor a row's value reaches a history, in any failure.
func TestNoSecretAndNoRowValueInHistories(t *testing.T) {
	t.Parallel()
	p := start(t, options{defaults: ", tuning: { chunkRows: 100, rangeRows: 500 }"})
	exec(t, p.src, strings.Replace(createT, "VARCHAR(60)", "VARCHAR(80)", 1), insertT(1, 2000),
		"UPDATE t SET name = CONCAT('sentinel-row-', id), updated_at = '2024-01-01 00:00:00' + INTERVAL id SECOND",
		"ANALYZE TABLE t")
	r := p.sync("t")
	require.EqualValues(t, 2000, r.Inserted)
	exec(t, p.src, "UPDATE t SET n = 5 WHERE id < 100")
	p.settled("t")
	p.requireNoText("sentinel-row-")
	p.requireNoText("root@tcp")
}

// Histories stay small: their size follows chunks and ranges, not rows.
func TestHistoryIsBounded(t *testing.T) {
	t.Parallel()
	p := start(t, options{defaults: ", tuning: { chunkRows: 10, rangeRows: 1000000 }"})
	exec(t, p.src, createT, insertT(1, 3000), "UPDATE t SET updated_at = '2024-01-01'")
	r := p.sync("t")
	require.InDelta(t, 300, r.Chunks, 2) // a slice may end within a chunk
	d, err := p.client.DescribeWorkflowExecution(t.Context(), workflows.SyncTableID(p.queue, p.table("t")), "")
	require.NoError(t, err)
	require.Less(t, d.GetWorkflowExecutionInfo().GetHistoryLength(), int64(300*6+100))
	require.Less(t, d.GetWorkflowExecutionInfo().GetHistorySizeBytes(), int64(1<<20))
}

func startOptions(p *product, id string) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{ID: id, TaskQueue: p.queue}
}
