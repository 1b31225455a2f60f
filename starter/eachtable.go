package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/remote"
)

// An answer is what a workflow that moves no row says of one table: result or failed is set.
type answer[T any] struct {
	table  string
	result *T
	failed *remote.FailedError
}

// question is how a command asks for such an answer.
type question[T any] struct {
	// limit bounds the workflows at once: each asks both servers.
	limit int
	start func(ctx context.Context, table string) (remote.Execution, error)
	wait  func(ctx context.Context, e remote.Execution) (T, error)
}

// askEach asks for an answer of each selected table, side by side, and returns them in the order of the tables. A
// workflow that fails is an answer.
func askEach[T any](ctx context.Context, a *app, s service, c *config.Config, sel selection, q question[T]) (
	[]answer[T], error,
) {
	names, err := a.expand(ctx, s, c, sel)
	if err != nil {
		return nil, err
	}
	all := make([]answer[T], len(names))
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(q.limit)
	for i, name := range names {
		group.Go(func() error {
			all[i].table = name
			result, err := askOne(inner, a, s, name, q)
			if errors.As(err, &all[i].failed) {
				return nil
			}
			all[i].result = &result
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, a.fromTemporal(ctx, err)
	}
	return all, nil
}

// askOne returns the answer of one table. It prints a message where no worker runs, and each wait of the workflow.
func askOne[T any](ctx context.Context, a *app, s service, name string, q question[T]) (none T, _ error) {
	if running, err := s.HasWorker(ctx); err == nil && !running {
		fmt.Fprintf(a.stderr, "%s: %s\n", name, a.noWorker().Error())
	}
	e, err := q.start(ctx, name)
	if err != nil {
		return none, err
	}
	printer := newWaitPrinter(func(text string) { fmt.Fprintf(a.stderr, "%s: %s\n", name, text) })
	return await(ctx, a.interval(), func() (T, error) { return q.wait(ctx, e) }, func() {
		if steps, err := s.Pending(ctx, e); err == nil {
			printer.update(time.Now(), steps.Waits)
		}
	})
}
