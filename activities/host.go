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

// PresenceQueue is where a machine's workers say that they are there. It is a queue of its
// own, so that an answer never waits behind work.
func PresenceQueue(hostQueue string) string { return hostQueue + "/presence" }

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

// AskHostResult is who answered.
type AskHostResult struct {
	Queue string `json:"queue"`
}

// AskHost is answered by a worker of the machine that is asked for, on its presence queue, at
// once. Where nobody answers in time, none of its workers is there.
func (a *Activities) AskHost(context.Context) (AskHostResult, error) {
	return AskHostResult{Queue: a.deps.HostQueue}, nil
}

// RegisterPresence makes AskHost, and nothing else, known to w.
func RegisterPresence(w worker.ActivityRegistry, a *Activities) {
	w.RegisterActivityWithOptions(a.AskHost, activity.RegisterOptions{Name: "AskHost"})
}
