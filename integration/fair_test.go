package integration_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"github.com/tablehaul/tablehaul/workflows"
)

// wait is a step's time between being scheduled and being taken.
type wait struct{ from, to time.Time }

// waits are those of a run's and its ranges' steps, by what they do.
func (p *product) waits(id string) map[string][]wait {
	p.t.Helper()
	out := map[string][]wait{}
	events := p.client.GetWorkflowHistory(p.t.Context(), id, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	name, at := map[int64]string{}, map[int64]time.Time{}
	for events.HasNext() {
		e, err := events.Next()
		require.NoError(p.t, err)
		if s := e.GetActivityTaskScheduledEventAttributes(); s != nil {
			name[e.GetEventId()], at[e.GetEventId()] = s.GetActivityType().GetName(), e.GetEventTime().AsTime()
		}
		if s := e.GetActivityTaskStartedEventAttributes(); s != nil {
			n := name[s.GetScheduledEventId()]
			out[n] = append(out[n], wait{at[s.GetScheduledEventId()], e.GetEventTime().AsTime()})
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
		tables:   "- { name: FROM.t, target: TO.t, cursor: updated_at, chunkRows: 20, chunksInFlight: 32 }\n- { name: FROM.small, target: TO.small }",
		defaults: ", maxTransaction: 30s", worker: ", activities: 2",
	})
	exec(t, p.src, createT, insertT(1, 3000), old, "CREATE TABLE small (id INT PRIMARY KEY)", "INSERT INTO small VALUES (1), (2), (3)")
	exec(t, p.dst, createT, slowTarget)
	large := p.run("t")
	p.waitForRows(100)
	small := p.run("small")
	require.EqualValues(t, 3, small().RowsExtracted)
	require.Less(t, p.targetRows(), 3000, "the large one is still at it")
	ids := workflows.SyncTableID(p.table("small"))
	steps := p.waits(ids)
	require.EqualValues(t, 3000, large().RowsExtracted)

	chunks := p.waits(workflows.SyncTableID(p.table("t")))["UpsertChunk"]
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
		}
	}
}
