package app

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	workflowservice "go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/clock"
)

const (
	// clockWarn and clockRefuse are how far a worker's clock may be from Temporal's. A table without a cursor is
	// written by the next run two minutes after a terminated run's end, when no chunk of it can be on its way any more:
	// a clock that is further ahead than this would not wait long enough.
	clockWarn   = 5 * time.Second
	clockRefuse = time.Minute
	// seenWithin bounds the wait for Temporal to say that it has seen this worker.
	seenWithin = 5 * time.Second
	seenPoll   = 50 * time.Millisecond
)

// oldestServer is the first version of Temporal's server, major and minor, that lets a run
// reach its table's state workflow (update with start) without a setting of its own.
var oldestServer = [2]int{1, 28}

// checkServer refuses a Temporal server that is too old for what runs need.
func checkServer(ctx context.Context, c client.Client, log *slog.Logger) error {
	info, err := c.WorkflowService().GetSystemInfo(ctx, &workflowservice.GetSystemInfoRequest{})
	if err != nil {
		return fmt.Errorf("ask Temporal for its version: %w", err)
	}
	return checkServerVersion(info.GetServerVersion(), log)
}

// namespaceID is what no other namespace has, of this or of another Temporal.
func namespaceID(ctx context.Context, c client.Client, namespace string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	d, err := c.WorkflowService().DescribeNamespace(ctx,
		&workflowservice.DescribeNamespaceRequest{Namespace: namespace})
	return d.GetNamespaceInfo().GetId(), err
}

func checkServerVersion(version string, log *slog.Logger) error {
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	var got [2]int
	for i := range got {
		var err error
		if i < len(parts) {
			got[i], err = strconv.Atoi(parts[i])
		}
		if err != nil || i >= len(parts) {
			log.Warn("Temporal's version is not known, and not checked", "version", version)
			return nil
		}
	}
	if got[0] < oldestServer[0] || got[0] == oldestServer[0] && got[1] < oldestServer[1] {
		return fmt.Errorf("the Temporal server is version %s: Tablehaul needs %d.%d or later (update with start)",
			version, oldestServer[0], oldestServer[1])
	}
	return nil
}

// checkClock compares this machine's clock with Temporal's: a worker that began to poll after
// started, by its own clock, was seen at some time by Temporal's.
func checkClock(ctx context.Context, c client.Client, w *workers, started time.Time, now func() time.Time,
	log *slog.Logger,
) error {
	ctx, cancel := context.WithTimeout(ctx, seenWithin)
	defer cancel()
	for {
		seen, err := lastSeen(ctx, c, w.queue, w.identity)
		if !seen.IsZero() {
			return checkClockSkew(skew(started, now(), seen), log)
		}
		if clock.Sleep(ctx, seenPoll) != nil {
			log.Warn("Temporal does not say when it saw this worker: its clock is not compared", "error", err)
			return nil
		}
	}
}

// lastSeen is when Temporal last saw a worker poll a queue, by Temporal's clock; zero for never.
func lastSeen(ctx context.Context, c client.Client, queue, worker string) (time.Time, error) {
	for _, kind := range []enumspb.TaskQueueType{enumspb.TASK_QUEUE_TYPE_WORKFLOW, enumspb.TASK_QUEUE_TYPE_ACTIVITY} {
		if seen, err := seenAt(ctx, c, queue, kind, worker); err != nil || !seen.IsZero() {
			return seen, err
		}
	}
	return time.Time{}, nil
}

// seenAt is lastSeen for one kind of tasks.
func seenAt(ctx context.Context, c client.Client, queue string, kind enumspb.TaskQueueType, worker string) (time.Time,
	error,
) {
	d, err := c.DescribeTaskQueue(ctx, queue, kind)
	if err != nil {
		return time.Time{}, err
	}
	for _, p := range d.GetPollers() {
		if p.GetIdentity() == worker {
			return p.GetLastAccessTime().AsTime(), nil
		}
	}
	return time.Time{}, nil
}

// skew is how far a clock that read from before and until after is ahead of the one that read
// seen in between; negative where it is behind.
func skew(from, until, seen time.Time) time.Duration {
	switch {
	case seen.Before(from):
		return from.Sub(seen)
	case seen.After(until):
		return until.Sub(seen)
	}
	return 0
}

func checkClockSkew(ahead time.Duration, log *slog.Logger) error {
	off, direction := ahead, "ahead of"
	if ahead < 0 {
		off, direction = -ahead, "behind"
	}
	switch {
	case off > clockRefuse:
		return fmt.Errorf("this machine's clock is at least %s %s Temporal's, allowed are %s: set it (NTP), then "+
			"start the worker again", off.Round(time.Second), direction, clockRefuse)
	case off > clockWarn:
		log.Warn("this machine's clock and Temporal's differ: set it (NTP)", "by at least", off.Round(time.Second),
			"ours is", direction)
	}
	return nil
}
