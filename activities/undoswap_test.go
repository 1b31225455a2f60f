package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// undoing is a table whose swaps are undone.
type undoing struct {
	*replacing
	state *stateClient
}

func newUndoing(t *testing.T, s *servers.Server) *undoing {
	t.Helper()
	u := &undoing{newReplacing(t, s), &stateClient{}}
	u.state.state = owner.State{Version: 1, ID: "state-1", Table: u.settings.Table.String()}
	u.deps.Client = u.state
	u.restart()
	return u
}

// swapped runs a whole run that raises the watermark.
func (u *undoing) swapped(watermark string) {
	u.t.Helper()
	in := activities.SwapTableInput{RangeInput: u.checked(), Watermark: u.state.state.Watermark}
	var out activities.SwapTableResult
	require.NoError(u.t, u.step("SwapTable", in, &out))
	u.state.state.Watermark, u.state.state.Cursor = watermark, "updated_at"
}

// planned looks for the swap to undo.
func (u *undoing) planned() (out activities.PlanUndoSwapResult) {
	u.t.Helper()
	in := activities.PlanUndoSwapInput{Table: u.settings.Table.String()}
	require.NoError(u.t, u.step("PlanUndoSwap", in, &out))
	return out
}

// slice begins a slice as the undo's workflow does, and is the input of its step.
func (u *undoing) slice(plan activities.PlanUndoSwapResult) activities.UndoSwapInput {
	u.t.Helper()
	u.state.state.Fence, u.state.state.Lease = u.fence, nil
	var slice activities.Slice
	in := activities.BeginSliceInput{Table: u.settings.Table.String(), WorkflowID: "undo", RunID: "1"}
	require.NoError(u.t, u.step("BeginSlice", in, &slice))
	u.fence = slice.Fence
	return activities.UndoSwapInput{Table: in.Table, Fence: slice.Fence, SwappedAt: plan.SwappedAt}
}

// undone runs a whole undo, each step twice.
func (u *undoing) undone() {
	u.t.Helper()
	u.planned()
	in := u.slice(u.planned())
	for range 2 {
		var ignored any
		require.NoError(u.t, u.step("UndoSwap", in, &ignored))
	}
}

// refused requires that there is no swap to undo.
func (u *undoing) refused() {
	u.t.Helper()
	var ignored any
	err := u.step("PlanUndoSwap", activities.PlanUndoSwapInput{Table: u.settings.Table.String()}, &ignored)
	requireType(u.t, err, failure.InvalidInput)
}

// The undo of a swap gives the former table and the watermark of its time back, once; the next run replaces it again.
func TestAnUndoOfASwapBringsTheFormerTableBack(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		u := newUndoing(t, s)
		u.refused()
		u.swapped("2024-01-01 00:00:00.000000")
		u.refused()
		u.AtSource("DELETE FROM t WHERE id < 50")
		u.swapped("2024-02-01 00:00:00.000000")
		var look activities.PlanUndoSwapResult
		in := activities.PlanUndoSwapInput{Table: u.settings.Table.String(), DryRun: true}
		require.NoError(t, u.step("PlanUndoSwap", in, &look))
		require.Positive(t, look.KeepSeconds)
		require.Equal(t, "2024-02-01 00:00:00.000000", u.state.state.Watermark)

		u.undone()
		require.Equal(t, "250 31125", u.rows("t"))
		require.Equal(t, "t", u.tables())
		require.Equal(t, "2024-01-01 00:00:00.000000", u.state.state.Watermark)
		u.refused()
		require.False(t, u.dropOld().Dropped)
		u.swapped("2024-02-01 00:00:00.000000")
		require.Equal(t, "200 29900", u.rows("t"))
		u.begun() // a load that fails is no swap, and in the way of no undo
		u.undone()
		require.Equal(t, "250 31125", u.rows("t"))
		require.Equal(t, "t", u.tables())
		u.settings.Replace = nil
		u.refused()
	})
}

// An undo that is cut off after any of its statements is taken up; one that another swap or a newer run has overtaken
// changes nothing.
func TestAnUndoOfASwapThatWasCutOffIsTakenUp(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		u := newUndoing(t, s)
		u.swapped("2024-01-01 00:00:00.000000")
		for _, cut := range [][]string{
			{"RENAME TABLE t TO tablehaul_new_t, tablehaul_old_t TO t"},
			{"RENAME TABLE t TO tablehaul_new_t"},
			{"RENAME TABLE t TO tablehaul_new_t, tablehaul_old_t TO t", "DROP TABLE tablehaul_new_t"},
		} {
			u.AtTarget("INSERT INTO t VALUES (1000, 'former', '2024-01-01')")
			u.swapped("2024-02-01 00:00:00.000000")
			in := u.slice(u.planned())
			u.AtTarget(`UPDATE tablehaul_state SET done = REPLACE(done, '"swapped"', '"undoing"')`)
			u.AtTarget(cut...)
			var ignored any
			require.NoError(t, u.step("UndoSwap", in, &ignored))
			require.Equal(t, "251 32125", u.rows("t"))
			require.Equal(t, "t", u.tables())
			u.AtTarget("DELETE FROM t WHERE id = 1000")
		}
		u.swapped("2024-02-01 00:00:00.000000")
		in := u.slice(u.planned())
		other := in
		other.SwappedAt--
		var ignored any
		requireType(t, u.step("UndoSwap", other, &ignored), failure.TableChanged)
		u.begun()
		requireType(t, u.step("UndoSwap", in, &ignored), failure.LeaseLost)
		require.Equal(t, "t tablehaul_new_t tablehaul_old_t", u.tables())
	})
}

// An undo would drop what others have made since the swap, or fail with the target's name given away: it is refused,
// and the watermark stays.
func TestAnUndoOfASwapLosesNoTriggerAndNoForeignKey(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for name, c := range late {
			t.Run(name, func(t *testing.T) {
				u := newUndoing(t, s)
				u.swapped("2024-01-01 00:00:00.000000")
				u.swapped("2024-02-01 00:00:00.000000")
				u.AtTarget(c[0]...)
				var ignored any
				plan := activities.PlanUndoSwapInput{Table: u.settings.Table.String()}
				requireType(t, u.step("PlanUndoSwap", plan, &ignored), failure.TableChanged)
				require.Equal(t, "2024-02-01 00:00:00.000000", u.state.state.Watermark)
				u.AtTarget(c[1]...)
				in := u.slice(u.planned())
				u.AtTarget(c[0]...)
				before := u.tables()
				requireType(t, u.step("UndoSwap", in, &ignored), failure.TableChanged)
				require.Equal(t, before, u.tables())
				u.AtTarget(c[1]...)
				require.NoError(t, u.step("UndoSwap", in, &ignored))
				require.Equal(t, "t", u.tables())
			})
		}
	})
}

// A session that keeps a lock of the target puts an undo off: it fails as one that is tried again. Where the former
// table is dropped before it succeeds, it changes nothing.
func TestAnUndoOfASwapWaitsForLocksOfTheTarget(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		u := newUndoing(t, s)
		u.swapped("2024-01-01 00:00:00.000000")
		u.swapped("2024-02-01 00:00:00.000000")
		in := u.slice(u.planned())
		holder := dbtest.Session(t, s.DB(t, u.To))
		dbtest.Run(t, holder, "BEGIN", "SELECT * FROM t")
		var ignored any
		var app *temporal.ApplicationError
		require.ErrorAs(t, u.step("UndoSwap", in, &ignored), &app)
		require.Equal(t, failure.LockWait, app.Type())
		require.False(t, app.NonRetryable())
		dbtest.Run(t, holder, "COMMIT")
		u.AtTarget(`UPDATE tablehaul_state SET done = REPLACE(done, '"keepSeconds":3600', '"keepSeconds":0')`)
		require.True(t, u.dropOld().Dropped)
		requireType(t, u.step("UndoSwap", in, &ignored), failure.InvalidInput)
		require.Equal(t, "t", u.tables())
	})
}
