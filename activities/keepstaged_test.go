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

// stagedSlice is a slice of a run that is staged.
type stagedSlice struct {
	activities.RangeInput
	parts int
}

// extracted stages all slices of a first load, and returns those with rows.
func (c *comparing) extracted(run string) (slices []stagedSlice) {
	c.t.Helper()
	var plan activities.PlanRunResult
	in := activities.PlanRunInput{Table: c.settings.Table.String(), Run: run, State: owner.State{ID: "s"}}
	require.NoError(c.t, c.step("PlanRun", in, &plan))
	require.Equal(c.t, 1, plan.Ranges)
	one := activities.RangeInput{Table: in.Table, Run: plan.Run, PlanSum: plan.PlanSum}
	for more := true; more; one.Slice++ {
		var out activities.ExtractResult
		require.NoError(c.t, c.step("ExtractIncremental", one, &out))
		if more = out.More; out.Rows > 0 {
			slices = append(slices, stagedSlice{one, out.Parts})
		}
	}
	return slices
}

// applied ends slices as a run does that has written them.
func (c *comparing) applied(slices ...stagedSlice) {
	c.t.Helper()
	for _, one := range slices {
		require.NoError(c.t, c.step("Cleanup", one.RangeInput, &activities.CleanupResult{}))
	}
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
		", KEY (updated_at))", "INSERT INTO t (id) VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9)").copied()
	c.settings.Keep = map[staging.Kind]time.Duration{staging.KeptStaged: time.Hour}
	c.settings.ChunkRows, c.settings.PageRows, c.settings.PageBytes, c.settings.PartBytes = 1, 1, 1, 1
	store := &roomStore{Store: c.deps.Store, room: 99}
	c.deps.Store = store
	c.restart()
	c.applied(c.extracted("run-a")...)
	require.Empty(t, c.replayPlan().Warnings)

	staged := c.extracted("run-b")
	require.Greater(t, len(staged), 1)
	require.Greater(t, staged[0].parts, 1)
	store.room, store.kept = 1, 0
	require.ErrorContains(t, c.step("Cleanup", staged[0].RangeInput, nil), "type: StagingFull, retryable: true")
	plan := c.replayPlan()
	require.Equal(t, "run-a", plan.Replay)
	require.Len(t, plan.Warnings, 1)
	require.Contains(t, plan.Warnings[0], "run run-b is newer, and nothing of it is kept")

	store.room = 99
	c.applied(staged[0])
	require.Equal(t, staged[0].parts, store.kept, "no file is copied twice")
	c.applied(staged[1 : len(staged)-1]...)
	plan = c.replayPlan()
	require.Equal(t, "run-b", plan.Replay)
	require.Equal(t, []string{fmt.Sprintf("1 of %d slices of run run-b are not kept, and left out (it goes on, has "+
		"failed, or its files could not be kept: tablehaul verify %s --repair compares all rows)", len(staged),
		c.settings.Table)}, plan.Warnings)
	c.applied(staged[len(staged)-1])
	require.Empty(t, c.replayPlan().Warnings)
	got, _ := c.replayed("last")
	require.EqualValues(t, 9, got.Equal)
}
