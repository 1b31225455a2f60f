package workflows

import (
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
)

// Where files are not shared, the steps that need them are scheduled on the queue of the host
// that has them. A step that nobody there takes is no proof that the host is gone: its workers
// may be busy. So they are asked, on a queue that carries nothing else.

const (
	// startWithin is how long a step may wait for a worker of its host before the host is asked
	// for. Each time it answers, the next wait is twice as long, up to longestWait: a busy host
	// must not fill a history.
	startWithin = 15 * time.Second
	longestWait = 8 * time.Minute
	// answerWithin is how long a host has to answer. Longer than a restarted worker takes to
	// come back, as a rule; a host that comes back later has lost its runs, and nothing else.
	answerWithin = 15 * time.Second
	// maxHosts is how many hosts a run may lose files with before it fails: once is an accident.
	maxHosts = 3
)

var askOptions = workflow.ActivityOptions{
	ScheduleToStartTimeout: answerWithin, StartToCloseTimeout: 10 * time.Second,
	RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 1},
}

// step starts an activity: with queue "" on any worker, else on the host whose queue it is. It
// fails with HostGone where the host does not answer any more.
func step(ctx workflow.Context, queue string, o workflow.ActivityOptions, summary, name string, in any) workflow.Future {
	if queue == "" {
		return execute(with(ctx, o, summary), name, in)
	}
	done, settle := workflow.NewFuture(ctx)
	workflow.Go(ctx, func(ctx workflow.Context) {
		o.TaskQueue = queue
		for o.ScheduleToStartTimeout = startWithin; ; o.ScheduleToStartTimeout = min(2*o.ScheduleToStartTimeout, longestWait) {
			try := execute(with(ctx, o, summary), name, in)
			if !neverStarted(try.Get(ctx, nil)) {
				settle.Chain(try)
				return
			}
			if err := ask(ctx, queue); err != nil {
				settle.SetError(err)
				return
			}
		}
	})
	return done
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
func ask(ctx workflow.Context, queue string) error {
	o := askOptions
	o.TaskQueue = activities.PresenceQueue(queue)
	err := workflow.ExecuteActivity(with(ctx, o, "is anybody there?"), "AskHost").Get(ctx, nil)
	if err == nil || temporal.IsCanceledError(err) {
		return err
	}
	return temporal.NewApplicationErrorWithOptions(
		fmt.Sprintf("no worker answers on %s, where this run's files are: start one there, or keep staging where every worker sees it", queue),
		activities.TypeHostGone, temporal.ApplicationErrorOptions{NonRetryable: true})
}

// preferred runs an activity on a host, or on any worker where that host is gone.
func preferred(ctx workflow.Context, queue string, o workflow.ActivityOptions, summary, name string, in, out any) error {
	err := step(ctx, queue, o, summary, name, in).Get(ctx, out)
	if failureType(err) != activities.TypeHostGone {
		return err
	}
	return step(ctx, "", o, summary, name, in).Get(ctx, out)
}
