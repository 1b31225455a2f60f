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

// A place is where the steps of a run find its files.
//
// On one machine, and where files are shared, any worker of the task queue is right, and the
// one that decided on a step may begin it in the same breath. So a step goes there first. A
// worker that does not have the files says so at once; from then on the steps of the run go to
// the queue of the host that has them.
//
// That nobody there takes a step is no proof that the host is gone: its workers may be busy. So
// they are asked, on a queue that carries nothing else.
type hostRouter struct {
	// queue is that of the host which has the files; "" where every worker sees them.
	queue string
	// pinned says that other workers than the host's serve the task queue.
	pinned bool
}

const (
	// startWithin is how long a step may wait for a worker of its host before the host is asked
	// for. Each time it answers, the next wait is twice as long, up to longestWait: a busy host
	// must not fill a history.
	startWithin = 15 * time.Second
	longestWait = 8 * time.Minute
	// answerWithin is how long a host has to answer. Longer than a restarted worker takes to
	// come back, as a rule; a host that comes back later has lost its runs, and nothing else.
	answerWithin = 15 * time.Second
)

var pingOptions = workflow.ActivityOptions{
	ScheduleToStartTimeout: answerWithin, StartToCloseTimeout: 10 * time.Second,
	RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 1},
}

// step starts an activity where its files are. It fails with HostGone where that host does not
// answer any more.
func (p *hostRouter) step(ctx workflow.Context, o workflow.ActivityOptions, summary, name string, in any) workflow.Future {
	if p.queue == "" {
		return execute(withOptions(ctx, o, summary), name, in)
	}
	done, settle := workflow.NewFuture(ctx)
	workflow.Go(ctx, func(ctx workflow.Context) {
		if !p.pinned {
			try := execute(withOptions(ctx, o, summary), name, in)
			err := try.Get(ctx, nil)
			if failureType(err) != failure.WrongHost {
				settle.Chain(try)
				return
			}
			p.pinned = true
			in = withRetryInfo(in, err)
		}
		p.stepAtHost(ctx, o, summary, name, in, settle)
	})
	return done
}

// atHost schedules an activity on the host's own queue, for as long as the host answers.
func (p *hostRouter) stepAtHost(ctx workflow.Context, o workflow.ActivityOptions, summary, name string, in any, settle workflow.Settable) {
	o.TaskQueue = p.queue
	for o.ScheduleToStartTimeout = startWithin; ; o.ScheduleToStartTimeout = min(2*o.ScheduleToStartTimeout, longestWait) {
		try := execute(withOptions(ctx, o, summary), name, in)
		err := try.Get(ctx, nil)
		if !neverStarted(err) {
			settle.Chain(try)
			return
		}
		in = withRetryInfo(in, err)
		if err := ping(ctx, p.queue); err != nil {
			settle.SetError(err)
			return
		}
	}
}

// after is the input for another try of a step, which knows whether an earlier attempt had
// begun: one whose worker died, so that no other can tell what it did.
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

// neverStarted reports whether an activity ended because no worker had taken it in time.
func neverStarted(err error) bool {
	var timeout *temporal.TimeoutError
	return errors.As(err, &timeout) && timeout.TimeoutType() == enumspb.TIMEOUT_TYPE_SCHEDULE_TO_START
}

// ask is nil where a worker of the host answers.
func ping(ctx workflow.Context, queue string) error {
	o := pingOptions
	o.TaskQueue = activities.PingQueue(queue)
	err := workflow.ExecuteActivity(withOptions(ctx, o, "ping worker host"), "PingHost").Get(ctx, nil)
	if err == nil || temporal.IsCanceledError(err) {
		return err
	}
	return temporal.NewApplicationErrorWithOptions(
		fmt.Sprintf("no worker answers on %s, where this run's files are: start one there, or keep staging where every worker sees it", queue),
		failure.HostGone, temporal.ApplicationErrorOptions{NonRetryable: true})
}
