package activities

import (
	"context"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"

	"github.com/tablehaul/tablehaul/internal/failure"
)

// HostQueue is the task queue of the steps that need files which only one machine has.
func HostQueue(taskQueue, host string) string { return taskQueue + "@" + host }

// PingQueue is the task queue on which a machine's workers answer pings. It carries nothing else, so that an
// answer never waits behind work.
func PingQueue(hostQueue string) string { return hostQueue + "/ping" }

// requireLocalFiles refuses a step whose files another host has: the workflow sends it there.
func (a *Activities) requireLocalFiles(ctx context.Context, queue string) error {
	if queue == "" || queue == a.deps.HostQueue {
		return nil
	}
	what := "this worker does not have the files of " + queue
	return temporal.NewApplicationErrorWithOptions(what, failure.WrongHost, temporal.ApplicationErrorOptions{
		NonRetryable: true, Details: []any{failure.Details{What: what, Attempt: activity.GetInfo(ctx).Attempt}},
		Category: temporal.ApplicationErrorCategoryBenign, // an answer, and no error in a log
	})
}

// PingHostResult is the queue of the host that answered.
type PingHostResult struct {
	Queue string `json:"queue"`
}

// PingHost is answered at once by a worker of the host whose ping queue it is sent to. If no answer comes in time,
// no worker of that host runs.
func (a *Activities) PingHost(context.Context) (PingHostResult, error) {
	return PingHostResult{Queue: a.deps.HostQueue}, nil
}

// RegisterPing makes PingHost, and nothing else, known to w.
func RegisterPing(w worker.ActivityRegistry, a *Activities) {
	w.RegisterActivityWithOptions(a.PingHost, activity.RegisterOptions{Name: "PingHost"})
}
