package integration_test

import (
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

// A table with far more to do than the worker can at once, and a small one: the small one's
// steps do not stand behind all those of the large one that were there before.
func TestALargeLoadDoesNotStarveASmallTable(t *testing.T) {
	t.Parallel()
	const waiting = 30 // chunks of the large table that stand in the queue, about
	p := start(t, options{
		tables: "- { name: FROM.t, target: TO.t, cursor: updated_at, tuning: { chunkRows: 20, chunksInFlight: 32 " +
			"} }\n- { name: FROM.small, target: TO.small }",
		defaults: ", tuning: { maxTransaction: 30s, priority: 4 }", worker: ", activities: 2",
	})
	exec(t, p.src, createT, insertT(1, 3000), old, "CREATE TABLE small (id INT PRIMARY KEY)",
		"INSERT INTO small VALUES (1), (2), (3)")
	exec(t, p.dst, createT, slowTarget)
	large := p.run("t")
	p.waitForRows(100)
	small := p.run("small")
	require.EqualValues(t, 3, small().RowsExtracted)
	require.Less(t, p.targetRows(), 3000, "the large one is still at it")
	ids := workflows.SyncTableID(p.queue, p.table("small"))
	steps := p.waits(ids)
	require.EqualValues(t, 3000, large().RowsExtracted)

	chunks := p.waits(workflows.SyncTableID(p.queue, p.table("t")))["UpsertChunk"]
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
