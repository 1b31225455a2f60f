package integration_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/app"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// listed are the types of the workflows that the temporal command line finds, sorted.
func (p *product) listed(query string) []string {
	p.t.Helper()
	var found []struct{ Type struct{ Name string } }
	require.NoError(p.t, json.Unmarshal([]byte(p.temporalCLI("workflow", "list", "--query", query, "--output", "json")),
		&found))
	var types []string
	for _, f := range found {
		types = append(types, f.Type.Name)
	}
	slices.Sort(types)
	return types
}

// becomesListed waits until the list has these types, and no others.
func (p *product) becomesListed(query string, want ...string) {
	p.t.Helper()
	p.awaitList(query, func(types []string) bool { return slices.Equal(want, types) })
}

// awaitList waits until the list is as it is to be: Temporal's lists are a moment behind.
func (p *product) awaitList(query string, ok func(types []string) bool) {
	p.t.Helper()
	for deadline := time.Now().Add(timeout); ; {
		types := p.listed(query)
		if ok(types) {
			return
		}
		require.True(p.t, time.Now().Before(deadline) && pause(p.t.Context(), poll), "%s lists %q", query, types)
	}
}

// shown are memo and search attributes of a workflow, decoded.
func (p *product) shown(id string) (memo, attributes map[string]any) {
	p.t.Helper()
	d, err := p.client.DescribeWorkflowExecution(p.t.Context(), id, "")
	require.NoError(p.t, err)
	memo, attributes = map[string]any{}, map[string]any{}
	for name, payload := range d.GetWorkflowExecutionInfo().GetMemo().GetFields() {
		var v any
		require.NoError(p.t, converter.GetDefaultDataConverter().FromPayload(payload, &v))
		memo[name] = v
	}
	for name, payload := range d.GetWorkflowExecutionInfo().GetSearchAttributes().GetIndexedFields() {
		var v any
		require.NoError(p.t, converter.GetDefaultDataConverter().FromPayload(payload, &v))
		attributes[name] = v
	}
	return memo, attributes
}

func TestTemporalCLIFindsRunsByTable(t *testing.T) {
	t.Parallel()
	// Transactions that other tests keep open on a shared source would hold this one's lag up.
	p := start(t, options{
		source:   servers.Private(t, servers.FlavorMySQL),
		defaults: ", tuning: { chunkRows: 100, rangeRows: 500 }",
	})
	exec(t, p.src, createT, insertT(1, 2000), "UPDATE t SET updated_at = '2024-01-01 00:00:00' + INTERVAL id SECOND",
		"ANALYZE TABLE t")
	began := time.Now().Add(-time.Minute)
	result := p.sync("t")
	id := workflows.SyncTableID(p.queue, p.table("t"))
	is := fmt.Sprintf("TablehaulTable='%s'", p.table("t"))
	p.becomesListed(is+" AND WorkflowType='SyncTable'", "SyncTable")
	p.becomesListed(is+" AND WorkflowType='TableState'", "TableState")
	p.awaitList(is, func(types []string) bool { return slices.Contains(types, "SyncRange") })
	p.becomesListed(is+" AND TablehaulPhase='done' AND TablehaulLagSeconds < 60 AND ExecutionStatus='Completed'",
		"SyncTable")
	p.becomesListed(is + " AND TablehaulLagSeconds > 60")
	p.becomesListed(is+fmt.Sprintf(" AND TablehaulFreshAt > '%s'",
		began.UTC().Format(time.RFC3339)), "TableState")

	memo, attributes := p.shown(id)
	require.Equal(t, map[string]any{
		"table": p.table("t"), "target": p.to + ".t", "mode": api.ModeFirstLoad, "window": result.Window.String(),
	}, memo)
	require.Equal(t, p.table("t"), attributes["TablehaulTable"])
	require.Equal(t, workflows.PhaseDone, attributes["TablehaulPhase"])
	require.NotContains(t, attributes, "TablehaulFreshAt", "a run's freshness passes; the state workflow has it")

	// a refused row: the run keeps the phase that it failed in, and the state workflow its freshness
	exec(t, p.dst, "ALTER TABLE t ADD CHECK (n <> 999)")
	exec(t, p.src, "UPDATE t SET n = 999, updated_at = NOW(6) - INTERVAL 10 SECOND WHERE id = 5")
	_, err := p.try(workflows.SyncTableInput{Table: p.table("t"), Full: true})
	requireFailure(t, err, failure.RowRejected)
	p.becomesListed(is+" AND TablehaulPhase='ranges' AND ExecutionStatus='Failed'", "SyncTable")
	require.WithinRange(t, p.state("t").FreshAt, began, time.Now())
}

// Where the namespace has no search attributes and does not let the worker add any, or even
// look, runs go on; the log says once what a person may do.
func TestRunsGoOnWithoutSearchAttributes(t *testing.T) {
	t.Parallel()
	p := start(t, options{idle: true})
	fillT(p)
	refused := func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker,
		opts ...grpc.CallOption,
	) error {
		if strings.Contains(method, "OperatorService") || strings.HasSuffix(method, "CountWorkflowExecutions") {
			return status.Error(codes.PermissionDenied, "Request unauthorized.")
		}
		return invoke(ctx, method, req, reply, cc, opts...)
	}
	limited, err := client.Dial(client.Options{
		HostPort: p.temporal.Address, Logger: silent{},
		ConnectionOptions: client.ConnectionOptions{
			DialOptions: []grpc.DialOption{grpc.WithChainUnaryInterceptor(refused)},
		},
	})
	require.NoError(t, err)
	t.Cleanup(limited.Close)
	p.startWorkerWith(app.WorkerOptions{ConfigFile: p.config(), Getenv: os.Getenv, Client: limited, TaskQueue: p.queue})
	r := p.sync("t")
	require.EqualValues(t, 100, r.Inserted)
	for _, id := range []string{
		workflows.SyncTableID(p.queue, p.table("t")),
		workflows.TableStateID(p.queue, p.table("t")),
	} {
		memo, attributes := p.shown(id)
		require.Equal(t, p.table("t"), memo["table"])
		for name := range workflows.SearchAttributes() {
			require.NotContains(t, attributes, name)
		}
	}
	p.equal("t", []string{"id"}, columnsT...)
}
