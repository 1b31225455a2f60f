package app

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
)

const (
	// readyEvery is the pause between two looks at whether Temporal sees the worker's polls;
	// until it does for the first time, readyAtFirst is.
	readyEvery   = 5 * time.Second
	readyAtFirst = 250 * time.Millisecond
	readyTimeout = 3 * time.Second
	// ownersEvery is the pause between two rounds of asking the tables' owners. The worker that
	// runs a table hears of changes at once; the others, and one that has just started, so.
	ownersEvery = time.Minute
	// ownerTimeout bounds a question. An owner that does not answer is asked in the next round.
	ownerTimeout = 10 * time.Second
	// maxOwners bounds a round: what metrics show is bounded as well.
	maxOwners = 1000
)

// A watcher looks from outside at whether Temporal knows this worker, and at the state of the
// tables that other workers run.
type watcher struct {
	monitor  *Monitor
	cfg      *config.Config
	client   client.Client
	queue    string
	identity string
	log      *slog.Logger
}

// run watches until ctx ends.
func (w *watcher) run(ctx context.Context) {
	if w.monitor.metrics == nil {
		return
	}
	go every(ctx, ownersEvery, func() time.Duration {
		w.askOwners(ctx)
		return ownersEvery
	})
	every(ctx, readyAtFirst, func() time.Duration {
		err := w.polls(ctx)
		if ctx.Err() != nil {
			return readyEvery
		}
		w.monitor.ready.Set(err)
		if err != nil {
			return readyAtFirst
		}
		return readyEvery
	})
}

// every calls f at once and then after each pause that it returns, until ctx ends.
func every(ctx context.Context, first time.Duration, f func() time.Duration) {
	timer := time.NewTimer(first)
	defer timer.Stop()
	for {
		timer.Reset(f())
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
	}
}

// polls is nil where Temporal answers and knows this worker as one that asks for steps.
func (w *watcher) polls(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	seen, err := seenAt(ctx, w.client, w.queue, enumspb.TASK_QUEUE_TYPE_ACTIVITY, w.identity)
	switch {
	case err != nil:
		return fmt.Errorf("ask Temporal who polls: %w", err)
	case seen.IsZero():
		return errNotPolling
	}
	return nil
}

// askOwners asks the owner of every table of the configuration for its state.
func (w *watcher) askOwners(ctx context.Context) {
	names, err := w.owners(ctx)
	if err != nil && ctx.Err() == nil {
		w.log.Debug("the tables' owners cannot be listed, asked again", "after", ownersEvery, "error", err)
	}
	for _, name := range names {
		if ctx.Err() != nil {
			return
		}
		w.askOwner(ctx, name)
	}
}

// owners are the tables of the configuration that have an owner. A pattern's tables are known
// by their owners only.
func (w *watcher) owners(ctx context.Context) (names []table.Name, err error) {
	ctx, cancel := context.WithTimeout(ctx, ownerTimeout)
	defer cancel()
	var token []byte
	for {
		list, err := w.client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
			Query: fmt.Sprintf("WorkflowType = '%s' AND ExecutionStatus = 'Running' AND TaskQueue = '%s'",
				owner.WorkflowType, w.queue),
			NextPageToken: token,
		})
		if err != nil {
			return names, err
		}
		for _, e := range list.GetExecutions() {
			name, ok := w.ours(e.GetExecution().GetWorkflowId())
			if ok && len(names) < maxOwners {
				names = append(names, name)
			}
		}
		if token = list.GetNextPageToken(); len(token) == 0 || len(names) >= maxOwners {
			return names, nil
		}
	}
}

// ours is the table of an owner's workflow id, where the configuration has it.
func (w *watcher) ours(id string) (table.Name, bool) {
	name, err := table.ParseName(owner.TableOf(w.queue, id))
	if err != nil {
		return table.Name{}, false
	}
	t, err := w.cfg.Table(name)
	if err != nil {
		return table.Name{}, false
	}
	w.monitor.metrics.Know(name.String(), t.StaleAfter)
	return name, true
}

func (w *watcher) askOwner(ctx context.Context, name table.Name) {
	ctx, cancel := context.WithTimeout(ctx, ownerTimeout)
	defer cancel()
	value, err := w.client.QueryWorkflow(ctx, owner.WorkflowID(w.queue, name.String()), "", owner.QueryState)
	var s owner.State
	if err == nil {
		err = value.Get(&s)
	}
	if err != nil {
		w.log.Debug("a table's owner does not answer, asked again", "table", name.String(), "after", ownersEvery,
			"error", err)
		return
	}
	w.monitor.metrics.State(activities.Observed(s))
}
