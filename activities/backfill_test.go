package activities_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/lineage"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

const filledTable = "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20) NOT NULL, " + cursorColumn +
	", KEY (updated_at))"

// newFilling has 250 rows on both sides, and a column that came later: n, which only the source has values of.
func newFilling(t *testing.T, s, d *servers.Server) *comparing {
	t.Helper()
	c := newComparing(t, s, d, filledTable)
	dbtest.Fill(t, dbtest.Lenient(t, s, c.From), "t", 250, "n, CONCAT('v', n), '2024-01-01'")
	c.copied()
	c.AtSource("ALTER TABLE t ADD COLUMN n INT", "UPDATE t SET n = id * 2, updated_at = updated_at")
	c.AtTarget("ALTER TABLE t ADD COLUMN n INT")
	return c
}

// fill runs the steps of a backfill, with something between reading and writing.
func (c *comparing) fill(dryRun bool, between ...string) (sum activities.UpsertChunkResult) {
	c.t.Helper()
	var plan activities.PlanFillResult
	in := activities.PlanFillInput{
		Table: c.settings.Table.String(), Run: "fill-1", Columns: []string{"N"}, DryRun: dryRun,
	}
	require.NoError(c.t, c.step("PlanFill", in, &plan))
	require.Equal(c.t, []string{"n"}, plan.Columns)
	at := activities.RangeInput{Table: in.Table, Run: plan.Run, PlanSum: plan.PlanSum}
	for more := true; more; at.Slice++ {
		var extracted activities.ExtractResult
		require.NoError(c.t, c.step("ExtractIncremental", at, &extracted))
		c.AtTarget(between...)
		between = nil
		var list activities.ListChunksResult
		require.NoError(c.t, c.step("ListChunks", activities.ListChunksInput{RangeInput: at, Limit: 1000}, &list))
		for _, chunk := range list.Chunks {
			var r activities.UpsertChunkResult
			require.NoError(
				c.t,
				c.step("UpsertChunk", activities.UpsertChunkInput{RangeInput: at, ChunkRef: chunk}, &r),
			)
			sum.Updated, sum.Unchanged = sum.Updated+r.Updated, sum.Unchanged+r.Unchanged
			sum.Changed, sum.Missing = sum.Changed+r.Changed, sum.Missing+r.Missing
		}
		more = extracted.More
		require.NoError(c.t, c.step("Cleanup", at, &activities.CleanupResult{}))
	}
	return sum
}

// Old rows get the values of a column that came later. A row that a run has written meanwhile stays as it is, one that
// is above the watermark is left to the runs, and the second time nothing is left to do.
func TestABackfillFillsOldRowsAndRunsWin(t *testing.T) {
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		c := newFilling(t, p.Source, p.Target)
		c.AtSource("INSERT INTO t VALUES (1000, 'new', '"+above+"', 5)", "UPDATE t SET n = NULL WHERE id = 9")
		require.Equal(t, activities.UpsertChunkResult{Updated: 249, Unchanged: 1}, c.fill(true))
		require.Equal(t, activities.UpsertChunkResult{Updated: 247, Unchanged: 1, Changed: 1, Missing: 1}, c.fill(false,
			"UPDATE t SET n = -1, updated_at = '2024-02-01' WHERE id = 7", "DELETE FROM t WHERE id = 8"))
		require.Equal(t, []string{"-1"}, dbtest.Texts(t, p.Target.DB(t, c.To), "SELECT n FROM t WHERE id = 7"))
		require.Equal(t, []string{"247"}, dbtest.Texts(t, p.Target.DB(t, c.To),
			"SELECT COUNT(*) FROM t WHERE n = id * 2 AND v = CONCAT('v', id) AND updated_at = '2024-01-01'"))
		require.Equal(t, activities.UpsertChunkResult{Unchanged: 248, Changed: 1, Missing: 1}, c.fill(false))
	})
}

// A slice of a backfill is staged before it has the lease, and is written again under another one where the lease was
// lost. Its chunks go by the fence that they are given, and not by that of a step before them.
func TestAChunkGoesByTheFenceOfItsOwnStep(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		c := newFilling(t, s, s)
		c.state.state.ID = "state-1"
		var plan activities.PlanFillResult
		require.NoError(t, c.step("PlanFill", activities.PlanFillInput{
			Table: c.settings.Table.String(), Run: "fill-1", Columns: []string{"n"},
		}, &plan))
		at := activities.RangeInput{Table: c.settings.Table.String(), Run: plan.Run, PlanSum: plan.PlanSum}
		require.NoError(t, c.step("ExtractIncremental", at, &activities.ExtractResult{}))
		var list activities.ListChunksResult
		require.NoError(t, c.step("ListChunks", activities.ListChunksInput{RangeInput: at, Limit: 1}, &list))
		run := lineage.Ref{Target: c.settings.Target, StateID: "state-1", Fence: 9}
		require.NoError(t, lineage.Begin(t.Context(), c.Dst, lineage.BeginSpec{Ref: run, Keeper: "k"}))
		write := func(fence int64) error {
			at.Fence = fence
			return c.step("UpsertChunk", activities.UpsertChunkInput{RangeInput: at, ChunkRef: list.Chunks[0]},
				&activities.UpsertChunkResult{})
		}
		requireType(t, write(8), failure.LeaseLost)
		require.Equal(t, []string{"0"}, dbtest.Texts(t, c.Dst.DB, "SELECT COUNT(n) FROM "+c.To+".t"))
		require.NoError(t, write(9))
	})
}

// The plan of a table whose old rows were not filled says so, with the command.
func TestThePlanNamesWhatIsNotFilled(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		c := newFilling(t, s, s)
		c.AtSource("ALTER TABLE t MODIFY n INT NOT NULL")
		texts := func() string {
			return fmt.Sprintf("%+v", c.previewed().Findings)
		}
		require.Contains(t, texts(), "tablehaul backfill "+c.settings.Table.String()+" n")
		c.fill(false)
		require.NotContains(t, texts(), "tablehaul backfill")
	})
}

// What cannot be filled is refused before anything is read, with the way out.
func TestBackfillsThatAreRefused(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		c := newFilling(t, s, s)
		refused := func(typ, what string, columns ...string) {
			t.Helper()
			var plan activities.PlanFillResult
			in := activities.PlanFillInput{Table: c.settings.Table.String(), Run: "fill-1", Columns: columns}
			err := c.step("PlanFill", in, &plan)
			requireType(t, err, typ)
			require.ErrorContains(t, err, what)
		}
		refused(failure.InvalidInput, "name one of id, v, updated_at, n", "other")
		refused(failure.InvalidInput, "in the key", "id")
		refused(failure.InvalidInput, "or the cursor", "updated_at")
		refused(failure.InvalidInput, "no column to fill")
		c.AtTarget("ALTER TABLE t DROP COLUMN n")
		refused(failure.UnsupportedTable, "run "+c.settings.Table.String()+" first", "n")
		c.settings.Cursor = ""
		refused(failure.InvalidInput, "tablehaul run", "n")
	})
}

// A backfill needs the privileges of a run, and no others.
func TestGrantsOfABackfill(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		c := newFilling(t, s, s)
		dbtest.WithGrants(t, s, "fills", "SELECT, INSERT, UPDATE ON "+c.To+".t")
		few, err := mysqldb.Open(t.Context(), "fills:pw@tcp("+s.Addr()+")/",
			mysqldb.Options{Role: mysqldb.Target, Name: "few grants"})
		require.NoError(t, err)
		t.Cleanup(func() { _ = few.Close() })
		c.deps.Target = func(context.Context, string) (*target.Target, error) { return target.New(few), nil }
		c.restart()
		require.Equal(t, activities.UpsertChunkResult{Updated: 250}, c.fill(false))
	})
}
