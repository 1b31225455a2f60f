package integration_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/remote"
	"github.com/tablehaul/tablehaul/workflows"
)

// docsTable is the table of the pages.
const docsTable = "shop.orders"

var (
	// goesOn matches commands that end before what they have started does.
	goesOn = regexp.MustCompile(`workflow start|schedule|--no-wait|resume`)
	// scheduleID finds the id of a schedule in a command of the temporal command line.
	scheduleID = regexp.MustCompile(`--schedule-id[ =](\S+)`)
)

// appliedSchedules are the ids of the schedules that schedule apply makes of the pages' table.
func appliedSchedules() map[string]bool {
	return map[string]bool{
		remote.ScheduleID(workflows.TaskQueue, docsTable):        true,
		remote.VerifyScheduleID(workflows.TaskQueue, docsTable):  true,
		remote.DeletesScheduleID(workflows.TaskQueue, docsTable): true,
	}
}

// quiet waits until what a command has started has ended: the next one would find its table busy. It pauses the
// schedules, which would start a run in the middle of a page. It does not ask Temporal's list, which is a moment old.
// before are the schedules' actions before the command: one that it triggers acts a moment later.
func (r *reader) quiet(b block, script string, before map[string]int) {
	r.t.Helper()
	triggered := strings.Contains(script, "schedule trigger")
	for deadline := time.Now().Add(timeout); ; {
		actions, goOn := r.scheduledRuns()
		acted := false
		for id, n := range actions {
			acted = acted || n > before[id]
		}
		if !goOn && !r.held() && (acted || !triggered) {
			return
		}
		require.True(r.t, time.Now().Before(deadline) && pause(r.t.Context(), 50*time.Millisecond),
			"after %s: a run does not end", b)
	}
}

// noteSchedules notes the schedules that a command names.
func (r *reader) noteSchedules(script string) {
	for _, m := range scheduleID.FindAllStringSubmatch(script, -1) {
		r.schedules[m[1]] = true
	}
}

// scheduledRuns returns how often each schedule has acted, and whether a run that one has started goes on. It pauses
// each schedule.
func (r *reader) scheduledRuns() (actions map[string]int, goOn bool) {
	r.t.Helper()
	actions = map[string]int{}
	for id := range r.schedules {
		handle := r.client.ScheduleClient().GetHandle(r.t.Context(), id)
		d, err := handle.Describe(r.t.Context())
		if isNotFound(err) {
			continue
		}
		require.NoError(r.t, err, "%s", id)
		if !d.Schedule.State.Paused {
			require.NoError(r.t, handle.Pause(r.t.Context(), client.SchedulePauseOptions{Note: d.Schedule.State.Note}))
			goOn = true // look again: a run may have begun meanwhile
		}
		actions[id] = d.Info.NumActions + d.Info.NumActionsSkippedOverlap
		for _, run := range d.Info.RunningWorkflows {
			goOn = goOn || r.runs(run.WorkflowID)
		}
	}
	return actions, goOn
}

// held reports whether a run of the pages' table goes on, or holds the table.
func (r *reader) held() bool {
	r.t.Helper()
	if r.runs(workflows.SyncTableID(workflows.TaskQueue, docsTable)) {
		return true
	}
	state, there, err := owner.ReadState(r.t.Context(), r.client, workflows.TaskQueue, docsTable)
	require.NoError(r.t, err)
	return there && state.Lease != nil && r.runs(state.Lease.WorkflowID)
}

// runs reports whether a workflow goes on that has a worker: what stand starts has none.
func (r *reader) runs(id string) bool {
	r.t.Helper()
	d, err := r.client.DescribeWorkflowExecution(r.t.Context(), id, "")
	if isNotFound(err) {
		return false
	}
	require.NoError(r.t, err, "%s", id)
	info := d.GetWorkflowExecutionInfo()
	return info.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING && info.GetTaskQueue() == workflows.TaskQueue
}

// isNotFound reports whether Temporal does not have what was asked for.
func isNotFound(err error) bool {
	_, ok := errors.AsType[*serviceerror.NotFound](err)
	return ok
}

// tidy removes what a page leaves: the next one may make a schedule of the same name.
func (r *reader) tidy() {
	r.t.Helper()
	list, err := r.client.WorkflowService().ListSchedules(r.t.Context(),
		&workflowservice.ListSchedulesRequest{Namespace: "default"})
	require.NoError(r.t, err)
	for _, s := range list.GetSchedules() {
		r.schedules[s.GetScheduleId()] = true // one of the worker's own
	}
	for id := range r.schedules {
		err := r.client.ScheduleClient().GetHandle(r.t.Context(), id).Delete(r.t.Context())
		require.True(r.t, err == nil || isNotFound(err), "%s: %v", id, err)
	}
	require.NoError(r.t, os.RemoveAll(filepath.Join(r.dir, "tablehaul.yaml")))
	r.endStanding()
}
