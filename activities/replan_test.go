package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mysqldb/lineage"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// replanned plans a run for the nth time under one lease, as its workflow does when a host is lost, and stages the only
// range.
func (b *bench) replanned(n int) (
	plan activities.PlanRunResult, in activities.RangeInput, chunks []activities.ChunkRef,
) {
	b.t.Helper()
	require.NoError(b.t, b.step("PlanRun", activities.PlanRunInput{
		Table: b.settings.Table.String(), Run: activities.StagingName("run-1", n), Plan: n,
		State: owner.State{ID: "state-1", Lease: &owner.Lease{RunID: "run-1", Fence: 7}},
	}, &plan))
	require.Equal(b.t, 1, plan.Ranges)
	in = activities.RangeInput{
		Table: b.settings.Table.String(), Run: plan.Run, PlanSum: plan.PlanSum, Fence: plan.TargetRow.Fence,
	}
	var read activities.ExtractResult
	require.NoError(b.t, b.step("ExtractIncremental", in, &read))
	var list activities.ListChunksResult
	require.NoError(b.t, b.step("ListChunks", activities.ListChunksInput{RangeInput: in, Limit: 1000}, &list))
	return plan, in, list.Chunks
}

// writes writes a chunk.
func (b *bench) writes(in activities.RangeInput, chunk activities.ChunkRef) error {
	return b.step("UpsertChunk", activities.UpsertChunkInput{RangeInput: in, ChunkRef: chunk},
		&activities.UpsertChunkResult{})
}

// A host that was lost in the middle of a run may still have a chunk, which it read before the run was planned again.
// The chunk would put the former version of a row back: a row that was read at or below the end of its window replaces
// one that is newer by cursor. The lease is the same, and each plan has a fence of its own.
func TestALateChunkOfAnEarlierPlanIsRefused(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := newBench(t, s)
		first, late, chunks := b.replanned(0)
		b.AtSource("UPDATE t SET v = 'later', updated_at = '2024-01-02' WHERE id = 1")
		second, in, again := b.replanned(1)
		require.Greater(t, second.TargetRow.Fence, first.TargetRow.Fence)
		for _, chunk := range again {
			require.NoError(t, b.writes(in, chunk))
		}
		for _, chunk := range chunks {
			requireType(t, b.writes(late, chunk), failure.LeaseLost)
		}
		require.Equal(t, []string{"later"}, dbtest.Texts(t, s.DB(t, b.To), "SELECT v FROM t WHERE id = 1"))
		require.ErrorIs(t, lineage.MarkRange(t.Context(), b.Dst, first.TargetRow.Ref, 0), lineage.ErrFenced,
			"what is done of the first plan is not done of the second")

		_, err := b.env.ExecuteActivity("PlanRun", activities.PlanRunInput{
			Table: b.settings.Table.String(), Run: "run-1",
			State: owner.State{ID: "state-1", Lease: &owner.Lease{RunID: "run-1", Fence: 7}},
		})
		requireType(t, err, failure.LeaseLost) // it was planned there, and its attempt ends late
		require.NoError(t, b.writes(in, again[0]))
	})
}
