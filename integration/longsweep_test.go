package integration_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/app"
	"github.com/tablehaul/tablehaul/workflows"
)

// A sweep of many batches, and an undo of many, continue as new: each row is deleted and brought back once, and the
// result and the command say it of all executions.
func TestALongSweepAndItsUndoContinueAsNew(t *testing.T) {
	t.Parallel()
	p := start(t, options{tables: swept("{ mode: hard, grace: 0s, maxShare: 100% }"), idle: true})
	p.startWorkerWith(app.WorkerOptions{
		ConfigFile: p.config(), Getenv: os.Getenv, Client: p.client, TaskQueue: p.queue,
		Sizes: activities.Sizes{DeleteBatch: 5},
	})
	exec(t, p.src, createT, insertT(1, 900), old)
	p.settled("t")
	swept := func(last, deleted int) workflows.VerifyTableResult {
		exec(t, p.src, fmt.Sprintf("DELETE FROM t WHERE id <= %d", last))
		got, err := p.sweepDeletes("t")
		require.NoError(t, err)
		require.EqualValues(t, deleted, got.Sweep.Found)
		require.EqualValues(t, deleted, got.Sweep.Deleted)
		require.Len(t, got.Undo, 1)
		p.equal("t", []string{"id"}, columnsT...)
		return got
	}
	swept(550, 550)
	require.Greater(t, len(p.executions(api.SweepTableID(p.queue, p.table("t")))), 1)
	last := swept(770, 220)
	require.Contains(t, p.cli("undo "+p.table("t")+" "+last.Undo[0]), "220")
	require.Equal(t, 350, p.targetRows())
	require.Greater(t, len(p.executions(api.UndoTableID(p.queue, p.table("t")))), 1)
}
