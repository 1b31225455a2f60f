package main

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/internal/failure"
)

const (
	// recentEvents is how far back a history is read for the time at which a waiting step was
	// asked for. A run waits for a few of its latest steps.
	recentEvents = 200
	// stuckTries is how often a worker may fail to take a run's next decision before that is
	// said: the first failures may be a worker that is being restarted.
	stuckTries = 1
)

// pending describes the run and its running ranges. No worker is needed for that.
func (s *temporalService) pending(ctx context.Context, e execution) (pending, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	var out pending
	children, err := s.describe(ctx, e, &out)
	if err != nil {
		return out, s.explain("", err)
	}
	for _, child := range children {
		var more pending
		_, err := s.describe(ctx, child, &more)
		var gone *serviceerror.NotFound
		if err != nil && !errors.As(err, &gone) {
			return out, s.explain("", err)
		}
		out.Extracted += more.Extracted
		for _, w := range more.Waits {
			out.add(w)
		}
	}
	return out, nil
}

// describe adds one workflow's waits and returns its children that run.
func (s *temporalService) describe(ctx context.Context, e execution, out *pending) ([]execution, error) {
	d, err := s.client.DescribeWorkflowExecution(ctx, e.WorkflowID, e.RunID)
	if err != nil {
		return nil, err
	}
	if status := d.GetWorkflowExecutionInfo().GetStatus(); status != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
		out.Closed = strings.ToLower(status.String())
		return nil, nil
	}
	if t := d.GetPendingWorkflowTask(); t.GetAttempt() > stuckTries {
		out.add(wait{
			Step: "the worker's next decision", Attempt: int(t.GetAttempt()), Since: t.GetOriginalScheduledTime().AsTime(),
			Reason: "every try fails: the run's history in the Web UI says why; a worker of another version may be the cause",
		})
	}
	at := execution{e.WorkflowID, d.GetWorkflowExecutionInfo().GetExecution().GetRunId()}
	for _, a := range d.GetPendingActivities() {
		beat := heartbeatOf(a.GetHeartbeatDetails())
		out.Extracted += beat.Rows
		if w, ok := waitOf(a, beat, time.Now()); ok {
			w.Since = s.askedAt(ctx, at, a.GetActivityId(), w.Since)
			out.add(w)
		}
	}
	var children []execution
	for _, c := range d.GetPendingChildren() {
		children = append(children, execution{c.GetWorkflowId(), c.GetRunId()})
	}
	return children, nil
}

// heartbeat is what steps tell of themselves: activities.ExtractProgress as JSON, or a sentence.
type heartbeat struct {
	Rows    int64  `json:"rows"`
	Waiting string `json:"waiting"`
}

// heartbeatOf reads a heartbeat; one that it does not know says nothing.
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

// waitOf is what a pending step waits for; false where it simply works.
func waitOf(a *workflowpb.PendingActivityInfo, beat heartbeat, now time.Time) (wait, bool) {
	w := wait{Step: a.GetActivityType().GetName(), Attempt: int(a.GetAttempt())}
	waitsForTry := a.GetState() == enumspb.PENDING_ACTIVITY_STATE_SCHEDULED
	if waitsForTry && a.GetScheduledTime() != nil {
		w.Next = a.GetScheduledTime().AsTime()
	}
	if a.GetLastStartedTime() != nil && w.Attempt <= 1 {
		w.Since = a.GetLastStartedTime().AsTime()
	}
	switch {
	case beat.Waiting != "" && !waitsForTry:
		w.Reason = beat.Waiting
		return w, true
	case w.Attempt > 1:
		w.Type, w.Reason = failure.Unexpected, a.GetLastFailure().GetMessage()
		if failed := failedOf(temporal.GetDefaultFailureConverter().FailureToError(a.GetLastFailure())); failed != nil {
			w.Type, w.Reason = failed.Type, failed.Message
		}
		return w, true
	case waitsForTry && now.Sub(w.Next) > slow:
		w.Since, w.Next = w.Next, time.Time{}
		w.Reason = "no worker has taken it: they are busy, or there is none"
		return w, true
	case a.GetState() == enumspb.PENDING_ACTIVITY_STATE_STARTED && !slowSteps[w.Step] && now.Sub(w.Since) > slow:
		w.Reason = "it was begun and does not end: the server that it works on may hang"
		return w, true
	}
	return wait{}, false
}

// asked remembers when steps were asked for: their describing does not say it of one that is
// tried again, their history does.
type asked struct {
	mu sync.Mutex
	at map[string]time.Time
}

func (s *temporalService) askedAt(ctx context.Context, e execution, id string, known time.Time) time.Time {
	if !known.IsZero() {
		return known
	}
	key := e.RunID + "/" + id
	s.asked.mu.Lock()
	at, ok := s.asked.at[key]
	s.asked.mu.Unlock()
	if ok {
		return at
	}
	reply, err := s.client.WorkflowService().GetWorkflowExecutionHistoryReverse(ctx, &workflowservice.GetWorkflowExecutionHistoryReverseRequest{
		Namespace: s.namespace, MaximumPageSize: recentEvents,
		Execution: &commonpb.WorkflowExecution{WorkflowId: e.WorkflowID, RunId: e.RunID},
	})
	if err != nil {
		return time.Time{} // a wait without its age is still a wait
	}
	for _, event := range reply.GetHistory().GetEvents() {
		if event.GetActivityTaskScheduledEventAttributes().GetActivityId() == id {
			at = event.GetEventTime().AsTime()
			break
		}
	}
	s.asked.mu.Lock()
	defer s.asked.mu.Unlock()
	if s.asked.at == nil {
		s.asked.at = map[string]time.Time{}
	}
	s.asked.at[key] = at
	return at
}
