package integration_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/worker"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/verify"
	"github.com/tablehaul/tablehaul/workflows"
)

// recordTo names a folder that gets the histories of TestFreshHistoriesReplay, for
// workflows/testdata: `make histories` sets it before a release.
const recordTo = "TABLEHAUL_RECORD_HISTORIES"

// Every kind of run replays with the code that made it: workflows are deterministic.
func TestFreshHistoriesReplay(t *testing.T) {
	t.Parallel()
	p := start(t, options{defaults: ", tuning: { chunkRows: 100, rangeRows: 500 }, deletes: { mode: hard, grace: 0s }"})
	exec(t, p.src, createT, insertT(1, 2000), "UPDATE t SET updated_at = '2024-01-01 00:00:00' + INTERVAL id SECOND",
		"ANALYZE TABLE t")
	launch := func(name string, in any, id string) {
		_ = p.launch(in, name+"-"+id).Get(t.Context(), nil)
	}
	launch("first-load", workflows.SyncTableInput{Table: p.table("t")}, p.from)
	exec(t, p.src, "UPDATE t SET n = 7 WHERE id <= 150")
	launch("incremental", workflows.SyncTableInput{Table: p.table("t")}, p.from)
	launch("nothing", workflows.SyncTableInput{Table: p.table("t")}, p.from)
	launch("backfill", workflows.SyncTableInput{Table: p.table("t"), From: "2024-01-01", To: "2024-01-01 00:10:00"},
		p.from)
	launch("bad-input", map[string]any{"tabel": "x"}, p.from)
	compareAndUndo(p)
	p.ask("fill", api.FillColumnsName, api.FillColumnsInput{Table: p.table("t"), Columns: []string{"n"}}, nil)
	exec(t, p.dst, "ALTER TABLE t ADD CHECK (n <> 999)")
	exec(t, p.src, "UPDATE t SET n = 999, updated_at = NOW(6) - INTERVAL 30 SECOND WHERE id = 5")
	launch("refused-row", workflows.SyncTableInput{Table: p.table("t"), Full: true}, p.from)
	p.ask("plan", workflows.PlanTableName, workflows.PlanTableInput{Table: p.table("t")}, nil)

	p.replays("", workflows.SyncTableName, workflows.SyncRangeName, workflows.PlanTableName,
		workflows.VerifyTableName, api.UndoTableName, api.FillColumnsName, owner.WorkflowType)
}

// replays requires that each of the product's histories replays, and that there are some of each of the types. Where
// they are recorded, their names begin with prefix.
func (p *product) replays(prefix string, types ...string) {
	p.t.Helper()
	replayer := newReplayer(p.t)
	seen := map[string]int{}
	for id, h := range p.histories() {
		require.NoError(p.t, replayer.ReplayWorkflowHistory(silent{}, h), id)
		typ := h.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes().GetWorkflowType().GetName()
		seen[typ]++
		if dir := os.Getenv(recordTo); dir != "" {
			record(p.t, dir, prefix+strings.ReplaceAll(strings.Fields(id)[0], "/", "_"), p.from, h)
		}
	}
	for _, typ := range types {
		require.Positive(p.t, seen[typ], typ)
	}
}

// newReplayer knows every workflow. It takes none for blocked that waits for the processor.
func newReplayer(t *testing.T) worker.WorkflowReplayer {
	t.Helper()
	replayer, err := worker.NewWorkflowReplayerWithOptions(
		worker.WorkflowReplayerOptions{DisableDeadlockDetection: true})
	require.NoError(t, err)
	workflows.Register(replayer)
	return replayer
}

// ask runs a workflow to its end.
func (p *product) ask(name, typ string, in, out any) {
	p.t.Helper()
	run, err := p.client.ExecuteWorkflow(p.t.Context(), startOptions(p, name+"-"+p.from), typ, in)
	require.NoError(p.t, err)
	require.NoError(p.t, run.Get(p.t.Context(), out))
}

// compareAndUndo repairs a row that was lost, sweeps one that was deleted, and undoes the repair.
func compareAndUndo(p *product) {
	p.t.Helper()
	exec(p.t, p.dst, "DELETE FROM t WHERE id = 900")
	exec(p.t, p.src, "DELETE FROM t WHERE id = 1100")
	in := workflows.VerifyTableInput{Table: p.table("t"), Repair: true}
	var repaired, swept workflows.VerifyTableResult
	p.ask("repair", workflows.VerifyTableName, in, &repaired)
	require.EqualValues(p.t, 1, repaired.Repaired[verify.Missing], "%+v", repaired)
	in = workflows.VerifyTableInput{Table: p.table("t"), Deletes: true}
	p.ask("sweep", workflows.VerifyTableName, in, &swept)
	require.EqualValues(p.t, 1, swept.Sweep.Deleted)
	require.Len(p.t, repaired.Undo, 1)
	p.ask("undo", api.UndoTableName, api.UndoTableInput{Table: p.table("t"), Run: repaired.Undo[0]}, nil)
}

// leaseNumber is the part of a range's workflow id that follows the clock.
var leaseNumber = regexp.MustCompile(`_run-\d+`)

var identity = regexp.MustCompile(`"identity": *"[^"]*"`)

// record writes a history as `temporal workflow show --output json` prints it, without the
// name of the machine that it was made on.
func record(t *testing.T, dir, name, schema string, h *historypb.History) {
	t.Helper()
	raw, err := protojson.Marshal(h)
	require.NoError(t, err)
	raw = identity.ReplaceAll(raw, []byte(`"identity":"worker"`))
	var text bytes.Buffer
	require.NoError(t, json.Indent(&text, raw, "", " "))
	name = strings.Trim(strings.ReplaceAll(name, schema, ""), "-_.")
	name = strings.TrimSuffix(leaseNumber.ReplaceAllString(name, ""), "@queue")
	name = strings.ReplaceAll(name, "-_", "_")
	require.NoError(t, os.MkdirAll(dir, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, name+".json"), text.Bytes(), 0o644))
}
