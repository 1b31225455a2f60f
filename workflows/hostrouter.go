package workflows

import (
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/failure"
)

// hostRouter sends the steps of a run to a worker that has the run's files. Each step goes through these states.
//
//	state         the step is on              event                       next
//	task queue    the workflow's task queue   it ends                     its result
//	              (queue "", or not pinned)   WrongHost                   host queue; the router is pinned
//	host queue    the host's own queue        it ends                     its result
//	              (pinned)                    no worker starts it         ping
//	                                          within the timeout
//	ping          the host's ping queue       a worker answers            host queue; the timeout doubles
//	                                          no answer                   HostGone
//
// A step begins on the task queue because the worker that decided on it may start it with the same answer of Temporal.
// A step that waits on the host queue does not prove that the host is gone: its workers may be busy. So they are
// pinged, on a queue that carries nothing else.
type hostRouter struct {
	// queue is that of the host which has the files; "" if every worker sees them.
	queue string
	// pinned says that workers of other hosts serve the task queue, too.
	pinned bool
}

const (
	// startWithin is how long a step waits for a worker of its host before the host is pinged. The wait doubles with
	// each answer, up to longestWait, so that a busy host does not fill a history.
	startWithin = 15 * time.Second
	longestWait = 8 * time.Minute
	// answerWithin is how long a host has to answer a ping: longer than a worker takes to restart, as a rule. A host
	// that comes back later has lost its runs, and nothing else.
	answerWithin = 15 * time.Second
)

var pingOptions = workflow.ActivityOptions{
	ScheduleToStartTimeout: answerWithin, StartToCloseTimeout: 10 * time.Second,
	RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 1},
}

// step starts an activity on a host that has its files. It fails with HostGone if that host does not answer.
func (h *hostRouter) step(
	ctx workflow.Context, o workflow.ActivityOptions, summary, name string, in any,
) workflow.Future {
	if h.queue == "" {
		return execute(withOptions(ctx, o, summary), name, in)
	}
	done, settle := workflow.NewFuture(ctx)
	workflow.Go(ctx, func(ctx workflow.Context) {
		if !h.pinned {
			try := execute(withOptions(ctx, o, summary), name, in)
			err := try.Get(ctx, nil)
			if failureType(err) != failure.WrongHost {
				settle.Chain(try)
				return
			}
			h.pinned = true
			in = withRetryInfo(in, err)
		}
		h.stepAtHost(ctx, o, summary, name, in, settle)
	})
	return done
}

// stepAtHost schedules an activity on the host's own queue, as long as the host answers.
func (h *hostRouter) stepAtHost(
	ctx workflow.Context, o workflow.ActivityOptions, summary, name string, in any, settle workflow.Settable,
) {
	o.TaskQueue = h.queue
	o.ScheduleToStartTimeout = startWithin
	for {
		try := execute(withOptions(ctx, o, summary), name, in)
		err := try.Get(ctx, nil)
		if !neverStarted(err) {
			settle.Chain(try)
			return
		}
		in = withRetryInfo(in, err)
		if err := ping(ctx, h.queue); err != nil {
			settle.SetError(err)
			return
		}
		o.ScheduleToStartTimeout = min(2*o.ScheduleToStartTimeout, longestWait)
	}
}

// withRetryInfo is the input for another try of a step. It says whether an attempt of the try before may have run:
// one whose worker died did not report its outcome.
func withRetryInfo(in any, err error) any {
	chunk, ok := in.(activities.UpsertChunkInput)
	if !ok {
		return in
	}
	var timeout *temporal.TimeoutError
	var app *temporal.ApplicationError
	switch {
	case errors.As(err, &timeout):
		chunk.MayHaveRun = chunk.MayHaveRun || timeout.Unwrap() != nil // why the attempt before it ended
	case errors.As(err, &app):
		var d failure.Details
		chunk.MayHaveRun = app.Details(&d) != nil || d.Attempt > 1
	}
	return chunk
}

// execute starts an activity; nil is no input.
func execute(ctx workflow.Context, name string, in any) workflow.Future {
	if in == nil {
		return workflow.ExecuteActivity(ctx, name)
	}
	return workflow.ExecuteActivity(ctx, name, in)
}

// neverStarted reports whether an activity ended because no worker started it in time.
func neverStarted(err error) bool {
	var timeout *temporal.TimeoutError
	return errors.As(err, &timeout) && timeout.TimeoutType() == enumspb.TIMEOUT_TYPE_SCHEDULE_TO_START
}

// ping is nil if a worker of the host answers.
func ping(ctx workflow.Context, queue string) error {
	o := pingOptions
	o.TaskQueue = activities.PingQueue(queue)
	err := workflow.ExecuteActivity(withOptions(ctx, o, "ping worker host"), "PingHost").Get(ctx, nil)
	if err == nil || temporal.IsCanceledError(err) {
		return err
	}
	return temporal.NewApplicationErrorWithOptions(fmt.Sprintf("no worker answers on %s, where this run's files are: "+
		"start one there, or keep staging where every worker sees it", queue), failure.HostGone,
		temporal.ApplicationErrorOptions{NonRetryable: true})
}
