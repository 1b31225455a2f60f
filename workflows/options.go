package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
)

// One variable per step. What is retried is decided by the failure, not here: a permanent
// failure is marked as such by the activity. So attempts are unlimited, and time is what bounds them.

// retry is every step's policy: quick at first, so that a lock wait or a lost connection costs
// a second, then once a minute, so that an outage of hours costs no storm.
var retry = &temporal.RetryPolicy{
	InitialInterval:    time.Second,
	BackoffCoefficient: 2,
	MaximumInterval:    time.Minute,
}

// heartbeatTimeout is how long a worker that died delays a step. Steps heartbeat every 2 seconds.
const heartbeatTimeout = 20 * time.Second

// heartbeating are the options of a step that heartbeats and lasts at most that long.
func heartbeating(longest time.Duration) workflow.ActivityOptions {
	return workflow.ActivityOptions{
		StartToCloseTimeout: longest, HeartbeatTimeout: heartbeatTimeout, RetryPolicy: retry, WaitForCancellation: true,
	}
}

var (
	// beginOptions: with "ifBusy":"wait" it waits for another run, which may take a day.
	beginOptions = heartbeating(48 * time.Hour)
	// planOptions: introspection and at most one scan for a cursor's NULLs.
	planOptions = heartbeating(time.Hour)
	// discoverOptions: files are waited for, and read whole where keys have to be looked for in all of them.
	discoverOptions = heartbeating(48 * time.Hour)
	// extractOptions: a range is some hundred thousand rows, but a window may be of any size
	// and a source may be slow. The heartbeat finds a dead worker.
	extractOptions = heartbeating(24 * time.Hour)
	// waitOptions: reading what was staged once, to hash it.
	waitOptions = heartbeating(time.Hour)
	// listOptions: one small file.
	listOptions = workflow.ActivityOptions{StartToCloseTimeout: time.Minute, RetryPolicy: retry}
	// upsertOptions: a chunk's transaction takes a second; the rest is lock waits and retries.
	upsertOptions = heartbeating(activities.ChunkTimeout)
	// putAwayOptions: one request per file. Files that stay must not keep a good run from ending.
	putAwayOptions = workflow.ActivityOptions{
		StartToCloseTimeout: time.Hour, ScheduleToCloseTimeout: 2 * time.Hour, HeartbeatTimeout: heartbeatTimeout,
		RetryPolicy: retry, WaitForCancellation: true,
	}
	// cleanupOptions: with staging.keep, a slice of any size is copied before it is removed. Where staging fails, the
	// step itself ends soon.
	cleanupOptions = putAwayOptions
	// tidyOptions: bounded, since files left behind must not keep a good run from ending.
	tidyOptions = workflow.ActivityOptions{
		StartToCloseTimeout: time.Minute, ScheduleToCloseTimeout: 5 * time.Minute, RetryPolicy: retry,
	}
	// indexOptions: building indexes of a large table takes hours; the heartbeat finds a dead worker.
	indexOptions = heartbeating(48 * time.Hour)
	// checkOptions: reading a loaded table once.
	checkOptions = heartbeating(24 * time.Hour)
	// swapOptions: a swap waits for old transactions and for locks, and rebuilds the table.
	swapOptions = heartbeating(48 * time.Hour)
	// dropOptions: a table is dropped in seconds.
	dropOptions = workflow.ActivityOptions{StartToCloseTimeout: 10 * time.Minute, RetryPolicy: retry}
	// sweepOptions: a listing of all of staging, and an answer of Temporal for each run in it.
	sweepOptions = heartbeating(time.Hour)
	// notifyOptions: a try takes ten seconds at most. After a day the message is out of date.
	notifyOptions = workflow.ActivityOptions{
		StartToCloseTimeout: 20 * time.Second, ScheduleToCloseTimeout: 24 * time.Hour, WaitForCancellation: true,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: 2 * time.Second, BackoffCoefficient: 2,
			MaximumInterval: 5 * time.Minute,
		},
	}
	// stateOptions: an update of the table's state workflow. It must arrive, however long Temporal is away.
	stateOptions = workflow.ActivityOptions{StartToCloseTimeout: time.Minute, RetryPolicy: retry}
)

const (
	// maxChunksInFlight bounds the chunks being written at once, for any plan. It
	// protects the target, and keeps clear of the server's limit of 2,000 pending activities.
	maxChunksInFlight = 32
	// maxRangesInFlight bounds the children of a run that exist at once.
	maxRangesInFlight = 16
	// chunksPerPage is how many chunk references a page of ListChunks has: 60 bytes each.
	chunksPerPage = 500
	// maxExtraChunks is how many chunks a slice may get in all by cutting them.
	maxExtraChunks = 100
	// maxSignals is how often the ranges of a run report their progress, all together: each
	// costs the run 4 events, and Temporal four times the work of a chunk's step.
	maxSignals = 200
	// signalChunks is after how many chunks a range reports its progress. A range of the usual size ends before.
	signalChunks = 100
	// maxExtracts is how often a range whose staged files turn out corrupt or lost is
	// extracted before the run fails: twice is an accident, more is a broken disk.
	maxExtracts = 3
)

// withOptions applies options and a summary that people read in the Web UI. The priority is the context's.
func withOptions(ctx workflow.Context, o workflow.ActivityOptions, summary string) workflow.Context {
	o.Summary = summary
	o.Priority = workflow.GetActivityOptions(ctx).Priority
	return workflow.WithActivityOptions(ctx, o)
}
