package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// The state row that a terminated state workflow has left beside a shared target is replaced by the next run of the
// same table, which fences its writers off. That of the other table stays.
func TestAStateRowOfATerminatedWorkflowIsReplacedOnASharedTarget(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := newShards(t, s, "origin", "id")
		planned := func(name, id string) activities.RangeInput {
			b.use(name)
			var plan activities.PlanRunResult
			require.NoError(t, b.step("PlanRun", activities.PlanRunInput{
				Table: b.settings.Table.String(), Run: "run-" + id, State: owner.State{
					Version: 1, ID: id, Table: b.settings.Table.String(), Lease: &owner.Lease{Fence: 1},
				},
			}, &plan))
			return activities.RangeInput{
				Table: b.settings.Table.String(), Run: plan.Run, PlanSum: plan.PlanSum, Fence: 1,
			}
		}
		write := func(in activities.RangeInput) (activities.UpsertChunkResult, error) {
			var extracted activities.ExtractResult
			require.NoError(t, b.step("ExtractIncremental", in, &extracted))
			var out activities.UpsertChunkResult
			return out, b.step("UpsertChunk", activities.UpsertChunkInput{
				RangeInput: in, ChunkRef: activities.ChunkRef{Rows: 2},
			}, &out)
		}
		other := planned("us", "us-state")
		before := planned("eu", "terminated")
		_, err := write(before)
		require.NoError(t, err)
		next := planned("eu", "begun-again")
		_, err = write(before)
		require.ErrorContains(t, err, "the target is not the one on which this run was begun")
		_, err = write(next)
		require.NoError(t, err)
		b.use("us")
		_, err = write(other)
		require.NoError(t, err)
	})
}
