package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/remote"
)

// One list of Temporal has the tables, their runs, comparisons and sweeps, those of schedules too.
func TestWhatGoesOnIsOneList(t *testing.T) {
	w := newWorld(t) // no worker: nothing ends by itself
	s, err := remote.Dial(t.Context(), w.getenv, w.queue)
	require.NoError(t, err)
	defer s.Close()
	var all []remote.Execution
	t.Cleanup(func() {
		for _, e := range all {
			_ = w.client.TerminateWorkflow(context.Background(), e.WorkflowID, e.RunID, "the test has ended")
		}
	})
	start := func(e remote.Execution, err error) remote.Execution {
		require.NoError(t, err)
		all = append(all, e)
		return e
	}
	sweep := start(s.StartVerify(t.Context(), api.VerifyTableInput{Table: "shop.orders", Deletes: true}))
	verify := start(s.StartVerify(t.Context(), api.VerifyTableInput{Table: "shop.orders"}))
	id := api.SyncTableID(w.queue, "shop.lines") + "-2024-05-01T12:00:00Z" // as a schedule names it
	run, err := w.client.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: id, TaskQueue: w.queue},
		api.SyncTableName, api.SyncTableInput{Table: "shop.lines"})
	require.NoError(t, err)
	sync := start(remote.Execution{WorkflowID: id, RunID: run.GetRunID()}, nil)
	eventually(t, func() bool {
		got, err := s.Going(t.Context())
		return err == nil && got.Runs["shop.lines"] == sync && got.Comparisons["shop.orders"] == verify &&
			got.Sweeps["shop.orders"] == sweep
	})
}
