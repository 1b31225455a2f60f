package activities_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// roomStore has room for some more kept Parquet files, and counts them.
type roomStore struct {
	staging.Store
	room, kept int
}

func (s *roomStore) Put(ctx context.Context, key string, r io.Reader) error {
	if staging.IsKept(key) && strings.HasSuffix(key, ".parquet") {
		if s.room == 0 {
			return fmt.Errorf("keeping a file: %w", staging.ErrFull)
		}
		s.room--
		s.kept++
	}
	return s.Store.Put(ctx, key, r)
}

// extracted stages all slices of a first load, and returns them.
func (c *comparing) extracted(run string) (slices []activities.RangeInput) {
	c.t.Helper()
	var plan activities.PlanRunResult
	in := activities.PlanRunInput{Table: c.settings.Table.String(), Run: run, State: owner.State{ID: "s"}}
	require.NoError(c.t, c.step("PlanRun", in, &plan))
	require.Equal(c.t, 1, plan.Ranges)
	one := activities.RangeInput{Table: in.Table, Run: plan.Run, PlanSum: plan.PlanSum}
	for more := true; more; one.Slice++ {
		var out activities.ExtractResult
		require.NoError(c.t, c.step("ExtractIncremental", one, &out))
		slices = append(slices, one)
		more = out.More
	}
	return slices
}

// replayPlan is the plan of a replay of the newest run.
func (c *comparing) replayPlan() (plan activities.PlanVerifyResult) {
	c.t.Helper()
	in := c.planInput()
	in.Replay, in.Repair, in.Run = "last", true, fmt.Sprintf("replay-%d", time.Now().UnixNano())
	require.NoError(c.t, c.step("PlanVerify", in, &plan))
	return plan
}

// A copy that failed in the middle goes on where it was. A replay says which slices are not kept.
func TestAReplaySaysWhatIsNotKept(t *testing.T) {
	c := newComparing(t, servers.MySQL(t), servers.MySQL(t), "CREATE TABLE t (id INT PRIMARY KEY, "+cursorColumn+
		", KEY (updated_at))", "INSERT INTO t (id) VALUES (1), (2), (3), (4), (5)").copied()
	c.settings.Keep = map[staging.Kind]time.Duration{staging.KeptStaged: time.Hour}
	c.settings.ChunkRows, c.settings.PageRows, c.settings.PartBytes = 1, 1, 1 // a part has a row
	store := &roomStore{Store: c.deps.Store, room: 99}
	c.deps.Store = store
	c.restart()
	c.stagedRun("run-a")
	require.Empty(t, c.replayPlan().Warnings)

	store.room, store.kept = 3, 0
	whole := c.extracted("run-b")
	require.Len(t, whole, 1)
	requireType(t, c.step("Cleanup", whole[0], nil), failure.StagingFull)
	plan := c.replayPlan()
	require.Equal(t, "run-a", plan.Replay)
	require.Len(t, plan.Warnings, 1)
	require.Contains(t, plan.Warnings[0], "run run-b is newer, and nothing of it is kept")
	require.Contains(t, plan.Warnings[0], "tablehaul verify "+c.settings.Table.String()+" --repair")
	store.room = 99
	require.NoError(t, c.step("Cleanup", whole[0], &activities.CleanupResult{}))
	require.Equal(t, 5, store.kept, "no file is copied twice")
	got, run := c.replayed("last")
	require.Equal(t, "run-b", run)
	require.EqualValues(t, 5, got.Equal)

	c.settings.RangeBytes = 1 // a slice has a part
	cut := c.extracted("run-c")
	require.Len(t, cut, 5)
	for _, one := range cut[:3] {
		require.NoError(t, c.step("Cleanup", one, &activities.CleanupResult{}))
	}
	plan = c.replayPlan()
	require.Equal(t, "run-c", plan.Replay)
	require.Len(t, plan.Warnings, 1)
	require.Contains(t, plan.Warnings[0], "2 of 5 slices of run run-c are not kept, and left out")
}
