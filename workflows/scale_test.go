package workflows_test

import (
	"context"
	"errors"
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
	var largest atomic.Int64
	in := workflows.SyncRangeInput{
		Range:  activities.RangeInput{Table: "shop.orders", Run: "run-1", PlanSum: "sum", Range: hugeRanges - 1},
		Ranges: hugeRanges, ChunksInFlight: 2, ChunkRows: 10_000,
	}
	most, executions := 0, 0
	for {
		executions++
		events := 0
		env := newEnvironment()
		f.register(env)
		env.SetDataConverter(measuring{converter.GetDefaultDataConverter(), &largest})
		env.SetOnActivityCompletedListener(func(*activity.Info, converter.EncodedValue, error) {
			events += eventsOfAStep
			env.SetCurrentHistoryLength(events)
		})
		env.ExecuteWorkflow(workflows.SyncRangeName, in)
		most = max(most, events)
		var next *workflow.ContinueAsNewError
		if !errors.As(env.GetWorkflowError(), &next) {
			require.NoError(t, env.GetWorkflowError())
			var out workflows.SyncRangeResult
			require.NoError(t, env.GetWorkflowResult(&out))
			require.EqualValues(t, hugeSlices*hugeSliceChunks, out.Chunks)
			break
		}
		in = workflows.SyncRangeInput{}
		require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(next.Input, &in))
	}
	t.Logf("SyncRange: %d executions, %d events at most; largest payload %d bytes", executions, most, largest.Load())
	require.Less(t, most, mostEvents)
	require.Less(t, executions, 30)
	require.Less(t, largest.Load(), int64(mostPayload))
}
