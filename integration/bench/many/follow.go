package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/api/workflowservice/v1"
)

const (
	// followRounds are how often all tables run, in each of both ways.
	followRounds = 2
	// goalFollowing is how many times as long all runs may take where the command follows them.
	goalFollowing = 1.1
	// listPace is between two looks at Temporal's list.
	listPace = 100 * time.Millisecond
)

// following compares runs of all tables that the command follows to their end with runs that it only starts. They find
// nothing. It returns the seconds until the last run has ended, the shorter ones of the rounds.
func (m *many) following(ctx context.Context) (follows, starts float64, err error) {
	var seconds [2][]float64
	for range followRounds {
		for i, args := range [][]string{{"run", "--all"}, {"run", "--all", "--no-wait"}} {
			begun := time.Now()
			if err := m.command(ctx, args...); err != nil {
				return 0, 0, err
			}
			if err := m.ended(ctx, begun); err != nil {
				return 0, 0, fmt.Errorf("%v: %w", args, err)
			}
			seconds[i] = append(seconds[i], time.Since(begun).Seconds())
			m.Say("%v: all %d runs have ended after %.1f s", args, m.tables, seconds[i][len(seconds[i])-1])
		}
	}
	return slices.Min(seconds[0]), slices.Min(seconds[1]), nil
}

// ended waits until a run of each table has ended well that began after a moment. One that has failed is an error.
func (m *many) ended(ctx context.Context, begun time.Time) error {
	count := func(status string) (int64, error) {
		answer, err := m.Client.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
			Query: fmt.Sprintf("WorkflowType = 'SyncTable' AND StartTime >= '%s' AND ExecutionStatus = '%s'",
				begun.UTC().Format(time.RFC3339Nano), status),
		})
		return answer.GetCount(), err
	}
	tick := time.NewTicker(listPace)
	defer tick.Stop()
	for {
		done, err := count("Completed")
		if err != nil || done >= int64(m.tables) {
			return err
		}
		failed, err := count("Failed")
		if err != nil {
			return err
		}
		if failed > 0 {
			return fmt.Errorf("%d runs have failed", failed)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
