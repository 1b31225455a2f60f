package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/remote"
)

// An answer is what a workflow that moves no row says of one table: result or failed is set.
type answer[T any] struct {
	table  string
	result *T
	failed *remote.FailedError
}

// busy says that another workflow of the table goes on.
func (a answer[T]) busy() bool { return a.failed != nil && a.failed.Type == failure.TableBusy }

// question is how a command asks for such an answer.
type question[T any] struct {
	// limit bounds the workflows at once: each asks both servers.
	limit int
	start func(ctx context.Context, table string) (remote.Execution, error)
	wait  func(ctx context.Context, e remote.Execution) (T, error)
	// show returns what shows the status of each workflow while it runs, and rows counts those of an answer. Without
	// them only what a workflow waits for is shown.
	show func(tables []string) display
	rows func(T) int64

	display display
	// several workflows have no link each, but with --web.
	several bool
}

// message prints a line about a table that is no answer.
func (q question[T]) message(a *app, table, text string) {
	if q.display != nil {
		q.display.message(table, text)
		return
	}
	fmt.Fprintf(a.stderr, "%s: %s\n", table, text)
}

// finish ends what is shown of the tables.
func (q question[T]) finish(all []answer[T]) {
	for _, one := range all {
		switch {
		case one.result != nil:
			q.display.finish(one.table, outcomeDone, q.rows(*one.result))
		case one.busy():
			q.display.finish(one.table, outcomeBusy, 0)
		default:
			q.display.finish(one.table, outcomeFailed, 0)
		}
	}
	q.display.close()
}

// askEach asks for an answer of each selected table, side by side, and returns them in the order of the tables. A
// workflow that fails is an answer, and so is one that cannot begin because of its table.
func askEach[T any](ctx context.Context, a *app, s service, c *config.Config, sel selection, q question[T]) (
	[]answer[T], error,
) {
	names, err := a.expand(ctx, s, c, sel)
	if err != nil {
		return nil, err
	}
	all := make([]answer[T], len(names))
	q.several = len(names) > 1 && !a.web
	if q.show != nil && !a.web {
		q.display = q.show(names)
		defer func() { q.finish(all) }()
	}
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(q.limit)
	for i, name := range names {
		all[i].table = name
		group.Go(func() error {
			result, err := askOne(inner, a, s, name, q)
			switch {
			case err == nil:
				all[i].result = &result
			case errors.Is(err, errLinked):
			case a.ofOneTable(ctx, err):
				all[i].failed = a.failedTable(ctx, name, err)
			default:
				return err
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, a.fromTemporal(ctx, err)
	}
	if a.web {
		return nil, afterLinks(errLinked)
	}
	return all, nil
}

// failedTable is an error of one table as its answer.
func (a *app) failedTable(ctx context.Context, name string, err error) *remote.FailedError {
	failed := a.failed(ctx, name, remote.Execution{}, err).Failure
	if _, busy := errors.AsType[*remote.BusyError](err); busy {
		failed.Remedy = "give the command for this table again when that workflow has ended"
	}
	return failed
}

// askAll connects, and asks for an answer of each selected table, as askEach does.
func askAll[T any](ctx context.Context, a *app, c *config.Config, sel selection, ask func(s service) question[T]) (
	[]answer[T], error,
) {
	s, err := a.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	return askEach(ctx, a, s, c, sel, ask(s))
}

// askAlone connects, and returns the answer of one table. It prints how the workflow with this id has failed.
func askAlone[T any](ctx context.Context, a *app, name, id string, ask func(s service) question[T]) (none T, _ error) {
	s, err := a.connect(ctx)
	if err != nil {
		return none, err
	}
	defer s.Close()
	result, err := askOne(ctx, a, s, name, ask(s))
	var failed *remote.FailedError
	switch {
	case errors.As(err, &failed):
		printFailure(a.stderr, name, remote.Execution{WorkflowID: id}, failed)
		return none, &exitError{code: exitFailed}
	case errors.Is(err, errLinked):
		return none, afterLinks(err)
	case err != nil:
		return none, a.fromTemporal(ctx, err)
	}
	return result, nil
}

// showEach shows answers in the order of the tables. The exit code is that of a failure where one failed, else that of
// a busy table where one is busy, and else that of a difference where one differs.
func showEach[T any](all []answer[T], show func(answer[T]), differs func(*T) bool) error {
	found := map[int]bool{}
	for _, one := range all {
		show(one)
		switch {
		case one.busy():
			found[exitBusy] = true
		case one.failed != nil:
			found[exitFailed] = true
		case differs(one.result):
			found[exitDiffers] = true
		}
	}
	for _, code := range []int{exitFailed, exitBusy, exitDiffers} {
		if found[code] {
			return &exitError{code: code}
		}
	}
	return nil
}

// askOne returns the answer of one table. It prints a message where no worker runs, and each wait of the workflow.
func askOne[T any](ctx context.Context, a *app, s service, name string, q question[T]) (none T, _ error) {
	if running, err := s.HasWorker(ctx); err == nil && !running {
		q.message(a, name, a.noWorker().Error())
	}
	e, err := q.start(ctx, name)
	if err == nil && !q.several {
		err = a.started(func(text string) { q.message(a, name, text) }, e)
	}
	if err != nil {
		return none, err
	}
	printer := newWaitPrinter(func(text string) { q.message(a, name, text) })
	return await(ctx, a.interval(), func() (T, error) { return q.wait(ctx, e) }, func() {
		steps, err := s.Pending(ctx, e)
		if err != nil || steps.Closed != "" {
			return
		}
		if q.display == nil {
			printer.update(time.Now(), steps.Waits)
			return
		}
		status, err := s.Status(ctx, cmp.Or(steps.Latest, e))
		if err != nil { // where no worker can answer, what Temporal knows says why
			printer.update(time.Now(), steps.Waits)
			return
		}
		now := remote.Join(status, steps)
		now.RowsWritten = now.RowsExtracted // what is read is compared
		printer.update(time.Now(), now.Waits)
		q.display.update(name, now)
	})
}
