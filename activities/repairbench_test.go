package activities_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// repairBench is a table whose rows up to a watermark are on both sides.
type repairBench struct {
	*bench
	t      *testing.T
	server *servers.Server
	state  *stateClient
	runs   int
}

// newRepairBench copies a table by hand: definition is that of both sides, own what the target has beside it.
func newRepairBench(t *testing.T, s *servers.Server, definition, own string, rows ...string) *repairBench {
	t.Helper()
	b := &repairBench{bench: newBench(t, s), t: t, server: s}
	b.AtSource("DROP TABLE t", "CREATE TABLE t ("+definition+")")
	b.AtTarget("CREATE TABLE t (" + definition + own + ")")
	columns := ""
	if len(rows) > 0 {
		columns = rows[0]
		for _, row := range rows[1:] {
			insert := "INSERT INTO t (" + columns + ") VALUES (" + row + ")"
			b.AtSource(insert)
			b.AtTarget(insert)
		}
	}
	b.settings.Overlap, b.settings.Deletes.OwnsAll = time.Second, true
	b.state = &stateClient{state: owner.State{
		Version: 1, Table: b.settings.Table.String(), Watermark: watermark, Cursor: b.settings.Cursor, Adopt: true,
	}}
	b.deps.Client = b.state
	b.restart()
	return b
}

// compared runs the steps of a comparison, and returns what the others take.
func (b *repairBench) compared() (activities.RangeInput, map[verify.Verdict]int64) {
	b.t.Helper()
	b.runs++
	var plan activities.PlanVerifyResult
	table := b.settings.Table.String()
	require.NoError(b.t, b.step("PlanVerify", activities.PlanVerifyInput{
		Table: table, Run: fmt.Sprintf("verify-%d", b.runs), Depth: api.DepthDigest,
	}, &plan))
	in := activities.RangeInput{Table: table, Run: plan.Run, PlanSum: plan.PlanSum}
	out := b.compareAll(&in, plan)
	return in, out.verdicts
}

// planned is the plan of a repair of what a comparison has found.
func (b *repairBench) planned(in activities.PlanRepairInput) (activities.RangeInput, activities.PlanRepairResult) {
	b.t.Helper()
	var plan activities.PlanRepairResult
	require.NoError(b.t, b.step("PlanRepair", in, &plan))
	return activities.RangeInput{Table: in.Table, Run: plan.Run, PlanSum: plan.PlanSum}, plan
}

// write runs the steps that write what a batch has staged.
func (b *repairBench) write(in activities.RangeInput) (sum activities.UpsertChunkResult, err error) {
	b.t.Helper()
	var page activities.ListChunksResult
	if err := b.step("ListChunks", activities.ListChunksInput{RangeInput: in, Limit: 1000}, &page); err != nil {
		return sum, err
	}
	for _, chunk := range page.Chunks {
		var out activities.UpsertChunkResult
		if err = b.step("UpsertChunk", activities.UpsertChunkInput{RangeInput: in, ChunkRef: chunk}, &out); err != nil {
			return sum, err
		}
		sum.Inserted, sum.Updated = sum.Inserted+out.Inserted, sum.Updated+out.Updated
		sum.Unchanged, sum.Changed = sum.Unchanged+out.Unchanged, sum.Changed+out.Changed
	}
	return sum, nil
}

// repaired runs the steps of a repair, and returns what became of the keys and the name of its undo.
func (b *repairBench) repaired(overwriteNewer bool) (activities.FinishRepairResult, string) {
	b.t.Helper()
	found, _ := b.compared()
	in, plan := b.planned(activities.PlanRepairInput{RangeInput: found, OverwriteNewer: overwriteNewer})
	sum := activities.FinishRepairResult{Repaired: map[verify.Verdict]int64{}, Left: plan.Left}
	if sum.Left == nil {
		sum.Left = map[verify.Verdict]int64{}
	}
	for in.Range = range plan.Batches {
		var staged activities.ExtractResult
		require.NoError(b.t, b.step("StageRepair", in, &staged))
		_, err := b.write(in)
		require.NoError(b.t, err)
		var out activities.FinishRepairResult
		require.NoError(b.t, b.step("FinishRepair", in, &out))
		for v, n := range out.Repaired {
			sum.Repaired[v] += n
		}
		for v, n := range out.Left {
			sum.Left[v] += n
		}
		sum.Removed += out.Removed
	}
	return sum, plan.Undo
}

// undone runs the steps of an undo.
func (b *repairBench) undone(run string, dry bool) activities.FinishUndoResult {
	b.t.Helper()
	b.runs++
	var plan activities.PlanUndoResult
	require.NoError(b.t, b.step("PlanUndo", activities.PlanUndoInput{
		Table: b.settings.Table.String(), Undo: run, Run: fmt.Sprintf("undo-%d", b.runs),
	}, &plan))
	require.Equal(b.t, b.settings.Deletes.Mode == "", plan.NoSweeps)
	in := activities.FinishUndoInput{DryRun: dry, RangeInput: activities.RangeInput{
		Table: b.settings.Table.String(), Run: plan.Run, PlanSum: plan.PlanSum,
	}}
	var sum activities.FinishUndoResult
	for in.Range = range plan.Batches {
		if !dry {
			var staged activities.ExtractResult
			require.NoError(b.t, b.step("StageUndo", in.RangeInput, &staged))
			_, err := b.write(in.RangeInput)
			require.NoError(b.t, err)
		}
		var out activities.FinishUndoResult
		require.NoError(b.t, b.step("FinishUndo", in, &out))
		sum.Restored, sum.Changed = sum.Restored+out.Restored, sum.Changed+out.Changed
	}
	return sum
}

// source and target are all rows of a side, as text that tells them apart.
func (b *repairBench) source(columns string) []string { return b.rowsOf(b.From, columns) }
func (b *repairBench) target(columns string) []string { return b.rowsOf(b.To, columns) }

func (b *repairBench) rowsOf(schema, columns string) []string {
	b.t.Helper()
	var parts []string
	for _, c := range strings.Fields(columns) {
		parts = append(parts, "COALESCE(HEX(CAST("+c+" AS CHAR)), 'NULL')")
	}
	return dbtest.Texts(b.t, b.server.DB(b.t, schema), "SELECT CONCAT_WS('|', "+strings.Join(parts, ", ")+
		") AS r FROM t ORDER BY r")
}

const (
	ordersTable = "id INT PRIMARY KEY, v VARCHAR(20), f DOUBLE, d DECIMAL(10,2), updated_at TIMESTAMP(6) NULL, " +
		"twice INT AS (id * 2) STORED, KEY (updated_at)"
	ordersOwn = ", note VARCHAR(20) NOT NULL DEFAULT 'none', " +
		"touched TIMESTAMP(6) NOT NULL DEFAULT '2000-01-01' ON UPDATE CURRENT_TIMESTAMP(6)"
	ordersShared = "id v f d updated_at twice"
	ordersAll    = ordersShared + " note touched"
)

// newOrders has 20 rows on both sides, and differences of each kind on the target.
func newOrders(t *testing.T, s *servers.Server) *repairBench {
	rows := []string{"id, v, f, d, updated_at"}
	for i := 1; i <= 20; i++ {
		rows = append(rows, fmt.Sprintf("%d, 'v%d', %d / 7, %d, '2024-01-01 00:00:%02d'", i, i, i, i, i))
	}
	b := newRepairBench(t, s, ordersTable, ordersOwn, rows...)
	b.AtTarget(
		"UPDATE t SET note = CONCAT('note ', id), touched = '2001-01-01'",
		"DELETE FROM t WHERE id IN (1, 2)",
		"UPDATE t SET v = 'old', updated_at = '2023-01-01', touched = '2001-01-01' WHERE id IN (3, 4)",
		"UPDATE t SET v = 'V5', touched = '2001-01-01' WHERE id = 5",  // by case alone
		"UPDATE t SET f = -f, touched = '2001-01-01' WHERE id = 6",    // by a sign
		"UPDATE t SET v = NULL, touched = '2001-01-01' WHERE id = 7",  // NULL
		"UPDATE t SET v = 'v8 ', touched = '2001-01-01' WHERE id = 8", // by a space
		"UPDATE t SET v = 'later', updated_at = '2024-02-01', touched = '2001-01-01' WHERE id = 9",
		"INSERT INTO t (id, v, updated_at) VALUES (99, 'gone', '2024-01-01')",
	)
	return b
}
