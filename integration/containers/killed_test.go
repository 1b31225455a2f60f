package containers

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	engine "github.com/moby/moby/client"
	"github.com/stretchr/testify/require"
	"github.com/testcontainers/testcontainers-go"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/tablehaul/tablehaul/integration/compare"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/workflows"
)

// runTimeout bounds a first load of seconds, the worst wait for a dead worker's heartbeat included.
const runTimeout = 3 * time.Minute

// slowTarget makes every insert on the target take a while, so that a load lasts several seconds.
const slowTarget = "CREATE TRIGGER dw.slow BEFORE INSERT ON dw.t FOR EACH ROW SET @slow = IF(NEW.id % 50 = 0, " +
	"SLEEP(0.05), 0)"

// TestWorkerKilledInItsContainer loads a table with two workers, each in a container of its own, and kills one of
// them with SIGKILL while it is in the middle of a step. The other finishes the load from the
// staging that both share, and both sides are equal.
func TestWorkerKilledInItsContainer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	images := databaseImages()
	source, target := w.database(images[0], "source"), w.database(images[len(images)-1], "target")
	w.exec(source, fmt.Sprintf(createT, "shop"), fmt.Sprintf(fillT, "shop"), "ANALYZE TABLE shop.t")
	w.exec(target, "CREATE DATABASE dw", fmt.Sprintf(createT, "dw"), slowTarget)
	config := "connections:\n" + source.connection() + target.connection() +
		"staging: { url: \"file:///var/lib/tablehaul\", shared: true }\n" +
		"defaults: { sourceConnection: source, targetConnection: target, overlap: 2s, minLag: 0s, tuning: { " +
		"chunkRows: 100, rangeRows: 1000, chunksInFlight: 2, rangesInFlight: 2 } }\n" +
		"tables:\n  - { name: shop.t, target: dw.t, cursor: updated_at }\n"
	workers := []testcontainers.Container{w.worker(config, source, target), w.worker(config, source, target)}

	code, out := w.tablehaul(workers[0], "run", "shop.t", "--no-wait")
	require.Zero(t, code, out)
	require.Eventually(t, func() bool { return rows(t, target) >= 500 }, runTimeout, 20*time.Millisecond)
	dead := w.killBusy(workers)
	before := rows(t, target)
	require.Less(t, before, 4096, "the load was over before the worker was killed")

	ctx, cancel := context.WithTimeout(t.Context(), runTimeout)
	defer cancel()
	var result workflows.SyncTableResult
	require.NoError(t, w.client.GetWorkflow(ctx, workflows.SyncTableID(workflows.TaskQueue, "shop.t"), "").Get(ctx,
		&result), logs(t, workers[1-dead]))
	require.Equal(t, api.ModeFirstLoad, result.Mode)
	require.EqualValues(t, 4096, result.RowsExtracted)
	report, err := compare.Tables(t.Context(), compare.Side{DB: source.DB, Schema: "shop", Table: "t"},
		compare.Side{DB: target.DB, Schema: "dw", Table: "t"},
		compare.Options{Key: []string{"id"}, Columns: columnsT})
	require.NoError(t, err)
	require.True(t, report.Equal(), report.String())
	require.EqualValues(t, 4096, report.Rows)
}

func rows(t *testing.T, d *database) (n int) {
	t.Helper()
	require.NoError(t, d.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM dw.t").Scan(&n))
	return n
}

// killBusy kills the first of the containers whose worker is seen to have begun a step that has not
// ended, and returns its index.
func (w *world) killBusy(workers []testcontainers.Container) int {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), runTimeout)
	defer cancel()
	for ctx.Err() == nil {
		for _, identity := range w.busy(ctx) {
			for i, worker := range workers {
				if strings.Contains(identity, worker.GetContainerID()[:12]) {
					_, err := w.engine.ContainerKill(ctx, worker.GetContainerID(),
						engine.ContainerKillOptions{Signal: "SIGKILL"})
					require.NoError(w.t, err)
					return i
				}
			}
		}
	}
	require.Fail(w.t, "no worker was seen at work")
	return -1
}

// busy are the identities of the workers that have steps in hand.
func (w *world) busy(ctx context.Context) (identities []string) {
	w.t.Helper()
	open, err := w.client.ListWorkflow(ctx,
		&workflowservice.ListWorkflowExecutionsRequest{Query: "ExecutionStatus = 'Running'"})
	require.NoError(w.t, err)
	for _, e := range open.GetExecutions() {
		d, err := w.client.DescribeWorkflowExecution(ctx, e.GetExecution().GetWorkflowId(), e.GetExecution().GetRunId())
		if err != nil {
			continue // it ended meanwhile
		}
		for _, a := range d.GetPendingActivities() {
			if a.GetState() == enumspb.PENDING_ACTIVITY_STATE_STARTED {
				identities = append(identities, a.GetLastWorkerIdentity())
			}
		}
	}
	return identities
}
