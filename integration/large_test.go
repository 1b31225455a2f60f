package integration_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/integration/compare"
	"github.com/tablehaul/tablehaul/integration/procs"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/testenv/proxy"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// A table grows and is pruned while it is first loaded: its ranges were cut for another table
// than the one that they read.
func TestATableThatGrowsAndIsPrunedWhileItIsLoaded(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{source: s, defaults: ", tuning: { rangeRows: 500, chunkRows: 100, chunksInFlight: 2 }"})
		exec(t, p.src, createT, insertT(1, 3000), old, "ANALYZE TABLE t")
		exec(t, p.dst, createT)
		p.closeGate("t")
		p.gate.open(1500) // the second half is loaded when all changes are there
		wait := p.run("t")
		p.waitForRows(200)
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		r := rand.New(rand.NewPCG(seed, seed))
		for step := range 30 {
			first := 10_000 + step*50
			exec(
				t, p.src, insertT(first, first+49),
				fmt.Sprintf("DELETE FROM t WHERE id BETWEEN %d AND %d", 50*step, 50*step+r.IntN(80)),
				fmt.Sprintf("UPDATE t SET n = -1 WHERE id %% 97 = %d", r.IntN(97)),
			)
		}
		p.gate.release()
		require.Equal(t, api.ModeFirstLoad, wait().Mode)
		p.settled("t")
		report, err := compare.Tables(t.Context(), compare.Side{DB: p.src, Schema: p.from, Table: "t"},
			compare.Side{DB: p.dst, Schema: p.to, Table: "t"}, compare.Options{Key: []string{"id"}, Columns: columnsT})
		require.NoError(t, err)
		require.Zero(t, report.Missing+report.Different, report.String())
		require.LessOrEqual(t, report.Extra, int64(3000), "rows that were deleted are all that is too much")
		exec(t, p.dst, "DELETE FROM t WHERE id NOT IN (SELECT id FROM "+"`"+p.from+"`.t)")
		p.equal("t", []string{"id"}, columnsT...)
		require.Empty(t, p.staged())
	})
}

// Without its plan an unfinished first load cannot know which ranges are loaded: it starts over,
// and says so.
func TestAFirstLoadWhosePlanIsLostStartsOver(t *testing.T) {
	t.Parallel()
	p := interruptible(t, false)
	id := workflows.SyncTableID(p.queue, p.table("t"))
	run := p.launch(workflows.SyncTableInput{Table: p.table("t")}, id)
	p.waitForRows(1300) // the first range is loaded
	require.NoError(t, p.client.CancelWorkflow(t.Context(), id, ""))
	require.Error(t, run.Get(t.Context(), nil))
	require.Contains(t, p.state("t").FirstLoad.Done, "1")
	lost := 0
	for _, f := range p.staged() {
		if filepath.Base(f) == "plan.json" {
			require.NoError(t, os.Remove(f))
			lost++
		}
	}
	require.Equal(t, 1, lost)
	p.gate.release()
	r := p.sync("t")
	require.EqualValues(t, 3000, r.RowsExtracted)
	require.Contains(t, fmt.Sprint(r.Warnings), "the staged plan of the unfinished first load is lost: the load "+
		"starts over")
	p.equal("t", []string{"id"}, columnsT...)
}

// A worker that is given little memory takes its time, and no more than it was given.
func TestAFirstLoadWithLittleMemory(t *testing.T) {
	t.Setenv("GOMEMLIMIT", "128MiB")
	t.Setenv("GOGC", "") // as it is shipped
	p := start(t, options{idle: true})
	exec(t, p.src, wideT, insertT(1, 5000), wide)
	for range 4 { // 80,000 rows of about 1,200 bytes: 96 MB
		exec(t, p.src, "INSERT INTO t (name, n, updated_at) SELECT name, n, updated_at FROM t")
	}
	exec(t, p.src, "ANALYZE TABLE t")
	cmd := p.startProcess()
	r := p.sync("t")
	require.EqualValues(t, 80_000, r.Inserted)
	peak, err := procs.PeakMiB(cmd.Process.Pid)
	require.NoError(t, err)
	t.Logf("peak %.0f MiB", peak)
	require.Less(t, peak, 200.0)
	p.equal("t", []string{"id"}, columnsT...)
}

// indexesLater are settings of tables of several ranges, whose indexes come after the load.
const indexesLater = ", tuning: { chunkRows: 100, rangeRows: 500, rangesInFlight: 1, chunksInFlight: 1, " +
	"indexesAfterLoad: true }"

// indexed makes a table t of three ranges with indexes.
func (p *product) indexed() {
	p.t.Helper()
	exec(p.t, p.src, createT, "ALTER TABLE t ADD KEY by_name (name, n DESC), ADD UNIQUE KEY once (id, n), ADD KEY "+
		"by_n (n)", insertT(1, 1500), old, "ANALYZE TABLE t")
}

// indexes are those of the target.
func (p *product) indexes() string {
	p.t.Helper()
	return scalar(p.t, p.dst, "SELECT GROUP_CONCAT(DISTINCT INDEX_NAME ORDER BY INDEX_NAME) FROM "+
		"information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 't'")
}

// cutOff cancels a run while its second range is under way.
func (p *product) cutOff(line *proxy.Proxy) {
	p.t.Helper()
	id := workflows.SyncTableID(p.queue, p.table("t"))
	line.Pass(8, "COMMIT")
	held := line.Hold(1, "COMMIT")
	run := p.launch(workflows.SyncTableInput{Table: p.table("t")}, id)
	require.Eventually(p.t, func() bool { return held.Seen() == 1 }, timeout, poll)
	require.NoError(p.t, p.client.CancelWorkflow(p.t.Context(), id, ""))
	held.Release()
	require.Error(p.t, run.Get(p.t.Context(), nil))
}

// A target that is created gets its indexes after its first load, also where another run ends
// what the first one began.
func TestIndexesComeAfterTheFirstLoad(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		line := proxy.Start(t, s.Addr())
		p := start(t, options{source: s, targetDSN: line.DSN(s.DSN("")), defaults: indexesLater})
		p.indexed()
		p.cutOff(line)
		require.Equal(t, "once,PRIMARY", p.indexes())
		require.True(t, p.state("t").FirstLoad.IndexesLater)

		r := p.sync("t")
		require.Equal(t, "by_n,by_name,by_update,once,PRIMARY", p.indexes())
		require.Contains(t, r.Seconds, workflows.PhaseIndexes)
		p.equal("t", []string{"id"}, columnsT...)
		require.NotContains(t, p.sync("t").Seconds, workflows.PhaseIndexes)

		exec(t, p.dst, "DROP TABLE t") // and a target that is lost is made again
		p.sync("t")
		require.Equal(t, "by_n,by_name,by_update,once,PRIMARY", p.indexes())
		p.equal("t", []string{"id"}, columnsT...)
	})
}

// A table without a cursor, whose runs go on from no other one, has its indexes from the start: a run that is cut off
// leaves none out.
func TestATableWithoutACursorHasItsIndexesAtOnce(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		line := proxy.Start(t, s.Addr())
		p := start(t, options{
			source: s, targetDSN: line.DSN(s.DSN("")), defaults: indexesLater,
			tables: "- { name: FROM.t, target: TO.t }",
		})
		p.indexed()
		p.cutOff(line)
		p.sync("t")
		require.Equal(t, "by_n,by_name,by_update,once,PRIMARY", p.indexes())
		p.equal("t", []string{"id"}, columnsT...)
	})
}
