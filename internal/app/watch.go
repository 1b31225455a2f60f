package app

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/clock"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
)

const (
	// readyEvery is the pause between two looks at whether Temporal sees the worker's polls;
	// until it does for the first time, readyAtFirst is.
	readyEvery   = 5 * time.Second
	readyAtFirst = 250 * time.Millisecond
	readyTimeout = 3 * time.Second
	// statesEvery is the pause between two rounds of asking the tables' state workflows. The worker that
	// runs a table hears of changes at once; the others, and one that has just started, so.
	statesEvery = time.Minute
	// stateTimeout bounds a question. A state workflow that does not answer is asked in the next round.
	stateTimeout = 10 * time.Second
	// maxStates bounds a round: what metrics show is bounded as well.
	maxStates = 1000
)

// A watcher looks from outside at whether Temporal knows this worker, and at the state of the
// tables that other workers run.
type watcher struct {
	monitor  *Monitor
	live     *live
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
	go every(ctx, func() time.Duration {
		w.askStateWorkflows(ctx)
		return statesEvery
	})
	every(ctx, func() time.Duration {
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
func every(ctx context.Context, f func() time.Duration) {
	for clock.Sleep(ctx, f()) == nil {
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

// askStateWorkflows asks the state workflow of every table of the configuration for its state.
func (w *watcher) askStateWorkflows(ctx context.Context) {
	names, err := w.knownTables(ctx)
	if err != nil && ctx.Err() == nil {
		w.log.Debug("the tables' state workflows cannot be listed, asked again", "after", statesEvery, "error", err)
	}
	for _, name := range names {
		if ctx.Err() != nil {
			return
		}
		w.askStateWorkflow(ctx, name)
	}
	if err == nil && len(names) < maxStates {
		w.monitor.metrics.Listed()
	}
}

// knownTables are the tables of the configuration that have a state workflow. A pattern's tables are known
// by their state workflows only.
func (w *watcher) knownTables(ctx context.Context) (names []table.Name, err error) {
	ctx, cancel := context.WithTimeout(ctx, stateTimeout)
	defer cancel()
	var token []byte
	for {
		list, err := w.client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
			Query: fmt.Sprintf("WorkflowType = '%s' AND ExecutionStatus = 'Running' AND TaskQueue = '%s'",
				owner.WorkflowType, strings.ReplaceAll(w.queue, "'", "''")),
			NextPageToken: token,
		})
		if err != nil {
			return names, err
		}
		for _, e := range list.GetExecutions() {
			name, ok := w.ours(e.GetExecution().GetWorkflowId())
			if ok && len(names) < maxStates {
				names = append(names, name)
			}
		}
		if token = list.GetNextPageToken(); len(token) == 0 || len(names) >= maxStates {
			return names, nil
		}
	}
}

// ours is the table of a state workflow's id, where the configuration has it.
func (w *watcher) ours(id string) (table.Name, bool) {
	name, err := table.ParseName(owner.TableOf(w.queue, id))
	if err != nil {
		return table.Name{}, false
	}
	t, err := w.live.now().Table(name)
	if err != nil {
		return table.Name{}, false
	}
	w.monitor.metrics.Know(name.String(), expected(t))
	return name, true
}

func (w *watcher) askStateWorkflow(ctx context.Context, name table.Name) {
	ctx, cancel := context.WithTimeout(ctx, stateTimeout)
	defer cancel()
	s, there, err := owner.ReadState(ctx, w.client, w.queue, name.String())
	if err != nil {
		w.log.Debug("a table's state workflow does not answer, asked again", "table", name.String(),
			"after", statesEvery, "error", err)
	}
	if err != nil || !there {
		return
	}
	w.monitor.metrics.State(activities.Observed(s))
}
