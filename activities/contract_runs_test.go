package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// contractCase is a change of the source, and what a contract makes of it.
type contractCase struct {
	set    func(*table.Contract)
	change string
	// next is a row after the change, and want what the target then has of it; refused is what the next run says
	// instead.
	next, want, refused string
}

var contractCases = map[string]contractCase{
	"add": {
		func(c *table.Contract) { c.NewColumns = table.ContractAdd }, "ADD COLUMN n INT NULL",
		"(id, v, updated_at, n) VALUES (3, 'new', '2024-01-04', 7)", "3 new 7", "",
	},
	"ignore": {
		func(c *table.Contract) { c.NewColumns = table.ContractIgnore }, "ADD COLUMN n INT NULL",
		"(id, v, updated_at, n) VALUES (3, 'new', '2024-01-04', 7)", "3 new", "",
	},
	"new fail": {
		func(c *table.Contract) { c.NewColumns = table.ContractFail }, "ADD COLUMN n INT NULL", "", "",
		"column n is missing on the target",
	},
	"alter": {
		func(c *table.Contract) { c.Widened = table.ContractAlter }, "MODIFY v VARCHAR(30)",
		"(id, v, updated_at) VALUES (3, 'a text of twenty-six chars', '2024-01-04')", "3 a text of twenty-six chars",
		"",
	},
	"widened fail": {
		func(c *table.Contract) { c.Widened = table.ContractFail }, "MODIFY v VARCHAR(30)", "", "",
		"schema.widened is fail",
	},
	"keep": {
		func(c *table.Contract) { c.Dropped = table.ContractKeep }, "DROP COLUMN w",
		"(id, v, updated_at) VALUES (3, 'new', '2024-01-04')", "3 new", "",
	},
	"dropped fail": {
		func(c *table.Contract) { c.Dropped = table.ContractFail }, "DROP COLUMN w", "", "", "schema.dropped is fail",
	},
	"narrowed": {
		func(c *table.Contract) { c.Narrowed = table.ContractFail }, "MODIFY v VARCHAR(10)", "", "", "schema.narrowed",
	},
}

// Rows that are staged when the source is altered arrive as they were read, and the next run goes by the contract: it
// follows the change, or ends before it writes.
func TestContractsWithRowsInFlight(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for name, c := range contractCases {
			b := emptyBench(t, s, s)
			c.set(&b.settings.Schema)
			b.AtSource("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20), w INT, updated_at DATETIME(6) NOT NULL, "+
				"KEY (updated_at))", "INSERT INTO t VALUES (1, 'first', 1, '2024-01-01')")
			state := b.stateAt("")
			state.Identity = b.moved("load", state, -1).plan.Identity
			state.Watermark, state.Loaded, state.Adopt = firstDay, true, false
			b.AtSource("INSERT INTO t VALUES (2, 'in flight', 2, '2024-01-02')")
			var plan activities.PlanRunResult
			require.NoError(t, b.step("PlanRun", activities.PlanRunInput{
				Table: b.settings.Table.String(), Run: "flight", State: state,
			}, &plan), name)
			in := activities.RangeInput{Table: b.settings.Table.String(), Run: plan.Run, PlanSum: plan.PlanSum}
			var extracted activities.ExtractResult
			require.NoError(t, b.step("ExtractIncremental", in, &extracted), name)
			b.AtSource("ALTER TABLE t " + c.change)
			b.writeStaged(in)
			require.Equal(t, []string{"1 first 1", "2 in flight 2"}, b.targetTexts("SELECT CONCAT_WS(' ', id, v, w) "+
				"FROM t ORDER BY id"), name)

			state.Watermark = "2024-01-02 00:00:00.000000"
			if c.refused != "" {
				require.ErrorContains(t, b.planned(activities.PlanRunInput{State: state}), c.refused, name)
				continue
			}
			b.AtSource("INSERT INTO t " + c.next)
			b.moved("next", state, -1)
			columns := "id, v"
			if name == "add" {
				columns += ", n"
			}
			require.Equal(t, []string{c.want}, b.targetTexts("SELECT CONCAT_WS(' ', "+columns+") FROM t WHERE id = 3"),
				name)
		}
	})
}

// writeStaged writes the chunks that a range has staged.
func (b *bench) writeStaged(in activities.RangeInput) {
	b.t.Helper()
	var page activities.ListChunksResult
	require.NoError(b.t, b.step("ListChunks", activities.ListChunksInput{RangeInput: in, Limit: 1000}, &page))
	for _, c := range page.Chunks {
		var out activities.UpsertChunkResult
		require.NoError(b.t, b.step("UpsertChunk", activities.UpsertChunkInput{RangeInput: in, ChunkRef: c}, &out))
	}
}
