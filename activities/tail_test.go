package activities

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
)

// draftOf is the draft of a run of a table with a DATETIME(6) cursor.
func draftOf(mode string, change func(*planDraft)) *planDraft {
	p := &planDraft{
		settings: Settings{Cursor: "u", TailRows: 100}, mode: mode,
		table: &schema.Table{
			Columns: []schema.Column{{Column: table.Column{Name: "u", Kind: table.KindDateTime, Precision: 6}}},
		},
		window: table.Window{Lo: "2024-01-01 00:00:00.000000", Hi: "2024-01-02 00:00:00.000000"},
		ranges: []piece{{}},
		tail: tail{
			upperBound: source.UpperBound{Now: "2024-01-03 00:00:00.000000", Clock: "2024-01-03 00:00:00.000000"},
		},
	}
	if change != nil {
		change(p)
	}
	return p
}

// What is read above the window is read last, after all ranges below it.
func TestTheTailIsReadLast(t *testing.T) {
	const lo, hi = "2024-01-01 00:00:00.000000", "2024-01-02 00:00:00.000000"
	in := PlanRunInput{State: owner.State{Watermark: lo}}
	above := piece{Window: &table.Window{Lo: hi, Hi: hi}, ToNow: true}
	cut := []piece{
		{Window: &table.Window{Lo: lo, Hi: "2024-01-01 12:00:00.000000"}},
		{Window: &table.Window{Lo: "2024-01-01 12:00:00.000000", Hi: hi}},
	}
	keys := []piece{{Keys: &scan.KeyRange{}}, {Keys: &scan.KeyRange{}}}
	for name, c := range map[string]struct {
		draft *planDraft
		want  []piece
		last  bool
	}{
		"a window of one range goes on to now": {draftOf(api.ModeIncremental, nil), []piece{{ToNow: true}}, false},
		"a window that was cut": {
			draftOf(api.ModeIncremental, func(p *planDraft) { p.ranges = cut }),
			append(cut[:2:2], above), true,
		},
		"a first load goes by key": {
			draftOf(api.ModeFirstLoad, func(p *planDraft) { p.ranges = keys }),
			[]piece{{Keys: keys[0].Keys, ToNow: true}, {Keys: keys[1].Keys, ToNow: true}},
			false,
		},
		"a window of a mode that replaces nothing": {draftOf(api.ModeIncremental, func(p *planDraft) {
			p.settings.Write, p.tail.upperBound.Tail = table.WriteAppend, 1
		}), []piece{{}}, false},
		"a first load of such a mode": {draftOf(api.ModeFirstLoad, func(p *planDraft) {
			p.settings.Write, p.ranges = table.WriteAppend, []piece{{Keys: &scan.KeyRange{}}}
		}), []piece{{Keys: &scan.KeyRange{}}}, false},
		"a backfill ends at its window": {draftOf(api.ModeBackfill, nil), []piece{{}}, false},
		"a table without a cursor has none": {draftOf(api.ModeWhole,
			func(p *planDraft) { p.settings.Cursor = "" }), []piece{{}}, false},
		"an empty window and an empty tail": {draftOf(api.ModeIncremental, func(p *planDraft) {
			p.nothing, p.ranges = true, nil
		}), nil, false},
		"an empty window and a tail": {draftOf(api.ModeIncremental, func(p *planDraft) {
			p.nothing, p.ranges, p.tail.upperBound.Tail = true, nil, 1
		}), []piece{above}, false},
		"an empty window without an index": {draftOf(api.ModeIncremental, func(p *planDraft) {
			p.nothing, p.ranges, p.tail.upperBound.Tail = true, nil, source.TailUnknown
		}), []piece{above}, false},
		"no end at all, and a tail above the watermark": {draftOf(api.ModeIncremental, func(p *planDraft) {
			p.nothing, p.ranges, p.window, p.tail.upperBound.Tail = true, nil, table.Window{}, 1
		}), []piece{{Window: &table.Window{Lo: lo, Hi: lo}, ToNow: true}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, c.draft.chooseTail(t.Context(), in))
			c.draft.addTail()
			require.Equal(t, c.want, c.draft.ranges)
			require.Equal(t, c.last, c.draft.tailLast)
			require.Empty(t, c.draft.heldBack)
		})
	}
}

// The tail of a DATE that is too large is the whole day at every look: it is left to the window.
func TestALargeTailOfADateIsLeftToTheWindow(t *testing.T) {
	p := draftOf(api.ModeIncremental, func(p *planDraft) {
		p.table.Columns[0].Kind, p.tail.upperBound.Tail, p.heldBack = table.KindDate, 101, "an open transaction"
		p.window = table.Window{Lo: "2024-01-01", Hi: "2024-01-02"}
	})
	require.NoError(t, p.chooseTail(t.Context(), PlanRunInput{}))
	p.addTail()
	require.Equal(t, []piece{{}}, p.ranges)
	require.Equal(
		t,
		"an open transaction; more than 100 rows lie above the end of the window, and come when it has passed them",
		p.heldBack,
	)
}

// Nothing is read above the window, and nothing gives way, where no fence keeps chunks of older
// runs out.
func TestARunWithoutAFenceReadsNoTail(t *testing.T) {
	window := table.Unsettled{Hi: "2", Through: "3"}
	r := &openedRange{plan: stagedPlan{Ranges: []piece{{ToNow: true}}, Unsettled: window, NeedsFence: true}}
	require.False(t, r.readSpec(nil, nil).ToNow)
	require.Zero(t, r.unsettled())
	r.in.Fence = 1
	require.True(t, r.readSpec(nil, nil).ToNow)
	require.Equal(t, window, r.unsettled())
	r.in.Fence, r.plan.NeedsFence = 0, false
	require.Equal(t, window, r.unsettled(), "a full run makes rows equal with and without")
}
