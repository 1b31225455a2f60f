package integration_test

import (
	"context"
	"encoding/json"
	osexec "os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/tablehaul/tablehaul/internal/testenv/temporaltest"
	"github.com/tablehaul/tablehaul/workflows"
)

// temporalCLI runs the official command line as people do.
func (p *product) temporalCLI(args ...string) string {
	p.t.Helper()
	cmd := osexec.CommandContext(p.t.Context(), temporaltest.CLI(p.t), append(args, "--address", p.temporal.Address)...)
	out, err := cmd.CombinedOutput()
	require.NoError(p.t, err, "temporal %s: %s", strings.Join(args, " "), out)
	return string(out)
}

// finished counts the runs of the table that its state has as done.
func (p *product) finished(name string) int {
	value, err := p.client.QueryWorkflow(p.t.Context(), workflows.TableStateID(p.queue, p.table(name)), "", "state")
	if err != nil {
		return 0
	}
	var s workflows.TableStateView
	require.NoError(p.t, value.Get(&s))
	return len(s.LastRuns)
}

func TestTemporalCLIStartsARun(t *testing.T) {
	t.Parallel()
	p := start(t, options{})
	fillT(p)
	id := workflows.SyncTableID(p.queue, p.table("t"))
	p.temporalCLI("workflow", "start", "--task-queue", p.queue, "--type", "SyncTable", "--workflow-id", id, "--input",
		`{"table":"`+p.table("t")+`"}`)
	requireClosed(t, p, id)
	var shown struct {
		Status string
		Result workflows.SyncTableResult
	}
	require.NoError(t, json.Unmarshal([]byte(p.temporalCLI("workflow", "result", "--workflow-id", id, "--output",
		"json")), &shown))
	require.EqualValues(t, 100, shown.Result.Inserted)
	history := p.temporalCLI("workflow", "show", "--workflow-id", id, "--output", "json")
	require.Contains(t, history, "ExtractIncremental")
	p.equal("t", []string{"id"}, columnsT...)
}

func TestTemporalCLICron(t *testing.T) {
	t.Parallel()
	p := start(t, options{})
	fillT(p)
	id := workflows.SyncTableID(p.queue, p.table("t"))
	p.temporalCLI("workflow", "start", "--task-queue", p.queue, "--type", "SyncTable", "--workflow-id", id,
		"--input", `{"table":"`+p.table("t")+`"}`, "--cron", "@every 1s")
	require.Eventually(t, func() bool { return p.finished("t") >= 2 }, timeout, poll)
	require.NoError(t, p.client.TerminateWorkflow(t.Context(), id, "", "test"))
	p.equal("t", []string{"id"}, columnsT...)
}

func TestTemporalCLISchedule(t *testing.T) {
	t.Parallel()
	p := start(t, options{})
	fillT(p)
	id := "schedule-" + p.from
	p.temporalCLI("schedule", "create", "--schedule-id", id, "--interval", "1s", "--task-queue", p.queue, "--type",
		"SyncTable",
		"--workflow-id", workflows.SyncTableID(p.queue, p.table("t")), "--input", `{"table":"`+p.table("t")+`"}`)
	t.Cleanup(func() {
		_, err := p.client.WorkflowService().DeleteSchedule(context.Background(),
			&workflowservice.DeleteScheduleRequest{Namespace: "default", ScheduleId: id})
		require.NoError(t, err)
	})
	require.Eventually(t, func() bool { return p.finished("t") >= 2 }, timeout, poll)
	p.equal("t", []string{"id"}, columnsT...)
}

// fillT makes the source table with 100 old rows.
func fillT(p *product) {
	exec(p.t, p.src, createT, insertT(1, 100), "UPDATE t SET updated_at = '2024-01-01'")
}
