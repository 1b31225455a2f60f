package app

import (
	"context"
	"errors"
	"hash/fnv"
	"log/slog"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/internal/clock"
	"github.com/tablehaul/tablehaul/workflows"
)

const (
	// sweepEvery is how often staging is looked through. Files are at least a day old when they
	// go, so that more often would find nothing more.
	sweepEvery = 6 * time.Hour
	// scheduleTimeout bounds one try at making the schedule, scheduleRetry is the pause after it.
	scheduleTimeout = 10 * time.Second
	scheduleRetry   = time.Minute
)

// keepSweeping sees to it that the schedule exists which sweeps this worker's staging, beside
// the worker's work. The function it returns ends that.
func keepSweeping(ctx context.Context, c client.Client, w *workers, age time.Duration, log *slog.Logger) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for age > 0 {
			err := makeSchedule(ctx, c, w)
			if err == nil || ctx.Err() != nil {
				return
			}
			log.Warn("the schedule that sweeps staging is not made yet", "error", err)
			if clock.Sleep(ctx, scheduleRetry) != nil {
				return
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// makeSchedule leaves a schedule that exists as it is: people may have paused or changed it.
func makeSchedule(ctx context.Context, c client.Client, w *workers) error {
	ctx, cancel := context.WithTimeout(ctx, scheduleTimeout)
	defer cancel()
	queue := w.hostQueue
	if queue == "" {
		queue = w.queue
	}
	id := workflows.SweepID(queue)
	spread := fnv.New32a() // hosts do not sweep all at the same moment
	spread.Write([]byte(id))
	_, err := c.ScheduleClient().Create(ctx, client.ScheduleOptions{
		ID: id,
		Spec: client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{
			Every: sweepEvery, Offset: time.Duration(spread.Sum32()) * time.Second % sweepEvery,
		}}},
		Action: &client.ScheduleWorkflowAction{
			ID: id, Workflow: workflows.SweepName, TaskQueue: w.queue,
			StaticSummary: "Remove what ended runs have left in staging",
			Args:          []any{workflows.SweepStagingInput{Queue: w.hostQueue}},
		},
		CatchupWindow: time.Minute, // what was missed is done by the next one
		Note:          "made by the worker; see docs/deploying.md",
	})
	if errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		return nil
	}
	return err
}
