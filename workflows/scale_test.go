package workflows_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/verify"
	"github.com/tablehaul/tablehaul/workflows"
)

// What a table of 10 billion rows comes to, at 10,000 rows a chunk: docs/scale.md has the
// arithmetic, these tests the proof.
const (
	hugeRows   = 10_000_000_000
	hugeRanges = 200 // the most that a plan has
	// A range is 50 million rows in 5,000 chunks, a slice 150 chunks.
	hugeSlices      = 34
	hugeSliceChunks = 150

	// Events of a history at most: what is asked for, begun and ended, and a workflow task (3
	// events) for every answer. Answers that arrive together share one.
	eventsOfAStep   = 6
	eventsOfAChild  = 9
	eventsOfASignal = 4
	// A run shows six phases in lists, and its plan in its memo: an event each.
	eventsOfLists = 7

	mostEvents  = 4000
	mostPayload = 256 << 10
)

// measuring is a data converter that knows the largest payload it has seen.
type measuring struct {
	converter.DataConverter
	largest *atomic.Int64
}

func (m measuring) saw(size int) {
	for was := m.largest.Load(); int64(size) > was &&
		!m.largest.CompareAndSwap(was, int64(size)); was = m.largest.Load() {
	}
}

func (m measuring) ToPayloads(values ...any) (*commonpb.Payloads, error) {
	p, err := m.DataConverter.ToPayloads(values...)
	m.saw(p.Size())
	return p, err
}

func (m measuring) ToPayload(value any) (*commonpb.Payload, error) {
	p, err := m.DataConverter.ToPayload(value)
	m.saw(p.Size())
	return p, err
}

// huge is a first load of hugeRows. Its ranges have fewer slices and chunks than they would,
// where it is the run and not a range that is looked at: a run knows nothing of either.
func huge(slices, chunks int) *fake {
	f := newFake()
	f.plan.Mode, f.plan.Ranges, f.plan.RowsEstimate, f.plan.ChunkRows = api.ModeFirstLoad, hugeRanges, hugeRows, 10_000
	f.plan.Done = strings.Repeat("0", hugeRanges)
	f.chunks = chunks
	f.extract = func(in activities.RangeInput) (activities.ExtractResult, error) {
		return activities.ExtractResult{
			Rows: int64(chunks) * fakeChunkRows, Chunks: chunks, Parts: 1, Bytes: 1,
			More: in.Slice < slices-1,
		}, nil
	}
	f.upsert = func(_ context.Context, in activities.UpsertChunkInput) (activities.UpsertChunkResult, error) {
		return activities.UpsertChunkResult{Inserted: in.Rows, Tries: 1}, nil
	}
	return f
}

func TestARunOfTenBillionRowsStaysWithinBounds(t *testing.T) {
	const slices, chunks = 2, 3
	f := huge(slices, chunks)
	var largest atomic.Int64
	steps, children, signals := 0, 0, 0
	visible(f, owner.VisibilitySearch, time.Now())
	var listed lists
	env := run(t, f, orders, func(env *testsuite.TestWorkflowEnvironment) {
		env.SetDataConverter(measuring{converter.GetDefaultDataConverter(), &largest})
		env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
			if info.WorkflowType.Name == workflows.SyncTableName {
				steps++
			}
		})
		env.SetOnChildWorkflowStartedListener(func(_ *workflow.Info, _ workflow.Context, args converter.EncodedValues) {
			children++
			var in workflows.SyncRangeInput
			require.NoError(t, args.Get(&in))
			signals += in.Signals
		})
		listed.watch(env)
	})
	require.NoError(t, env.GetWorkflowError())
	var result workflows.SyncTableResult
	require.NoError(t, env.GetWorkflowResult(&result))
	require.EqualValues(t, hugeRanges*slices*chunks*fakeChunkRows, result.Inserted)
	require.Equal(t, hugeRanges, children)
	events := steps*eventsOfAStep + children*eventsOfAChild + signals*eventsOfASignal + listed.events()
	require.Positive(t, listed.events())
	require.LessOrEqual(t, listed.events(), eventsOfLists)
	t.Logf("SyncTable: %d steps, %d children, %d signals at most: %d events at most; largest payload %d bytes", steps,
		children, signals, events, largest.Load())
	require.Less(t, events, mostEvents)
	require.Less(t, largest.Load(), int64(mostPayload))
}

func TestARangeOfFiftyMillionRowsStaysWithinBounds(t *testing.T) {
	f := huge(hugeSlices, hugeSliceChunks)
	in := workflows.SyncRangeInput{
		Range:  activities.RangeInput{Table: "shop.orders", Run: "run-1", PlanSum: "sum", Range: hugeRanges - 1},
		Ranges: hugeRanges, ChunksInFlight: 2, ChunkRows: 10_000,
	}
	var c chain
	c.run(t, workflows.SyncRangeName, in, f.register)
	var out workflows.SyncRangeResult
	require.NoError(t, c.env.GetWorkflowResult(&out))
	require.EqualValues(t, hugeSlices*hugeSliceChunks, out.Chunks)
	require.Less(t, c.executions, 30)
	c.within(t, "SyncRange")
}

// within requires that no history and no payload has become too large.
func (c *chain) within(t *testing.T, name string) {
	t.Helper()
	t.Logf("%s: %d executions, %d events at most; largest payload %d bytes", name, c.executions, c.most,
		c.largest.Load())
	require.Greater(t, c.executions, 1)
	require.Less(t, c.most, mostEvents)
	require.Less(t, c.largest.Load(), int64(mostPayload))
}

// hugeBatches are those of a sweep of 15 million rows, and of its undo: 54,000 events, and 144,000, in one history.
const hugeBatches = 3000

func TestASweepOfFifteenMillionRowsStaysWithinBounds(t *testing.T) {
	w := newWriting()
	w.found, w.checked.Before = []int64{hugeBatches * sweptAtOnce}, "sweep-0"
	var c chain
	c.run(t, workflows.VerifyTableName, sweepOrders, w.register)
	c.within(t, "a sweep")
	for i, in := range w.deleted {
		require.Equal(t, i, in.Batch)
		require.EqualValues(t, i*sweptAtOnce, in.From)
		require.Equal(t, "sweep-0", in.Before)
		require.Equal(t, w.plans[0], in.List)
	}
	require.Len(t, w.deleted, hugeBatches)
	require.Equal(t, hugeBatches, w.count("EndSlice"))
	for _, step := range []string{"PlanVerify", "CompareRange", "RecheckRows", "CheckDeletes", "FinishVerify"} {
		require.Equal(t, 1, w.count(step), step)
	}
	var out workflows.VerifyTableResult
	require.NoError(t, c.env.GetWorkflowResult(&out))
	want := &api.SweepResult{Mode: api.DeletesHard, Found: w.found[0]}
	want.Deleted = w.found[0]
	require.Equal(t, want, out.Sweep)
	require.Equal(t, w.plans, out.Undo)
	require.Equal(t, w.found[0], w.ended[0].Sweep.Deleted)
}

func TestTheUndoOfThreeThousandFilesStaysWithinBounds(t *testing.T) {
	w := newWriting()
	w.files = hugeBatches
	var c chain
	c.run(t, workflows.UndoTableName, undoOrders, w.register)
	c.within(t, "an undo")
	once(t, hugeBatches, w.undone)
	for step, times := range map[string]int{
		"PlanUndo": 1, "PauseDeletes": 1, "DropPlan": 1, "StageUndo": hugeBatches, "EndSlice": hugeBatches,
	} {
		require.Equal(t, times, w.count(step), step)
	}
	var out workflows.UndoTableResult
	require.NoError(t, c.env.GetWorkflowResult(&out))
	require.Equal(t, [2]int64{9 * hugeBatches, hugeBatches}, [2]int64{out.Restored, out.Changed})
	require.True(t, out.DeletesPaused)
	value, err := c.env.QueryWorkflow(workflows.QueryStatus)
	require.NoError(t, err)
	var s workflows.Status
	require.NoError(t, value.Get(&s))
	require.EqualValues(t, hugeBatches, s.RangesDone)
}

func TestARepairOfAMillionRowsStaysWithinBounds(t *testing.T) {
	const batches = 500 // the most that a plan has
	w := newWriting()
	w.found = []int64{batches * repairedAtOnce}
	var c chain
	c.run(t, workflows.VerifyTableName, repairOrders, w.register)
	c.within(t, "a repair")
	once(t, batches, w.repaired)
	require.Equal(t, 1, w.count("PlanRepair"))
	var out workflows.VerifyTableResult
	require.NoError(t, c.env.GetWorkflowResult(&out))
	require.Equal(t, map[verify.Verdict]int64{verify.Missing: w.found[0]}, out.Repaired)
	require.Equal(t, w.plans, out.Undo)
}
