package activities

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/internal/failure"
)

// A stepInput is a step's input; every one names its table.
type stepInput interface{ tableName() string }

func (in BeginRunInput) tableName() string        { return in.Table }
func (in DropOldInput) tableName() string         { return in.Table }
func (in PlanRunInput) tableName() string         { return in.Table }
func (in RangeInput) tableName() string           { return in.Table }
func (in RecordProgressInput) tableName() string  { return in.Table }
func (in FinishRunInput) tableName() string       { return in.Table }
func (in PreviewRunInput) tableName() string      { return in.Table }
func (in NotifyInput) tableName() string          { return in.Table }
func (in PlanVerifyInput) tableName() string      { return in.Table }
func (in BeginSliceInput) tableName() string      { return in.Table }
func (in EndSliceInput) tableName() string        { return in.Table }
func (in QuarantineInput) tableName() string      { return in.Table }
func (in ShowQuarantineInput) tableName() string  { return in.Table }
func (in ShowDifferencesInput) tableName() string { return in.Table }
func (in PlanFillInput) tableName() string        { return in.Table }
func (in PlanUndoInput) tableName() string        { return in.Table }
func (in PlanUndoSwapInput) tableName() string    { return in.Table }
func (in UndoSwapInput) tableName() string        { return in.Table }
func (in PauseDeletesInput) tableName() string    { return in.Table }
func (in PutFilesAwayInput) tableName() string    { return in.Table }
func (in DropPlanInput) tableName() string        { return in.Table }

// withStepLog is withAttempt of a step, whose attempts leave one line each in the log and, where they fail, a count.
func withStepLog[In stepInput, Out any](
	a *Activities, f func(context.Context, In) (Out, error),
) func(context.Context, In) (Out, error) {
	return func(ctx context.Context, in In) (Out, error) {
		notes := &stepAttrs{}
		begun := time.Now()
		step := withAttempt(a, func(ctx context.Context) (Out, error) { return f(ctx, in) })
		out, err := step(context.WithValue(ctx, stepAttrsKey{}, notes))
		a.logStepEnd(ctx, in.tableName(), notes.attrs, time.Since(begun), err)
		return out, err
	}
}

type stepAttrsKey struct{}

// stepAttrs are what a step adds to its line.
type stepAttrs struct{ attrs []any }

// logStep adds keys and values to the running step's line. Values are counts, names and times of
// ours, never those of rows.
func logStep(ctx context.Context, attrs ...any) {
	if n, ok := ctx.Value(stepAttrsKey{}).(*stepAttrs); ok {
		n.attrs = append(n.attrs, attrs...)
	}
}

// logStepEnd logs an attempt's end and counts its failure.
func (a *Activities) logStepEnd(ctx context.Context, tbl string, notes []any, took time.Duration, err error) {
	info := activity.GetInfo(ctx)
	log := a.log(ctx, tbl).With("workflow", info.WorkflowExecution.ID, "seconds", took.Seconds())
	if err == nil {
		log.Info("step done", notes...)
		return
	}
	var app *temporal.ApplicationError
	isApp := errors.As(err, &app)
	switch {
	case !isApp && (errors.Is(err, context.Canceled) || temporal.IsCanceledError(err)):
		log.Info("step cancelled", notes...)
		return
	case !isApp: // Temporal was away, for the most part
		a.deps.Metrics.StepFailed(info.ActivityType.Name, failure.Unexpected, false)
		log.Warn("step failed, to be tried again", append(notes, "type", failure.Unexpected, "error", err)...)
		return
	}
	typ := app.Type()
	if typ == failure.Throttled {
		log.Info("step waits", append(notes, "reason", app.Message())...)
		return
	}
	if typ == failure.WrongHost {
		log.Info("step goes to the host that has its files", notes...)
		return
	}
	a.deps.Metrics.StepFailed(info.ActivityType.Name, typ, app.NonRetryable())
	level, text := slog.LevelWarn, "step failed, to be tried again"
	if app.NonRetryable() {
		level, text = slog.LevelError, "step failed"
	}
	log.Log(ctx, level, text, append(notes, "type", typ, "error", app.Message())...)
}
