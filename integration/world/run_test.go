package world_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/workflows"
)

// runLimit is when a run that nothing disturbs counts as stuck.
const runLimit = 2 * time.Minute

// An outcome is how a run of a table ended.
type outcome struct {
	table  *tablePlan
	result workflows.SyncTableResult
	// failure is the type of the failure, and message its text; empty for a run that is done.
	failure, message string
	// stuck is what the run was waiting for when the world had no more patience.
	stuck string
	// began is the history's last version when the run began, and from where a backfill begins.
	began int64
	from  string
}

func (o outcome) String() string {
	switch {
	case o.stuck != "":
		return o.table.name + " waits: " + o.stuck
	case o.failure != "":
		return fmt.Sprintf("%s failed, %s: %.400s", o.table.name, o.failure, o.message)
	}
	held := ""
	if o.result.HeldBack != "" {
		held = ", held back"
	}
	return fmt.Sprintf("%s done, %s, watermark %q, %d rows: %d new, %d changed%s", o.table.name, o.result.Mode,
		o.result.Watermark,
		o.result.RowsExtracted, o.result.Inserted, o.result.Updated, held)
}

// A flight is a run of every table, under way.
type flight struct {
	world    *world
	all      sync.WaitGroup
	cancel   context.CancelFunc
	outcomes []outcome
}

// launch starts a run of every table. input may change what the runs are asked for.
func (w *world) launch(input func(*workflows.SyncTableInput)) *flight {
	ctx, cancel := context.WithTimeout(context.Background(), runLimit)
	f := &flight{world: w, cancel: cancel, outcomes: make([]outcome, len(w.tables))}
	for i, t := range w.tables {
		in := workflows.SyncTableInput{Table: w.schema + "." + t.name, IfBusy: "wait"}
		if input != nil {
			input(&in)
		}
		if ask := w.asks[t.name]; ask != nil {
			ask(&in)
			delete(w.asks, t.name)
		}
		f.outcomes[i] = outcome{table: t, began: w.histories[t.name].now(), from: in.From}
		f.all.Go(func() { w.follow(ctx, &f.outcomes[i], in) })
	}
	return f
}

// follow starts a run and waits for its end.
func (w *world) follow(ctx context.Context, o *outcome, in workflows.SyncTableInput) {
	w.mu.Lock()
	w.runs++
	id := fmt.Sprintf("%s-%d", workflows.SyncTableID(w.queue, in.Table), w.runs)
	w.mu.Unlock()
	var err error
	for { // Temporal may be down just now
		var run client.WorkflowRun
		run, err = w.stage.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: id, TaskQueue: w.queue},
			workflows.SyncTableName, in)
		if err == nil {
			err = run.Get(ctx, &o.result)
		}
		var failed *temporal.WorkflowExecutionError
		if err == nil || errors.As(err, &failed) || !pause(ctx, 100*time.Millisecond) {
			break
		}
	}
	var app *temporal.ApplicationError
	switch {
	case err == nil:
	case ctx.Err() != nil:
		o.stuck = w.pending(id)
		_ = w.stage.client.TerminateWorkflow(context.Background(), id, "", "the world has no more patience")
	case errors.As(err, &app):
		o.failure, o.message = app.Type(), app.Message()
	default:
		o.failure, o.message = "none of ours", err.Error()
	}
}

// pending says what a run waits for.
func (w *world) pending(id string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	d, err := w.stage.client.DescribeWorkflowExecution(ctx, id, "")
	if err != nil {
		return err.Error()
	}
	var parts []string
	for _, a := range d.GetPendingActivities() {
		last := a.GetLastFailure()
		parts = append(parts, fmt.Sprintf("%s attempt %d: %s %s", a.GetActivityType().GetName(), a.GetAttempt(),
			last.GetApplicationFailureInfo().GetType(), last.GetMessage()))
	}
	return "(" + strings.Join(parts, "; ") + ")"
}

// land waits for the runs. Those that were not done after patience are reported as they wait.
func (f *flight) land(patience time.Duration) []outcome {
	timer := time.AfterFunc(patience, f.cancel)
	f.all.Wait()
	timer.Stop()
	f.cancel()
	for _, o := range f.outcomes {
		f.world.say("  %s", o)
		if o.result.Watermark != "" {
			f.world.watermarks[o.table.name] = o.result.Watermark
		}
	}
	return f.outcomes
}

// check judges every table after runs. allowed are the types of failures that the world explains;
// a run that waits is allowed where any is.
func (w *world) check(outcomes []outcome, allowed []string) (faults []string) {
	for _, o := range outcomes {
		switch {
		case o.stuck != "" && len(allowed) == 0:
			faults = append(faults, o.table.name+" is stuck: "+o.stuck+"\n"+w.logTail())
		case o.failure != "" && !slices.Contains(allowed, o.failure):
			faults = append(faults, fmt.Sprintf("%s is refused without a cause: %s: %s", o.table.name, o.failure,
				o.message))
		}
		more, err := w.look(o)
		if err != nil {
			faults = append(faults, "the world cannot look: "+err.Error())
		}
		faults = append(faults, more...)
	}
	for _, wr := range w.writers {
		if odd := wr.odd.Load(); odd != nil {
			faults = append(faults, fmt.Sprintf("the world's own writer of %s: %v", wr.table.name, *odd))
		}
	}
	return faults
}

// look reads a table's target and lets the oracle compare.
func (w *world) look(o outcome) ([]string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	at, on, name := w.place(o.table)
	rows, err := o.table.read(ctx, on.admin, "SELECT * FROM "+name)
	if isNumber(err, 1146) && (o.failure != "" || o.stuck != "") {
		return nil, nil // no run has made it yet
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	w.recorded(o.table.name)
	return w.histories[o.table.name].compare(at, rows, w.promised(o)), nil
}

// promised is what a run has promised by saying that it is done.
func (w *world) promised(o outcome) *promise {
	c := o.table.cursor
	if w.entries[o.table.name].whole {
		c = cursorKind{}
	}
	if o.failure != "" || o.stuck != "" || o.result.Skipped {
		return nil
	}
	p := &promise{
		mayMove:   o.table.unique,
		watermark: o.result.Watermark, cursor: c.column != "", number: c.number, began: o.began, patient: w.patient() &&
			!w.strict,
		below: c.repeats && !w.strict,
	}
	if o.result.Mode == api.ModeBackfill {
		p.watermark, p.from, p.below = o.result.Window.Hi, o.from, false
	}
	if now, err := w.clock(o.table); w.strict && c.days && err == nil {
		p.upTo = now
	}
	if p.cursor && !p.number {
		p.watermark = sameForm(asMoment, []byte(p.watermark))
	}
	return p
}
