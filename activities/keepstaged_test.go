package activities_test

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
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

// stagedSlice is a slice of a run that is staged.
type stagedSlice struct {
	activities.RangeInput
	parts int
}

// plannedLoad plans a first load, and names its only range.
func (c *comparing) plannedLoad(run string) activities.RangeInput {
	c.t.Helper()
	var plan activities.PlanRunResult
	in := activities.PlanRunInput{Table: c.settings.Table.String(), Run: run, State: owner.State{ID: "s"}}
	require.NoError(c.t, c.step("PlanRun", in, &plan))
	require.Equal(c.t, 1, plan.Ranges)
	return activities.RangeInput{Table: in.Table, Run: plan.Run, PlanSum: plan.PlanSum}
}

// extracted stages all slices of a range, and returns those with rows.
func (c *comparing) extracted(one activities.RangeInput) (slices []stagedSlice) {
	c.t.Helper()
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

// discarded ends slices as a run does that has not written them.
func (c *comparing) discarded(slices ...stagedSlice) {
	c.t.Helper()
	for _, one := range slices {
		one.Discard = true
		require.NoError(c.t, c.step("Cleanup", one.RangeInput, &activities.CleanupResult{}))
	}
}

// damaged changes a byte of each part of a slice.
func (c *comparing) damaged(one stagedSlice) {
	c.t.Helper()
	prefix := staging.SlicePrefix(c.settings.Table, one.Run, one.Range, one.Slice)
	parts, err := filepath.Glob(filepath.Join(c.folder, filepath.FromSlash(prefix), "*.parquet"))
	require.NoError(c.t, err)
	require.Len(c.t, parts, one.parts)
	for _, part := range parts {
		c.damage(part)
	}
}

// refusedReplay is the refusal of a replay.
func (c *comparing) refusedReplay(run string) error {
	c.t.Helper()
	in := c.planInput()
	in.Replay, in.Repair = run, true
	err := c.step("PlanVerify", in, nil)
	requireType(c.t, err, failure.InvalidInput)
	return err
}

// replayPlan is the plan of a replay of the newest run.
func (c *comparing) replayPlan() (plan activities.PlanVerifyResult) {
	c.t.Helper()
	in := c.planInput()
	in.Replay, in.Repair, in.Run = "last", true, fmt.Sprintf("replay-%d", time.Now().UnixNano())
	require.NoError(c.t, c.step("PlanVerify", in, &plan))
	return plan
}

// newKeeping has 9 rows on both sides, each of them a part of its own, and keeps what runs stage: two slices each.
func newKeeping(t *testing.T) *comparing {
	t.Helper()
	c := newComparing(t, servers.MySQL(t), servers.MySQL(t), "CREATE TABLE t (id INT PRIMARY KEY, "+cursorColumn+
		", KEY (updated_at))", "INSERT INTO t (id) VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9)").copied()
	c.settings.Keep = map[staging.Kind]time.Duration{staging.KeptStaged: time.Hour}
	c.settings.ChunkRows, c.settings.PageRows, c.settings.PageBytes, c.settings.PartBytes = 1, 1, 1, 1
	c.restart()
	return c
}

// A copy that failed in the middle goes on where it was. A replay says which slices are not kept.
func TestAReplaySaysWhatIsNotKept(t *testing.T) {
	c := newKeeping(t)
	store := &roomStore{Store: c.deps.Store, room: 99}
	c.deps.Store = store
	c.restart()
	staged := c.extracted(c.plannedLoad("run-a"))
	for _, run := range []string{"last", "run-a"} {
		err := c.refusedReplay(run)
		require.ErrorContains(t, err, "nothing of run run-a of "+c.settings.Table.String()+" is kept yet")
		require.NotContains(t, err.Error(), "the newest kept runs")
	}
	c.applied(staged...)
	require.Empty(t, c.replayPlan().Warnings)

	staged = c.extracted(c.plannedLoad("run-b"))
	require.ErrorContains(t, c.refusedReplay("run-b"), "is kept yet; the newest kept runs are run-a:")
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

	c.deps.Deployment = "another"
	c.restart()
	require.NotContains(t, c.refusedReplay("run-c").Error(), "run-b", "it is not this deployment's")
}

// A slice that is not written, or that was damaged since, is not kept, and a replay says so.
func TestASliceThatIsNotWrittenIsNotKept(t *testing.T) {
	for name, end := range map[string]func(*comparing, stagedSlice){
		"not written": func(c *comparing, one stagedSlice) { c.discarded(one) },
		"damaged": func(c *comparing, one stagedSlice) {
			c.damaged(one)
			c.applied(one)
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newKeeping(t)
			staged := c.extracted(c.plannedLoad("run-a"))
			require.Len(t, staged, 2)
			end(c, staged[0])
			require.ErrorContains(t, c.refusedReplay("last"), "nothing of run run-a")
			c.applied(staged[1])
			plan := c.replayPlan()
			require.Len(t, plan.Warnings, 1)
			require.Contains(t, plan.Warnings[0], "1 of 2 slices of run run-a are not kept")
			require.NoError(t, c.deps.Store.List(t.Context(), staging.TablePrefix(c.settings.Table),
				func(e staging.Entry) error {
					require.NotContains(t, e.Key, ".parquet", "nothing stays in staging")
					return nil
				}))
		})
	}
}

// A range that is extracted again, because files were damaged, is kept as it was written last: with the rows that its
// slices have by then, and without slices that it has no more.
func TestARangeThatIsExtractedAgainIsKeptAsItIsThen(t *testing.T) {
	c := newKeeping(t)
	one := c.plannedLoad("run-a")
	staged := c.extracted(one)
	require.Len(t, staged, 2)
	c.applied(staged[0])
	c.damaged(staged[1])
	c.discarded(staged[1])
	c.AtSource("DELETE FROM t WHERE id = 1") // each slice ends later now
	c.applied(c.extracted(one)...)
	require.Empty(t, c.replayPlan().Warnings)
	got, run := c.replayed("last")
	require.Equal(t, "run-a", run)
	require.EqualValues(t, 8, got.Equal)
	require.Empty(t, got.verdicts)

	one = c.plannedLoad("run-b")
	staged = c.extracted(one)
	require.Len(t, staged, 2)
	c.discarded(staged...)
	c.AtSource("DELETE FROM t WHERE id > 4")
	staged = c.extracted(one)
	require.Len(t, staged, 1)
	c.applied(staged...)
	require.Empty(t, c.replayPlan().Warnings)
	got, run = c.replayed("last")
	require.Equal(t, "run-b", run)
	require.EqualValues(t, 3, got.Equal)
}
