package activities_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/staging/file"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

func TestMain(m *testing.M) { servers.Main(m) }

// bench is one table's steps without a workflow: real schemas, a folder for staging, and Temporal's
// test environment for activities.
type bench struct {
	*dbtest.Pair
	t        *testing.T
	env      *testsuite.TestActivityEnvironment
	worker   *activities.Activities
	folder   string
	settings activities.Settings
	deps     activities.Deps
}

// newBench has the table t of 250 rows on the source, in chunks of 100.
func newBench(t *testing.T, s *servers.Server) *bench {
	t.Helper()
	b := emptyBench(t, s, s)
	b.AtSource("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20), updated_at TIMESTAMP(6) NOT NULL, KEY (updated_at))")
	dbtest.Fill(t, dbtest.Lenient(t, s, b.From), "t", 250, "n, CONCAT('v', n), '2024-01-01'")
	return b
}

// emptyBench has a schema on each side, without a table.
func emptyBench(t *testing.T, s, d *servers.Server) *bench {
	t.Helper()
	b := &bench{Pair: dbtest.NewPair(t, s, d), t: t, folder: t.TempDir()}
	store, err := file.Open(b.folder)
	require.NoError(t, err)
	from, to := table.Name{Schema: b.From, Table: "t"}, table.Name{Schema: b.To, Table: "t"}
	b.settings = activities.Settings{
		Table: from, Target: to, SourceConnection: "shop", TargetConnection: "warehouse", Cursor: "updated_at",
		ChunkRows: 100, ChunkBytes: 1 << 20, PartBytes: 1 << 20, PageRows: 100, PageBytes: 1 << 20,
		PageTime:       5 * time.Second,
		ChunksInFlight: 2, RangesInFlight: 1, RangeRows: 1000, RangeBytes: 1 << 20, CreateTarget: true,
		Schema: table.Contract{
			NewColumns:  table.ContractAdd,
			Widened:     table.ContractAlter,
			MaxCopyRows: 1000,
		}, Compression: "zstd",
	}
	src, dst := source.New(b.Src), target.New(b.Dst)
	b.deps = activities.Deps{
		Settings:  func(table.Name) (activities.Settings, error) { return b.settings, nil },
		Source:    func(context.Context, string) (*source.Source, error) { return src, nil },
		Target:    func(context.Context, string) (*target.Target, error) { return dst, nil },
		Store:     store,
		TaskQueue: "queue",
	}
	b.restart()
	return b
}

// restart gives the steps to a worker that has nothing in its caches.
func (b *bench) restart() {
	b.worker = activities.New(b.deps)
	b.env = environmentOf(b.worker)
}

// environmentOf runs steps of a worker, one after the other.
func environmentOf(worker *activities.Activities) *testsuite.TestActivityEnvironment {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestActivityEnvironment()
	activities.Register(env, worker)
	return env
}

// beside runs steps of the same worker beside those of b.
func (b *bench) beside() *bench {
	other := *b
	other.env = environmentOf(b.worker)
	return &other
}

// lower gives the steps to a worker that takes less at once.
func (b *bench) lower(to activities.Sizes) {
	b.deps.Sizes = to
	b.restart()
}

// step runs one step, and decodes its result into out.
func (b *bench) step(name string, in, out any) error {
	b.t.Helper()
	value, err := b.env.ExecuteActivity(name, in)
	if err != nil {
		return err
	}
	return value.Get(out)
}

// plan runs PlanRun, and names the only range of the plan.
func (b *bench) plan() (activities.PlanRunResult, activities.RangeInput) {
	b.t.Helper()
	var out activities.PlanRunResult
	require.NoError(b.t, b.step("PlanRun", activities.PlanRunInput{Table: b.settings.Table.String(), Run: "run-1"},
		&out))
	return out, activities.RangeInput{Table: b.settings.Table.String(), Run: out.Run, PlanSum: out.PlanSum}
}

// previewed is what PreviewRun says of the table.
func (b *bench) previewed() (out api.PlanTableResult) {
	b.t.Helper()
	require.NoError(b.t, b.step("PreviewRun", activities.PreviewRunInput{Table: b.settings.Table.String()}, &out))
	return out
}

// compareAll runs the steps of a comparison that look at rows. in.Range is the number of the plan's ranges afterwards,
// as the steps behind it take it.
func (b *bench) compareAll(in *activities.RangeInput, plan activities.PlanVerifyResult) (out found) {
	b.t.Helper()
	for in.Range = 0; in.Range < plan.Ranges; in.Range++ {
		var one activities.CompareRangeResult
		require.NoError(b.t, b.step("CompareRange", in, &one))
		out.Tally.Add(one.Tally)
	}
	var rechecked activities.RecheckRowsResult
	require.NoError(b.t, b.step("RecheckRows", in, &rechecked))
	out.verdicts = rechecked.Verdicts
	return out
}

// staged are the parts in the folder.
func (b *bench) staged() []string {
	b.t.Helper()
	parts, err := filepath.Glob(filepath.Join(b.folder, "*", "*", "*", "*.parquet"))
	require.NoError(b.t, err)
	return parts
}
