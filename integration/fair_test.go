package integration_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"github.com/tablehaul/tablehaul/workflows"
)

// wait is a step's time between being scheduled and being taken, and by what it is ordered.
type wait struct {
	from, to time.Time
	key      string
	priority int32
}

// waits are those of a run's and its ranges' steps, by what they do.
func (p *product) waits(id string) map[string][]wait {
	p.t.Helper()
	out := map[string][]wait{}
	events := p.client.GetWorkflowHistory(p.t.Context(), id, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	name, scheduled := map[int64]string{}, map[int64]wait{}
	for events.HasNext() {
		e, err := events.Next()
		require.NoError(p.t, err)
		if s := e.GetActivityTaskScheduledEventAttributes(); s != nil {
			name[e.GetEventId()] = s.GetActivityType().GetName()
			scheduled[e.GetEventId()] = wait{
				from: e.GetEventTime().AsTime(), key: s.GetPriority().GetFairnessKey(),
				priority: s.GetPriority().GetPriorityKey(),
			}
		}
		if s := e.GetActivityTaskStartedEventAttributes(); s != nil {
			n, w := name[s.GetScheduledEventId()], scheduled[s.GetScheduledEventId()]
			w.to = e.GetEventTime().AsTime()
			out[n] = append(out[n], w)
		}
	}
	return out
}

// inState are the ids of a run's steps that are scheduled, or started.
func (p *product) inState(id string, state enumspb.PendingActivityState) (ids []string) {
	p.t.Helper()
	d, err := p.client.DescribeWorkflowExecution(p.t.Context(), id, "")
	require.NoError(p.t, err)
	for _, a := range d.GetPendingActivities() {
		if a.GetState() == state {
			ids = append(ids, a.GetActivityId())
		}
	}
	slices.Sort(ids)
	return ids
}

// A table with far more to do than the worker can at once, and a small one: the small one's
// steps do not stand behind all those of the large one that were there before.
//
// A chunk of the large one ends only where a step of the small one waits for a worker, so the large one is not done
// before the small one, however slow the machine is.
func TestALargeLoadDoesNotStarveASmallTable(t *testing.T) {
	t.Parallel()
	const rows, slots = 6000, 2
	const waiting = 30 // chunks of the large table that stand in the queue, about
	p := start(t, options{
		tables: "- { name: FROM.t, target: TO.t, cursor: updated_at, tuning: { chunkRows: 100, chunksInFlight: 32 " +
			"} }\n- { name: FROM.small, target: TO.small }",
		defaults: ", tuning: { maxTransaction: 30s, priority: 4 }", worker: fmt.Sprintf(", activities: %d", slots),
	})
	exec(t, p.src, createT, insertT(1, rows), old, "CREATE TABLE small (id INT PRIMARY KEY)",
		"INSERT INTO small VALUES (1), (2), (3)")
	exec(t, p.dst, createT)
	p.closeGate("t")
	large := p.run("t")
	p.gate.waitForOne(p)
	id := workflows.SyncTableID(p.queue, p.table("small"))
	run := p.launch(workflows.SyncTableInput{Table: p.table("small")}, id)
	var before []string
	require.Eventually(t, func() bool {
		d, err := p.client.DescribeWorkflowExecution(t.Context(), id, "")
		require.NoError(t, err)
		if d.GetWorkflowExecutionInfo().GetCloseTime() != nil {
			return true
		}
		writing := p.inState(workflows.SyncTableID(p.queue, p.table("t")), enumspb.PENDING_ACTIVITY_STATE_STARTED)
		waits := len(p.inState(id, enumspb.PENDING_ACTIVITY_STATE_SCHEDULED)) > 0
		if waits && len(writing) == slots && !slices.Equal(writing, before) {
			before = writing
			p.gate.open(100 * (p.gate.closed + 1))
		}
		return false
	}, timeout, poll)
	var r workflows.SyncTableResult
	require.NoError(t, run.Get(t.Context(), &r))
	require.EqualValues(t, 3, r.RowsExtracted)
	require.Less(t, p.targetRows(), rows, "the large one was done before the small one")
	p.gate.release()
	require.EqualValues(t, rows, large().RowsExtracted)

	steps, chunks := p.waits(id), p.waits(workflows.SyncTableID(p.queue, p.table("t")))["UpsertChunk"]
	require.NotEmpty(t, chunks)
	for name, s := range steps {
		for _, step := range s {
			before := 0
			for _, c := range chunks {
				if c.to.After(step.from) && c.to.Before(step.to) {
					before++
				}
			}
			t.Logf("%s waited %s, for %d chunks", name, step.to.Sub(step.from), before)
			require.Less(t, before, waiting/2, "%s stood in line", name)
			require.Equal(t, p.table("small"), step.key, name)
			// their settings are not known, or of no matter
			if name != "BeginRun" && name != "PlanRun" && name != "FinishRun" {
				require.EqualValues(t, 4, step.priority, name)
			}
		}
	}
}
