package integration_test

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	failurepb "go.temporal.io/api/failure/v1"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mysqldb/lineage"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// A replica of the target that lags takes its place in the middle of a run: it has the run's state row, and lacks
// chunks that were committed after it. The run writes its rows again, on the server that is there now.
func TestATargetThatFailsOverDuringARun(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		o := on(s, oneTable)
		o.defaults = ", tuning: { chunkRows: 100, chunksInFlight: 1 }"
		d := startWithDetour(t, s, o, true)
		p := d.product
		exec(t, p.src, oldRows...)
		p.sync("t")
		exec(t, d.there, createT, insertT(1, 1000)) // what the replica has of it

		exec(t, p.src, "UPDATE t SET n = n + 1, updated_at = updated_at")
		blocker := session(t, p.dst)
		say(t, blocker, "BEGIN", "SELECT * FROM t WHERE id = 950 FOR UPDATE")
		id := workflows.SyncTableID(p.queue, p.table("t"))
		run := p.launch(workflows.SyncTableInput{Table: p.table("t"), Full: true}, id)
		holds(t, p.dst, "SELECT COUNT(*) >= 500 FROM t WHERE n <> id % 100")
		copyStateRow(t, p.dst, d.there, p.to)
		d.leadTo(d.other)
		say(t, blocker, "ROLLBACK")
		require.NoError(t, run.Get(t.Context(), nil))
		p.dst = d.there
		p.equal("t", []string{"id"}, columnsT...)
		require.Contains(t, failuresOf(p, id, run.GetRunID()), failure.ServerChanged)
		require.Equal(t, api.ModeIncremental, p.sync("t").Mode)
	})
}

// copyStateRow gives the target table t of another server the state row that it has on this one.
func copyStateRow(t *testing.T, from, to *sql.DB, schema string) {
	t.Helper()
	const columns = "target_table, state_id, keeper, fence, run, watermark, done"
	row := scalar(t, from, "SELECT CONCAT_WS(',', QUOTE("+strings.ReplaceAll(columns, ", ", "), QUOTE(")+")) FROM "+
		lineage.StateTable+" WHERE target_table = 't'")
	exec(t, to, lineage.CreateStatement(table.Name{Schema: schema, Table: "t"}),
		"INSERT INTO "+lineage.StateTable+" ("+columns+") VALUES ("+row+")")
}

// failuresOf are the types of the failures of a run's steps.
func failuresOf(p *product, id, runID string) (types []string) {
	for _, e := range p.histories()[id+" "+runID].GetEvents() {
		for _, f := range []*failurepb.Failure{
			e.GetActivityTaskFailedEventAttributes().GetFailure(),
			e.GetChildWorkflowExecutionFailedEventAttributes().GetFailure(),
		} {
			for ; f != nil; f = f.GetCause() {
				types = append(types, f.GetApplicationFailureInfo().GetType())
			}
		}
	}
	return types
}

// The first run after a restore has no window, since the source does not say how far it is behind. What the target has
// lost is written by a later one.
func TestARestoredTargetGetsWhatItLostWhenTheWindowHasAnEndAgain(t *testing.T) {
	t.Parallel()
	for _, f := range servers.SomeFlavors(t) {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			s := servers.Private(t, f)
			p := start(t, options{
				source: s, target: servers.MySQL(t),
				tables: strings.Replace(oneTable, " }", ", write: append, allowReplica: true }", 1),
			})
			exec(t, p.src, oldRows...)
			p.sync("t")
			exec(t, p.dst, backUp...)
			exec(t, p.src, insertT(1001, 1010))
			p.settled("t")
			p.equal("t", []string{"id"}, columnsT...)
			exec(t, p.dst, restore...)
			exec(t, p.src, "SET GLOBAL read_only = ON")
			held := p.once("t")
			require.NotEmpty(t, held.HeldBack)
			require.Contains(t, strings.Join(held.Warnings, "\n"), "has lost its last runs")
			exec(t, p.src, "SET GLOBAL read_only = OFF")
			p.settled("t")
			p.equal("t", []string{"id"}, columnsT...)
		})
	}
}

// backUp keeps what the target holds, with its state row, and restore brings it back.
var (
	backUp = []string{
		"CREATE TABLE b LIKE t", "INSERT INTO b SELECT * FROM t",
		"CREATE TABLE bs LIKE " + lineage.StateTable, "INSERT INTO bs SELECT * FROM " + lineage.StateTable,
	}
	restore = []string{
		"DELETE FROM t", "INSERT INTO t SELECT * FROM b",
		"DELETE FROM " + lineage.StateTable, "INSERT INTO " + lineage.StateTable + " SELECT * FROM bs",
	}
)
