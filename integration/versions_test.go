package integration_test

import (
	"context"
	"os"
	osexec "os/exec"
	"testing"

	"github.com/stretchr/testify/require"
	sdkworker "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/owner"
)

// otherVersion starts a worker that knows these workflows only, by their names.
func (p *product) otherVersion(known map[string]any) {
	p.t.Helper()
	w := sdkworker.New(p.client, p.queue, sdkworker.Options{})
	for name, function := range known {
		w.RegisterWorkflowWithOptions(function, workflow.RegisterOptions{Name: name})
	}
	require.NoError(p.t, w.Start())
	p.t.Cleanup(w.Stop)
}

// answering is a workflow that answers a query, and ends at once with a result, or never where that is nil.
func answering(query string, answer, result map[string]any) any {
	return func(ctx workflow.Context, _ map[string]any) (map[string]any, error) {
		err := workflow.SetQueryHandler(ctx, query, func() (map[string]any, error) { return answer, nil })
		if err == nil && result == nil {
			err = workflow.Await(ctx, func() bool { return false })
		}
		return result, err
	}
}

// A worker of an earlier version does not know what this command line asks for: each way of asking says so, with the
// remedy, and what both know goes on to work.
func TestTheCommandLineBesideAnEarlierWorker(t *testing.T) {
	t.Parallel()
	p := start(t, options{idle: true})
	p.otherVersion(map[string]any{
		owner.WorkflowType: answering(owner.QueryState, map[string]any{
			"version": 1, "table": p.table("t"), "watermark": "2024-05-01 12:00:00",
		}, nil),
	})
	got := p.cliFails(1, "deletes resume "+p.table("t"))
	require.Regexp(t, `the workers do not know the update pauseDeletes: they are of another version than this command `+
		`line, which is .*\n  remedy: upgrade the older of the two; .tablehaul version. and .tablehaul-worker`, got)
	require.Equal(t, "2024-05-01 12:00:00\n", p.cli("watermark show "+p.table("t")))

	log := &overheard{}
	ctx, cancel := context.WithCancel(t.Context())
	cmd := p.command(ctx, "verify", p.table("t"))
	cmd.Stderr = log
	require.NoError(t, cmd.Start())
	log.await(t, "the workers do not know the workflow VerifyTable: they are of another version")
	cancel()
	_ = cmd.Wait() // it was killed
}

// command is tablehaul as a process.
func (p *product) command(ctx context.Context, args ...string) *osexec.Cmd {
	p.t.Helper()
	path, err := tablehaulBinary()
	require.NoError(p.t, err)
	cmd := osexec.CommandContext(ctx, path, append([]string{"--task-queue", p.queue}, args...)...)
	cmd.Env = append(os.Environ(), "TEMPORAL_ADDRESS="+p.temporal.Address, "TABLEHAUL_CONFIG="+p.config())
	return cmd
}

// A worker of a later version answers with more than this command line knows: keys are left out, unknown words are
// printed as they are.
func TestTheCommandLineBesideALaterWorker(t *testing.T) {
	t.Parallel()
	p := start(t, options{idle: true})
	name := p.table("t")
	p.otherVersion(map[string]any{
		owner.WorkflowType: answering(owner.QueryState, map[string]any{
			"version": owner.StateVersion + 1, "table": name, "watermark": "2024-05-01 12:00:00",
			"moods": []string{"good"},
			"lastRuns": []map[string]any{{
				"mode": "teleport", "outcome": "delighted", "rows": 7, "started": "2024-05-01T12:00:00Z",
				"finished": "2024-05-01T12:00:01Z", "charm": 3,
			}},
		}, nil),
		api.SyncTableName: answering(api.QueryStatus, map[string]any{"phase": "beam", "mode": "teleport", "mood": 1},
			map[string]any{"table": name, "mode": "teleport", "rowsExtracted": 7, "inserted": 7, "mood": "good"}),
	})
	state := startOptions(p, owner.WorkflowID(p.queue, name))
	_, err := p.client.ExecuteWorkflow(t.Context(), state, owner.WorkflowType, map[string]any{"table": name})
	require.NoError(t, err)
	require.Contains(t, p.cli("run "+name), "done: teleport")
	status := p.cli("status")
	require.Contains(t, status, "delighted")
	require.Contains(t, status, "has a state of version 2, and this command line reads up to 1")
	require.Contains(t, p.cli("history "+name), "teleport")
	require.Contains(t, p.cli("status "+name), "2024-05-01 12:00:00")
}
