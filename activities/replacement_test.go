package activities_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// replacing is a table t of the source, whose target is replaced, and the steps of such runs.
type replacing struct {
	*bench
	fence  int64
	logins int
}

// newReplacing has the table t of 250 rows on the source. Its swaps do not wait for the transactions of other tests on
// the server: they rebuild the table.
func newReplacing(t *testing.T, s *servers.Server) *replacing {
	t.Helper()
	r := &replacing{bench: newBench(t, s)}
	r.settings.Replace = &activities.ReplaceSettings{KeepOld: time.Hour}
	r.lower(activities.Sizes{SwapPatience: time.Nanosecond})
	return r
}

// patient makes swaps wait for older transactions, also those of other tests.
func (r *replacing) patient() { r.lower(activities.Sizes{}) }

// planInput is that of a new run.
func (r *replacing) planInput() activities.PlanRunInput {
	r.fence++
	return activities.PlanRunInput{
		Table: r.settings.Table.String(), Run: fmt.Sprintf("run-%d", r.fence),
		State: owner.State{ID: "state-1", Lease: &owner.Lease{Fence: r.fence}},
	}
}

// begun plans a new run.
func (r *replacing) begun() (activities.PlanRunResult, activities.RangeInput) {
	r.t.Helper()
	var out activities.PlanRunResult
	before := time.Now()
	require.NoError(r.t, r.step("PlanRun", r.planInput(), &out))
	require.Equal(r.t, api.ModeReplace, out.Mode)
	require.WithinRange(r.t, out.FreshAt, before, time.Now(), "every row is read after that moment")
	require.NotNil(r.t, out.Replacement)
	return out, activities.RangeInput{
		Table: r.settings.Table.String(), Run: out.Run, PlanSum: out.PlanSum, Fence: r.fence,
	}
}

// loaded moves all rows of a planned run into the table beside the target, and says what to check.
func (r *replacing) loaded(plan activities.PlanRunResult, in activities.RangeInput) activities.CheckReplacementInput {
	r.t.Helper()
	check := activities.CheckReplacementInput{RangeInput: in}
	var sum api.Counts
	for ; in.Range < plan.Ranges; in.Range++ {
		var read activities.ExtractResult
		require.NoError(r.t, r.step("ExtractIncremental", in, &read))
		require.False(r.t, read.More)
		check.Rows += read.Rows
		if read.Chunks == 0 {
			continue
		}
		var page activities.ListChunksResult
		require.NoError(r.t, r.step("ListChunks", activities.ListChunksInput{RangeInput: in, Limit: 1000}, &page))
		for _, c := range page.Chunks {
			for try := range 2 { // as Temporal may repeat it
				var out activities.UpsertChunkResult
				write := activities.UpsertChunkInput{RangeInput: in, ChunkRef: c}
				require.NoError(r.t, r.step("UpsertChunk", write, &out))
				require.NotNil(r.t, out.Loaded)
				if try == 0 {
					check.Rows -= out.Quarantined
					sum.AddLoaded(out.Loaded)
				}
			}
		}
	}
	check.Digest = sum.Loaded
	if plan.IndexesLater > 0 {
		var added activities.AddIndexesResult
		in.Range = 0
		require.NoError(r.t, r.step("AddIndexes", in, &added))
	}
	return check
}

// checked is a run whose load was checked.
func (r *replacing) checked() activities.RangeInput {
	r.t.Helper()
	plan, in := r.begun()
	var found activities.CheckReplacementResult
	require.NoError(r.t, r.step("CheckReplacement", r.loaded(plan, in), &found))
	return in
}

func (r *replacing) swap(in activities.RangeInput) (out activities.SwapTableResult) {
	r.t.Helper()
	require.NoError(r.t, r.step("SwapTable", activities.SwapTableInput{RangeInput: in}, &out))
	return out
}

// replaced runs a whole run.
func (r *replacing) replaced() activities.SwapTableResult { return r.swap(r.checked()) }

func (r *replacing) dropOld() (out activities.DropOldResult) {
	r.t.Helper()
	require.NoError(r.t, r.step("DropOld", activities.DropOldInput{
		Table: r.settings.Table.String(), Target: r.settings.Target, Connection: r.settings.TargetConnection,
	}, &out))
	return out
}

// rows are those of a table of the target: how many, and the sum of their keys.
func (r *replacing) rows(tbl string) string {
	r.t.Helper()
	return dbtest.Texts(r.t, r.Target.DB(r.t, r.To), "SELECT CONCAT(COUNT(*), ' ', COALESCE(SUM(id), 0)) FROM `"+tbl+
		"`")[0]
}

// tables are those of the target's schema, but for the state table.
func (r *replacing) tables() string {
	r.t.Helper()
	return strings.Join(dbtest.Texts(r.t, r.Target.DB(r.t, r.To), "SELECT TABLE_NAME FROM information_schema.TABLES "+
		"WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME <> '"+table.StateTable+"' ORDER BY TABLE_NAME"), " ")
}

// Runs replace their target again and again: with no target yet, with one, with rows that are gone at the source, with
// an empty source. Each step is safe to repeat, and the former target is kept for its time.
func TestATargetIsReplacedAsAWhole(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		r := newReplacing(t, s)
		first := r.checked()
		require.Equal(t, "tablehaul_new_t", r.tables())
		require.False(t, r.swap(first).Kept)
		require.False(t, r.swap(first).Kept)
		require.Equal(t, "t", r.tables())
		require.Equal(t, "250 31125", r.rows("t"))

		r.AtSource("DELETE FROM t WHERE id >= 100", "UPDATE t SET v = 'new', updated_at = '2024-02-01' WHERE id = 7")
		second := r.checked()
		require.Equal(t, "250 31125", r.rows("t"), "before the swap")
		require.True(t, r.swap(second).Kept)
		require.True(t, r.swap(second).Kept)
		require.Equal(t, "t tablehaul_old_t", r.tables())
		require.Equal(t, "100 4950", r.rows("t"))
		require.Equal(t, "250 31125", r.rows("tablehaul_old_t"))
		require.Positive(t, r.dropOld().WaitSeconds)

		r.AtSource("DELETE FROM t")
		r.settings.Replace.KeepOld = 0
		require.True(t, r.replaced().Kept)
		require.Equal(t, "0 0", r.rows("t"))
		require.Equal(t, "100 4950", r.rows("tablehaul_old_t"), "the last one is kept")
		require.True(t, r.dropOld().Dropped)
		require.False(t, r.dropOld().Dropped)
		require.Equal(t, "t", r.tables())
	})
}

// Other loads than those that were checked are never swapped: rows that are missing, changed, or more.
func TestALoadThatIsNotWhatWasWrittenIsNotSwapped(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		r := newReplacing(t, s)
		r.replaced()
		for _, spoil := range []string{
			"DELETE FROM tablehaul_new_t WHERE id = 3", "UPDATE tablehaul_new_t SET v = 'x' WHERE id = 3",
			"INSERT INTO tablehaul_new_t VALUES (999, '', '2024-01-01')",
		} {
			plan, in := r.begun()
			check := r.loaded(plan, in)
			r.AtTarget(spoil)
			var ignored any
			requireType(t, r.step("CheckReplacement", check, &ignored), failure.Unexpected)
			require.Error(t, r.step("SwapTable", activities.SwapTableInput{RangeInput: in}, &ignored))
			require.Equal(t, "250 31125", r.rows("t"))
		}
		r.replaced()
	})
}
