package workflows

import (
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/owner"
)

// Search attributes: see internal/api.
const (
	AttributeTable   = api.AttributeTable
	AttributePhase   = api.AttributePhase
	AttributeLag     = api.AttributeLag
	AttributeFreshAt = api.AttributeFreshAt
)

var (
	tableKey   = temporal.NewSearchAttributeKeyKeyword(AttributeTable)
	phaseKey   = temporal.NewSearchAttributeKeyKeyword(AttributePhase)
	lagKey     = temporal.NewSearchAttributeKeyFloat64(AttributeLag)
	freshAtKey = temporal.NewSearchAttributeKeyTime(AttributeFreshAt)
)

// SearchAttributes are the attributes that a namespace should have, with their types.
func SearchAttributes() map[string]enumspb.IndexedValueType {
	all := map[string]enumspb.IndexedValueType{}
	for _, k := range []temporal.SearchAttributeKey{tableKey, phaseKey, lagKey, freshAtKey} {
		all[k.GetName()] = k.GetValueType()
	}
	return all
}

// listedInPhases are the phases that lists show. Each costs a run one event, even if it comes back. That a range waits
// for its files, or removes them, is not worth an event.
var listedInPhases = map[string]bool{
	PhasePlan: true, PhaseExtract: true, PhaseUpsert: true, PhaseRanges: true, PhaseIndexes: true, PhaseDone: true,
}

// updateSearchAttributes puts the run's phase and lag where Temporal lists workflows, once per phase. A run that
// fails keeps the phase that it failed in.
func (s *sync) updateSearchAttributes(ctx workflow.Context) {
	phase := s.status.Phase
	if s.visibility != owner.VisibilitySearch || !listedInPhases[phase] || s.listedPhases[phase] {
		return
	}
	s.listedPhases[phase] = true
	updates := []temporal.SearchAttributeUpdate{tableKey.ValueSet(s.in.Table), phaseKey.ValueSet(phase)}
	if lag, known := s.status.Lag(workflow.Now(ctx)); known {
		updates = append(updates, lagKey.ValueSet(lag.Seconds()))
	}
	if err := workflow.UpsertTypedSearchAttributes(ctx, updates...); err != nil {
		workflow.GetLogger(ctx).Warn("search attributes not set", "error", err)
	}
}

// upsertMemo puts what the plan says into the run's memo, which every namespace takes.
func (s *sync) upsertMemo(ctx workflow.Context) {
	if s.visibility == owner.VisibilityNone {
		return
	}
	memo := map[string]any{api.MemoTable: s.in.Table, "target": s.plan.Target, "mode": s.plan.Mode}
	if s.plan.Mode != api.ModeWhole && s.plan.Mode != api.ModeFiles {
		memo["window"] = s.plan.Window.String()
	}
	if err := workflow.UpsertMemo(ctx, memo); err != nil {
		workflow.GetLogger(ctx).Warn("memo not set", "error", err)
	}
}

// rangeAttributes are those that a range begins with: they cost no event.
func (s *sync) rangeAttributes() temporal.SearchAttributes {
	if s.visibility != owner.VisibilitySearch {
		return temporal.SearchAttributes{}
	}
	return temporal.NewSearchAttributes(tableKey.ValueSet(s.in.Table))
}

// updateSearchAttributes makes the table's state workflow findable by name and by freshness.
func (o *stateWorkflow) updateSearchAttributes(ctx workflow.Context) {
	if o.state.Visibility != owner.VisibilitySearch {
		return
	}
	known := workflow.GetTypedSearchAttributes(ctx)
	var updates []temporal.SearchAttributeUpdate
	if name, _ := known.GetKeyword(tableKey); name != o.state.Table {
		updates = append(updates, tableKey.ValueSet(o.state.Table))
	}
	fresh, had := known.GetTime(freshAtKey)
	switch at := o.state.FreshAt; {
	case at.IsZero() && had:
		updates = append(updates, freshAtKey.ValueUnset())
	case !at.IsZero() && !fresh.Equal(at):
		updates = append(updates, freshAtKey.ValueSet(at))
	}
	if len(updates) == 0 {
		return
	}
	if err := workflow.UpsertTypedSearchAttributes(ctx, updates...); err != nil {
		workflow.GetLogger(ctx).Warn("search attributes not set", "error", err)
	}
}
