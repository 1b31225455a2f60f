package integration_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/app"
)

// A sweep of many batches, and its undo, continue as new: each row is deleted and brought back once, and the result and
// the command say it of all executions.
func TestALongSweepAndItsUndoContinueAsNew(t *testing.T) {
	t.Parallel()
	p := start(t, options{tables: swept("{ mode: hard, grace: 0s, maxShare: 100% }"), idle: true})
	p.startWorkerWith(app.WorkerOptions{
		ConfigFile: p.config(), Getenv: os.Getenv, Client: p.client, TaskQueue: p.queue,
		Sizes: activities.Sizes{DeleteBatch: 5},
	})
	exec(t, p.src, createT, insertT(1, 700), old)
	p.settled("t")
	exec(t, p.src, "DELETE FROM t WHERE id <= 600")
	got, err := p.sweepDeletes("t")
	require.NoError(t, err)
	require.EqualValues(t, 600, got.Sweep.Found)
	require.EqualValues(t, 600, got.Sweep.Deleted)
	require.Len(t, got.Undo, 1)
	p.equal("t", []string{"id"}, columnsT...)
	require.Greater(t, len(p.executions(api.SweepTableID(p.queue, p.table("t")))), 1)

	require.Contains(t, p.cli("undo "+p.table("t")+" "+got.Undo[0]), "600")
	require.Equal(t, 700, p.targetRows())
	require.Greater(t, len(p.executions(api.UndoTableID(p.queue, p.table("t")))), 1)
}
