package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tablehaul/tablehaul/workflows"
)

// pollInterval is how often a run is asked for its status: each question is a task of a worker.
const pollInterval = time.Second

// silence is after how many unanswered questions in a row somebody is told why.
const silence = 2

// follow shows a run's progress until it ends. Only ctx and a long outage of Temporal end it sooner.
func (a *app) follow(ctx context.Context, s service, tbl string, e execution, d display) (workflows.SyncTableResult, error) {
	type end struct {
		result workflows.SyncTableResult
		err    error
	}
	ended := make(chan end, 1)
	go func() {
		result, err := s.wait(ctx, e)
		ended <- end{result, err}
	}()
	interval := a.poll
	if interval == 0 {
		interval = pollInterval
	}
	tick := time.NewTicker(interval)
	defer tick.Stop()
	unanswered := 0
	for {
		select {
		case x := <-ended:
			return x.result, x.err
		case <-ctx.Done():
			return workflows.SyncTableResult{}, ctx.Err()
		case <-tick.C:
		}
		status, err := s.status(ctx, e)
		if err == nil {
			unanswered = 0
			d.update(tbl, status)
			continue
		}
		if unanswered++; unanswered == silence && ctx.Err() == nil {
			d.note(tbl, a.silent(ctx, s, err).Error())
		}
	}
}

// silent says why a question stayed without an answer: mostly because nobody is there to give one.
func (a *app) silent(ctx context.Context, s service, err error) error {
	if !isUnreachable(err) {
		return err
	}
	there, askErr := s.workers(ctx)
	switch {
	case askErr != nil:
		return err
	case there:
		return errors.New("the worker is slow to answer; the run goes on")
	default:
		return a.noWorker()
	}
}

func (a *app) noWorker() error {
	return fmt.Errorf("no worker polls the task queue %q: start one, or name the right queue with --task-queue", a.taskQueue)
}
