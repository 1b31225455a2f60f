package activities_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	_ "github.com/tablehaul/tablehaul/internal/files/folder"
	"github.com/tablehaul/tablehaul/internal/mysqldb/lineage"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// lake is a table of files: a folder, its state as runs leave it, and the steps of a run.
type lake struct {
	*bench
	dir   string
	state owner.State
	runs  int
}

func newLake(t *testing.T, s *servers.Server, create string) *lake {
	t.Helper()
	b := emptyBench(t, s, s)
	if create != "" {
		b.AtTarget(create)
	}
	l := &lake{bench: b, dir: t.TempDir(), state: owner.State{ID: "state-1"}}
	b.settings.SourceConnection = ""
	b.settings.Cursor = "updated_at"
	b.settings.Table = table.Name{Schema: "lake", Table: "orders"}
	b.settings.Files = &activities.FileSettings{
		URL: "file://" + l.dir, Layout: "plain", Match: []string{"**/*.csv", "**/*.jsonl"}, Complete: "settled:1m",
	}
	b.settings.Files.Text.Nulls = []string{`\N`}
	return l
}

const lakeTable = "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20), updated_at DATETIME(6) NOT NULL)"

// put writes a file that is so old.
func (l *lake) put(name string, ago time.Duration, lines ...string) {
	l.t.Helper()
	at := filepath.Join(l.dir, name)
	require.NoError(l.t, os.MkdirAll(filepath.Dir(at), 0o700))
	require.NoError(l.t, os.WriteFile(at, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	when := time.Now().Add(-ago)
	require.NoError(l.t, os.Chtimes(at, when, when))
}

// discover plans a run.
func (l *lake) discover(change ...func(*activities.PlanRunInput)) (out activities.PlanRunResult, err error) {
	l.t.Helper()
	l.runs++
	l.state.Lease = &owner.Lease{Fence: int64(100 + l.runs)}
	in := activities.PlanRunInput{Table: "lake.orders", Run: fmt.Sprint("run-", l.runs), State: l.state}
	for _, f := range change {
		f(&in)
	}
	return out, l.step("DiscoverFiles", in, &out)
}

// run plans and moves all rows, in order, and remembers what is done.
func (l *lake) run(change ...func(*activities.PlanRunInput)) (plan activities.PlanRunResult, sum api.Counts) {
	l.t.Helper()
	plan, err := l.discover(change...)
	require.NoError(l.t, err)
	for i, done := range plan.Done {
		if done != '1' {
			sum.Add(l.move(plan, i))
		}
	}
	if plan.Replacement != nil {
		require.NoError(l.t, l.swap(plan, sum))
	}
	l.finish(plan)
	return plan, sum
}

func (l *lake) move(plan activities.PlanRunResult, i int) (sum api.Counts) {
	l.t.Helper()
	in := activities.RangeInput{Table: "lake.orders", Run: plan.Run, PlanSum: plan.PlanSum, Range: i}
	if plan.TargetRow != nil {
		in.Fence = plan.TargetRow.Fence
	}
	for more := true; more; in.Slice++ {
		var read activities.ExtractResult
		require.NoError(l.t, l.step("ReadFiles", in, &read))
		more = read.More
		sum.RowsExtracted += read.Rows + read.Quarantined
		sum.Quarantined += read.Quarantined
		if read.Chunks == 0 {
			break
		}
		require.NoError(l.t, l.step("WaitForFiles", in, &activities.WaitForFilesResult{}))
		var list activities.ListChunksResult
		require.NoError(l.t, l.step("ListChunks", activities.ListChunksInput{RangeInput: in, Limit: 1000}, &list))
		for _, c := range list.Chunks {
			var r activities.UpsertChunkResult
			require.NoError(l.t, l.step("UpsertChunk", activities.UpsertChunkInput{RangeInput: in, ChunkRef: c}, &r))
			sum.Inserted, sum.Updated, sum.Unchanged = sum.Inserted+r.Inserted, sum.Updated+r.Updated,
				sum.Unchanged+r.Unchanged
			sum.Quarantined += r.Quarantined
			sum.Removed += r.Removed
			sum.AddLoaded(r.Loaded)
		}
	}
	require.Equal(l.t, sum.RowsExtracted, sum.Written()+sum.Quarantined)
	return sum
}

// swap gives the target what a run that replaces it has loaded.
func (l *lake) swap(plan activities.PlanRunResult, sum api.Counts) error {
	l.t.Helper()
	in := activities.RangeInput{
		Table: "lake.orders", Run: plan.Run, PlanSum: plan.PlanSum, Fence: plan.TargetRow.Fence,
	}
	check := activities.CheckReplacementInput{RangeInput: in, Rows: sum.RowsExtracted, Digest: sum.Loaded}
	if err := l.step("CheckReplacement", check, &activities.CheckReplacementResult{}); err != nil {
		return err
	}
	return l.step("SwapTable", activities.SwapTableInput{RangeInput: in}, &activities.SwapTableResult{})
}

// finish does what the run's workflow and its state workflow do.
func (l *lake) finish(plan activities.PlanRunResult) {
	l.t.Helper()
	if plan.TargetRow != nil {
		require.NoError(l.t, lineage.Finish(l.t.Context(), l.Dst, plan.TargetRow.Ref, ""))
	}
	l.state.LoadFiles(plan.Files.Done, int64(100+l.runs), time.Now())
	l.state.Loaded = l.state.Loaded || plan.Ranges > 0
	l.state.Identity = plan.Identity
	if plan.TargetRow != nil {
		l.state.Identity.Target.Run = plan.TargetRow.Fence
	}
	l.state.FreshAt = plan.FreshAt
	if plan.Resumable {
		l.state.FirstLoad = nil
	}
	l.state.Lease = nil
}

// away puts away what is done by the state, and keeps what that says then.
func (l *lake) away() (out activities.PutFilesAwayResult, err error) {
	l.t.Helper()
	state := &stateClient{state: l.state}
	l.deps.Client = state
	l.restart()
	err = l.step("PutFilesAway", activities.PutFilesAwayInput{Table: "lake.orders"}, &out)
	l.state = state.state
	return out, err
}

// stop moves these ranges of a run that then fails, as its workflow and its state workflow do.
func (l *lake) stop(plan activities.PlanRunResult, ranges ...int) (sum api.Counts) {
	l.t.Helper()
	require.True(l.t, plan.Resumable)
	l.state.FirstLoad = &owner.FirstLoad{
		Run: plan.Run, PlanSum: plan.PlanSum, Done: plan.Done, Fence: l.state.Lease.Fence,
		Snapshots: plan.Files.Snapshots,
	}
	l.state.Identity = plan.Identity
	if lost := plan.Files.LostLoads; lost != nil {
		l.state.Files = l.state.Files.Without(*lost)
	}
	for _, i := range ranges {
		sum.Add(l.move(plan, i))
		require.NoError(l.t, lineage.MarkRange(l.t.Context(), l.Dst, plan.TargetRow.Ref, i))
		done := []byte(l.state.FirstLoad.Done)
		done[i] = '1'
		l.state.FirstLoad.Done = string(done)
	}
	l.state.Loaded = true
	return sum
}

// row is a line of a file.
func (l *lake) row(id int, v, second string) string {
	return fmt.Sprintf("%d,%s,2024-05-01 00:00:%s.000000", id, v, second)
}

func (l *lake) holds(query string, want ...string) {
	l.t.Helper()
	require.Equal(l.t, want, dbtest.Texts(l.t, l.Target.DB(l.t, l.To), query))
}

const header = "id,v,updated_at"

func errOf(_ activities.PlanRunResult, err error) error { return err }

func force(in *activities.PlanRunInput) { in.Force = true }

func full(in *activities.PlanRunInput) { in.Full = true }

func only(names ...string) func(*activities.PlanRunInput) {
	return func(in *activities.PlanRunInput) { in.Only = names }
}
