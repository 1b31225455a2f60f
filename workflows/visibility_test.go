package workflows_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/workflows"
)

// lists is what a run has written where Temporal lists workflows; each entry is an event.
type lists struct {
	memos  []map[string]any
	phases []string
	lags   []float64
}

func (l *lists) watch(env *testsuite.TestWorkflowEnvironment) {
	env.OnUpsertMemo(mock.Anything).Run(func(args mock.Arguments) {
		l.memos = append(l.memos, args.Get(0).(map[string]any))
	}).Return(nil).Maybe()
	env.OnUpsertTypedSearchAttributes(mock.Anything).Run(func(args mock.Arguments) {
		a := args.Get(0).(temporal.SearchAttributes)
		phase, _ := a.GetKeyword(temporal.NewSearchAttributeKeyKeyword(workflows.AttributePhase))
		l.phases = append(l.phases, phase)
		if lag, ok := a.GetFloat64(temporal.NewSearchAttributeKeyFloat64(workflows.AttributeLag)); ok {
			l.lags = append(l.lags, lag)
		}
	}).Return(nil).Maybe()
}

func (l *lists) events() int { return len(l.memos) + len(l.phases) }

// visible lets a fake's runs write to lists.
func visible(f *fake, v owner.Visibility, fresh time.Time) {
	begin := f.begin
	f.begin = func(in activities.BeginRunInput) (activities.BeginRunResult, error) {
		out, err := begin(in)
		out.Visibility, out.State.FreshAt = v, fresh
		return out, err
	}
}

func TestSyncTableTellsListsOncePerPhase(t *testing.T) {
	f := newFake()
	slices := 0
	f.extract = func(in activities.RangeInput) (activities.ExtractResult, error) {
		slices++
		return activities.ExtractResult{
			Rows: fakeChunks * fakeChunkRows, Chunks: fakeChunks, Parts: 1,
			More: in.Slice < 4,
		}, nil
	}
	visible(f, owner.VisibilitySearch, time.Now().Add(-time.Hour))
	f.plan.FreshAt = time.Now()
	var l lists
	env := run(t, f, orders, l.watch)
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, 5, slices)
	require.Equal(t, []string{"plan", "extract", "upsert", "done"}, l.phases)
	require.Equal(t, []map[string]any{{
		"table": "shop.orders", "target": "dw.orders", "mode": "incremental",
		"window": "(1, 9]",
	}}, l.memos)
	require.Len(t, l.lags, 4)
	require.InDelta(t, 3600, l.lags[0], 60)
	require.InDelta(t, 0, l.lags[3], 60)
	require.LessOrEqual(t, l.events(), eventsOfLists)
	require.Equal(t, f.plan.FreshAt.UTC(), f.finished[0].Finish.FreshAt.UTC())
}

func TestAFailedRunKeepsItsPhaseAndTheTablesFreshness(t *testing.T) {
	f := newFake()
	visible(f, owner.VisibilitySearch, time.Now().Add(-time.Hour))
	f.plan.FreshAt = time.Now()
	f.wait = func(activities.RangeInput) error {
		return temporal.NewNonRetryableApplicationError("full", failure.ServerRejected, nil)
	}
	var l lists
	requireFailure(t, run(t, f, orders, l.watch), failure.ServerRejected)
	require.Equal(t, []string{"plan", "extract"}, l.phases)
	require.Zero(t, f.finished[0].Finish.FreshAt)
}

// A namespace without our attributes: a workflow that set one would stand still.
func TestSyncTableSetsNoAttributeWhereItMayNot(t *testing.T) {
	for v, memos := range map[owner.Visibility]int{owner.VisibilityNone: 0, owner.VisibilityMemo: 1} {
		f := newFake()
		visible(f, v, time.Now())
		var l lists
		require.NoError(t, run(t, f, orders, l.watch).GetWorkflowError())
		require.Empty(t, l.phases)
		require.Len(t, l.memos, memos)
	}
}

func TestTableStateIsFoundByNameAndFreshness(t *testing.T) {
	fresh := time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)
	name := temporal.NewSearchAttributeKeyKeyword(workflows.AttributeTable)
	freshAt := temporal.NewSearchAttributeKeyTime(workflows.AttributeFreshAt)
	o := newStateHarness(t)
	var sets []string
	o.env.OnUpsertTypedSearchAttributes(mock.Anything).Run(func(args mock.Arguments) {
		a := args.Get(0).(temporal.SearchAttributes)
		table, _ := a.GetKeyword(name)
		at, _ := a.GetTime(freshAt)
		sets = append(sets, table+" "+at.Format(time.TimeOnly))
	}).Return(nil)
	ok := func(_ any, err error) { require.NoError(t, err) }
	begin := owner.BeginRequest{WorkflowID: "w", RunID: "r", Visibility: owner.VisibilitySearch}
	o.then(owner.UpdateBeginRun, begin, ok)
	o.then(owner.UpdateFinishRun, owner.FinishRequest{
		Fence: 1, Watermark: "5", FreshAt: fresh,
		Record: owner.RunRecord{RunID: "r"},
	}, ok)
	o.then(owner.UpdateBeginRun, begin, ok)
	o.then(owner.UpdateFinishRun, owner.FinishRequest{Fence: 2, Record: owner.RunRecord{RunID: "r2"}},
		ok) // a run that failed
	o.then(owner.UpdateSetWatermark, owner.SetRequest{Watermark: "3"},
		func(any, error) { require.Zero(t, o.state().FreshAt) })
	o.run()
	require.Equal(t, []string{"shop.orders 00:00:00", " 10:00:00", " 00:00:00"}, sets)
}

func TestOwnersOfOlderRunsSetNoAttribute(t *testing.T) {
	o := newStateHarness(t)
	var l lists
	l.watch(o.env)
	o.then(owner.UpdateBeginRun, owner.BeginRequest{WorkflowID: "w", RunID: "r"},
		func(_ any, err error) { require.NoError(t, err) })
	o.then(owner.UpdateFinishRun, owner.FinishRequest{Fence: 1, FreshAt: time.Now()},
		func(_ any, err error) { require.NoError(t, err) })
	o.run()
	require.Zero(t, l.events())
}

func TestSearchAttributesHaveDistinctNames(t *testing.T) {
	var names []string
	for name := range workflows.SearchAttributes() {
		names = append(names, name)
	}
	slices.Sort(names)
	require.Equal(t, []string{"TablehaulFreshAt", "TablehaulLagSeconds", "TablehaulPhase", "TablehaulTable"}, names)
}
