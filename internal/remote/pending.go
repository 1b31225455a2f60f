package remote

import (
	"context"
	"strings"
	"sync"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
)

const (
	// recentEvents is how many events of a history are read to find when a step was scheduled. A run waits for a few of
	// its latest steps.
	recentEvents = 200
	// workflowTaskTries is how often a workflow task may fail before that counts as a wait. The first failures may come
	// from a worker that restarts.
	workflowTaskTries = 1
	// taskText bounds what is shown of the error of a workflow task, in characters.
	taskText = 200
	// slow is how long a step runs, or waits for a worker, before that counts as a wait.
	slow = 30 * time.Second
)

// stepDecision is the step of a wait for a workflow's decision that fails.
const stepDecision = "workflow task"

// slowSteps run long where there is much to do, so their duration alone is no sign of a problem.
var slowSteps = map[string]bool{"ExtractIncremental": true, "WaitForFiles": true}

// Pending returns the unfinished steps of a run and of its ranges. It needs no worker.
func (c *Client) Pending(ctx context.Context, e Execution) (Pending, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	var out Pending
	children, err := c.describe(ctx, e, &out)
	if err != nil {
		return out, c.translate("", err)
	}
	for _, child := range children {
		var of Pending
		_, err := c.describe(ctx, child, &of)
		if err != nil && !isGone(err) {
			return out, c.translate("", err)
		}
		out.Extracted += of.Extracted
		for _, w := range of.Waits {
			out.Add(w)
		}
	}
	return out, nil
}

// describe adds the waits of one workflow to out, and returns its running children.
func (c *Client) describe(ctx context.Context, e Execution, out *Pending) ([]Execution, error) {
	d, err := c.latest(ctx, e)
	if err != nil {
		return nil, err
	}
	if status := d.GetWorkflowExecutionInfo().GetStatus(); status != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
		out.Closed = strings.ToLower(status.String())
		return nil, nil
	}
	self := Execution{e.WorkflowID, d.GetWorkflowExecutionInfo().GetExecution().GetRunId()}
	out.Latest = self
	if t := d.GetPendingWorkflowTask(); t.GetAttempt() > workflowTaskTries {
		out.Add(Wait{
			Step: stepDecision, Attempt: int(t.GetAttempt()), Since: t.GetOriginalScheduledTime().AsTime(),
			Reason: taskReason(c.taskFailure(ctx, self)),
		})
	}
	for _, a := range d.GetPendingActivities() {
		beat := heartbeatOf(a.GetHeartbeatDetails())
		out.Extracted += beat.Rows
		if w, ok := waitOf(a, beat, time.Now()); ok {
			if w.Since.IsZero() {
				w.Since = c.scheduledAt(ctx, self, a.GetActivityId())
			}
			out.Add(w)
		}
	}
	var children []Execution
	for _, child := range d.GetPendingChildren() {
		children = append(children, Execution{child.GetWorkflowId(), child.GetRunId()})
	}
	return children, nil
}

// taskReason says why every attempt of a workflow's decision fails.
func taskReason(failure string) string {
	if other := versionError(failure); other != nil {
		return other.what() + "; " + versionRemedy
	}
	text, _, _ := strings.Cut(failure, "\n")
	if owner.IsLaterVersion(text) {
		return text
	}
	if r := []rune(text); len(r) > taskText {
		text = string(r[:taskText]) + "…"
	}
	if text != "" {
		text = ": " + text
	}
	return "every attempt fails" + text + "; the run's history in the Web UI has the error. A worker of another " +
		"version can cause it"
}

// heartbeat is what a running step reports: activities.ExtractProgress as JSON, or a sentence.
type heartbeat struct {
	Rows    int64  `json:"rows"`
	Waiting string `json:"waiting"`
}

// heartbeatOf reads a heartbeat. One of an unknown form says nothing.
func heartbeatOf(p *commonpb.Payloads) heartbeat {
	if p == nil {
		return heartbeat{}
	}
	var text string
	if converter.GetDefaultDataConverter().FromPayloads(p, &text) == nil {
		if reason, ok := strings.CutPrefix(text, "waiting for "); ok {
			return heartbeat{Waiting: reason}
		}
		return heartbeat{}
	}
	var beat heartbeat
	if converter.GetDefaultDataConverter().FromPayloads(p, &beat) != nil {
		return heartbeat{}
	}
	return beat
}

// waitOf returns what a pending step waits for; false where it simply works.
func waitOf(a *workflowpb.PendingActivityInfo, beat heartbeat, now time.Time) (Wait, bool) {
	w := Wait{Step: a.GetActivityType().GetName(), Attempt: int(a.GetAttempt())}
	scheduled := a.GetState() == enumspb.PENDING_ACTIVITY_STATE_SCHEDULED
	if scheduled && a.GetScheduledTime() != nil {
		w.Next = a.GetScheduledTime().AsTime()
	}
	if a.GetLastStartedTime() != nil && w.Attempt <= 1 {
		w.Since = a.GetLastStartedTime().AsTime()
	}
	switch {
	case beat.Waiting != "" && !scheduled:
		w.Reason = beat.Waiting
		return w, true
	case w.Attempt > 1:
		w.Type, w.Reason = failure.Unexpected, a.GetLastFailure().GetMessage()
		if failed := failedOf(temporal.GetDefaultFailureConverter().FailureToError(a.GetLastFailure())); failed != nil {
			w.Type, w.Reason = failed.Type, failed.Message
		}
		if other := versionError(w.Reason); other != nil {
			w.Reason = other.what() + "; " + versionRemedy
		}
		return w, true
	case scheduled && now.Sub(w.Next) > slow:
		w.Since, w.Next = w.Next, time.Time{}
		w.Reason = "no worker has started it: all workers are busy, or none runs"
		return w, true
	case a.GetState() == enumspb.PENDING_ACTIVITY_STATE_STARTED && !slowSteps[w.Step] && now.Sub(w.Since) > slow:
		w.Reason = "it has started and does not end: the server that it uses may hang"
		return w, true
	}
	return Wait{}, false
}

// scheduledTimes remembers when steps were scheduled. Temporal's description of a step that is tried again does not
// say it; the history does.
type scheduledTimes struct {
	mu sync.Mutex
	at map[string]time.Time
}

// scheduledAt returns when a step was scheduled; zero where the history does not say it.
func (c *Client) scheduledAt(ctx context.Context, e Execution, activityID string) time.Time {
	key := e.RunID + "/" + activityID
	c.scheduled.mu.Lock()
	at, ok := c.scheduled.at[key]
	c.scheduled.mu.Unlock()
	if ok {
		return at
	}
	request := workflowservice.GetWorkflowExecutionHistoryReverseRequest{
		Namespace: c.namespace, MaximumPageSize: recentEvents,
		Execution: &commonpb.WorkflowExecution{WorkflowId: e.WorkflowID, RunId: e.RunID},
	}
	reply, err := c.client.WorkflowService().GetWorkflowExecutionHistoryReverse(ctx, &request)
	if err != nil {
		return time.Time{} // a wait is worth showing without its age
	}
	for _, event := range reply.GetHistory().GetEvents() {
		if event.GetActivityTaskScheduledEventAttributes().GetActivityId() == activityID {
			at = event.GetEventTime().AsTime()
			break
		}
	}
	c.scheduled.mu.Lock()
	defer c.scheduled.mu.Unlock()
	if c.scheduled.at == nil {
		c.scheduled.at = map[string]time.Time{}
	}
	c.scheduled.at[key] = at
	return at
}
