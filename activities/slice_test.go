package activities_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mysqldb/lineage"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/internal/verify"
)

const withoutCursor = "CREATE TABLE t (id INT PRIMARY KEY, v INT)"

// A table without a cursor is read under its lease, which is given back after each slice. Where the lease is lost in
// the middle, the step fails so that it is tried again, and leaves no file.
func TestATableWithoutACursorIsComparedUnderItsLease(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		c := newComparing(t, s, s, withoutCursor, "INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)").copied()
		c.settings.Cursor, c.state.state.Cursor, c.state.state.Watermark = "", "", ""
		c.requireEqual(3)
		require.Nil(t, c.state.state.Lease)
		require.Equal(t, []string{owner.UpdateBeginRun, owner.UpdateReleaseLease, owner.UpdateRecordVerify},
			c.state.updates)
		require.False(t, c.state.state.LastVerify.Differs)

		c.AtTarget("DELETE FROM t WHERE id = 2")
		plan, in := c.planned("digest")
		lost := true
		c.state.onUpdate = func(name string, s *owner.State) error {
			if lost && name == owner.UpdateReleaseLease { // a run has taken it over
				lost, s.Lease = false, &owner.Lease{WorkflowID: "run", RunID: "1", Fence: s.Fence + 1}
			}
			return nil
		}
		var compared activities.CompareRangeResult
		requireLost(t, c.step("CompareRange", in, &compared))
		require.Empty(t, c.staged())
		c.state.state.Lease = nil // the run has ended
		require.NoError(t, c.step("CompareRange", in, &compared))
		require.EqualValues(t, 1, compared.Suspects)
		require.EqualValues(t, 3, compared.SourceRows)

		lost = true
		in.Range = plan.Ranges
		var found activities.RecheckRowsResult
		requireLost(t, c.step("RecheckRows", in, &found))
		c.state.state.Lease = nil
		require.NoError(t, c.step("RecheckRows", in, &found))
		require.Equal(t, map[verify.Verdict]int64{verify.Missing: 1}, found.Verdicts)
		require.Nil(t, c.state.state.Lease)
	})
}

// A watermark that is forgotten or set back, and a first load that begins, while a table is compared: rows up to the
// former watermark stay where they are, so that there is no alarm, and the receipt says what was done.
func TestAWatermarkThatChangesWhileATableIsCompared(t *testing.T) {
	const create = "CREATE TABLE t (id INT PRIMARY KEY, v INT, " + cursorColumn + ", KEY (updated_at))"
	c := newComparing(t, servers.MySQL(t), servers.MariaDB(t), create, "INSERT INTO t (id, v) VALUES (1, 1), (2, 2)")
	c.copied()
	c.state.state.ID = "state-1"
	before := c.state.state
	for name, change := range map[string]struct {
		state func(s *owner.State)
		says  string
	}{
		"raised":    {func(s *owner.State) { s.Watermark = "2024-06-02 00:00:00.000000" }, ""},
		"set back":  {func(s *owner.State) { s.Watermark = "2023-06-01 00:00:00.000000" }, "set back to 2023-06-01"},
		"forgotten": {func(s *owner.State) { s.Watermark = "" }, "was forgotten"},
		"lost":      {func(s *owner.State) { *s = owner.State{ID: "state-2"} }, "state was lost"},
		"a full run": {func(s *owner.State) {
			s.Watermark, s.FirstLoad = "", &owner.FirstLoad{Run: "run-2", Done: "0"}
			c.AtTarget("REPLACE INTO t SELECT * FROM t")
		}, "was forgotten"},
	} {
		t.Run(name, func(t *testing.T) {
			c.state.state = before
			plan, in := c.planned("digest")
			change.state(&c.state.state)
			var one activities.CompareRangeResult
			require.NoError(t, c.step("CompareRange", in, &one))
			require.Zero(t, one.Suspects)
			in.Range = plan.Ranges
			var finished activities.FinishVerifyResult
			require.NoError(t, c.step("FinishVerify", activities.FinishVerifyInput{
				RangeInput: in, StateID: plan.StateID, Watermark: plan.Watermark,
				Record: &owner.VerifyRecord{RunID: "verify-1"},
			}, &finished))
			require.Equal(t, change.says != "", len(finished.Warnings) == 1, "%v", finished.Warnings)
			require.Contains(t, strings.Join(finished.Warnings, ""), change.says)
			require.Equal(t, name != "lost", c.state.state.LastVerify != nil)
		})
	}
}

// requireLost requires a failure because of a lost lease, after which the step is tried again.
func requireLost(t *testing.T, err error) {
	t.Helper()
	var app *temporal.ApplicationError
	require.True(t, errors.As(err, &app), "%v", err)
	require.Equal(t, failure.LeaseLost, app.Type())
	require.False(t, app.NonRetryable())
}

// A slice that writes begins on the target's state row: a chunk of an earlier run or slice cannot commit any more, and
// what the row says of the last whole run stays.
func TestASliceThatWritesFencesOffEarlierWriters(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		c := newComparing(t, s, s, withoutCursor, "INSERT INTO t VALUES (1, 1)").copied()
		c.state.state.ID = "state-1"
		run := lineage.Ref{Target: c.settings.Target, StateID: "state-1", Fence: 5}
		require.NoError(t, lineage.Begin(t.Context(), c.Dst, lineage.BeginSpec{Ref: run, Keeper: "k", Done: "10"}))
		require.NoError(t, lineage.Finish(t.Context(), c.Dst, run, "7"))
		c.state.state.Fence = 8

		in := activities.BeginSliceInput{Table: c.settings.Table.String(), WorkflowID: "verify", RunID: "1"}
		var slice activities.Slice
		for range 2 { // repeated, it is the same slice
			require.NoError(t, c.step("BeginSlice", in, &slice))
		}
		require.EqualValues(t, 9, slice.Fence)
		require.Equal(t, slice.Fence, slice.TargetRow.Fence)
		require.ErrorIs(t, lineage.Check(t.Context(), c.Dst, c.Dst, run), lineage.ErrFenced)
		require.NoError(t, lineage.Check(t.Context(), c.Dst, c.Dst, slice.TargetRow.Ref))
		rows, err := lineage.Read(t.Context(), c.Dst, c.settings.Target)
		require.NoError(t, err)
		require.Len(t, rows, 1)
		require.EqualValues(t, 5, rows[0].Run)
		require.Equal(t, "7", rows[0].Watermark)
		require.Equal(t, "10", rows[0].Done)

		var ended activities.EndSliceResult
		end := activities.EndSliceInput{Table: in.Table, RunID: "1", Fence: slice.Fence}
		require.NoError(t, c.step("EndSlice", end, &ended))
		require.Nil(t, c.state.state.Lease)
		next := run
		next.Fence = 10
		require.NoError(t, lineage.Begin(t.Context(), c.Dst, lineage.BeginSpec{Ref: next, Keeper: "k", Expected: 5}),
			"the next run goes on from the last whole run")
		require.ErrorIs(t, lineage.Check(t.Context(), c.Dst, c.Dst, slice.TargetRow.Ref), lineage.ErrFenced)
	})
}
