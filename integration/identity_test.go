package integration_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mysqldb/lineage"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/testenv/proxy"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// oldRows fills t with rows whose cursor lies in the past, one a minute.
var oldRows = []string{createT, insertT(1, 1000), "UPDATE t SET updated_at = '2024-01-01' + INTERVAL id MINUTE"}

// on is the options of a product whose servers are those given.
func on(s *servers.Server, tables string) options {
	return options{source: s, target: s, sourceDSN: s.DSN(""), targetDSN: s.DSN(""), tables: tables}
}

func (p *product) adopt(name string) {
	p.t.Helper()
	handle, err := p.client.UpdateWorkflow(p.t.Context(), client.UpdateWorkflowOptions{
		WorkflowID: workflows.TableStateID(p.queue, p.table(name)), UpdateName: owner.UpdateSetWatermark,
		WaitForStage: client.WorkflowUpdateStageCompleted, Args: []any{owner.SetRequest{Adopt: true}},
	})
	require.NoError(p.t, err)
	require.NoError(p.t, handle.Get(p.t.Context(), nil))
}

// fenceAfter waits until another run than the given one has the table's lease, and returns its fence.
func (p *product) fenceAfter(name, run string) int64 {
	p.t.Helper()
	var now workflows.TableStateView
	require.Eventually(p.t, func() bool {
		v, err := p.client.QueryWorkflow(p.t.Context(), workflows.TableStateID(p.queue, p.table(name)), "",
			owner.QueryState)
		return err == nil && v.Get(&now) == nil && now.Lease != nil && now.Lease.RunID != run
	}, timeout, poll)
	return now.Fence
}

// A detour is a product one of whose connections goes through a proxy, which can lead to another server.
type detour struct {
	*product
	way         *proxy.Proxy
	home, other *servers.Server
	// there is the schema of the other server.
	there *sql.DB
}

// startWithDetour puts the proxy before the target or, else, before the source of o. The other server has
// the schema and no table. args are arguments of the other server.
func startWithDetour(t *testing.T, s *servers.Server, o options, target bool, args ...string) *detour {
	t.Helper()
	way := proxy.Start(t, s.Addr())
	dsn := &o.sourceDSN
	if target {
		dsn = &o.targetDSN
	}
	*dsn = way.DSN(s.DSN(""))
	d := &detour{product: start(t, o), way: way, home: s, other: servers.Private(t, s.Flavor, args...)}
	schema := d.from
	if target {
		schema = d.to
	}
	exec(t, d.other.DB(t, ""), "CREATE DATABASE "+schema)
	d.there = d.other.DB(t, schema)
	return d
}

// leadTo ends all connections; new ones lead to s.
func (d *detour) leadTo(s *servers.Server) {
	d.way.Lead(s.Addr())
	d.way.Cut()
}

// Two task queues of one namespace are two deployments. They do not share a watermark, and the second
// one that names a target is refused.
func TestTwoDeploymentsOfOneNamespace(t *testing.T) {
	t.Parallel()
	p := start(t, on(servers.MySQL(t), oneTable))
	exec(t, p.src, oldRows...)
	second := *p
	second.queue = p.queue + "-us"
	second.dir = t.TempDir()
	second.writeConfig(on(servers.MySQL(t), oneTable))
	second.startWorker()
	p.sync("t")
	_, err := second.try(workflows.SyncTableInput{Table: p.table("t")})
	requireFailure(t, err, failure.IdentityChanged, "kept by another deployment",
		workflows.TableStateID(p.queue, p.table("t")))
	second.reconfigure(on(servers.MySQL(t), strings.Replace(oneTable, "TO.t", "TO.us", 1)))
	exec(t, p.src, "UPDATE t SET n = 5 WHERE id <= 3")
	p.settled("t")
	require.Equal(t, api.ModeFirstLoad, second.sync("t").Mode)
	p.equal("t", []string{"id"}, columnsT...)
	require.Equal(t, "1000", scalar(t, p.dst, "SELECT COUNT(*) FROM us"))
}

// Who adopts a target takes it over from the deployment that kept it, which is refused from then on.
func TestATargetIsTakenOverOnRequest(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p := start(t, on(s, oneTable))
		exec(t, p.src, oldRows...)
		mark := p.sync("t").Watermark
		second := *p
		second.queue = p.queue + "-new"
		second.startWorker()
		_, err := second.try(workflows.SyncTableInput{Table: p.table("t")})
		requireFailure(t, err, failure.IdentityChanged, "kept by another deployment")
		second.adopt("t")
		second.setWatermark("t", mark)
		require.Equal(t, api.ModeIncremental, second.sync("t").Mode)
		_, err = p.try(workflows.SyncTableInput{Table: p.table("t")})
		requireFailure(t, err, failure.IdentityChanged, "kept by another deployment")
		exec(t, p.src, "UPDATE t SET n = 3 WHERE id = 3")
		second.settled("t")
		p.equal("t", []string{"id"}, columnsT...)
	})
}

// A state workflow that is terminated in the middle of a first load: the run that it had begun marks
// nothing in the plan of the next one.
func TestStateWorkflowTerminatedInAFirstLoad(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		l := pausedLoad(t, s, true)
		p := l.product
		before := p.state("t")
		require.NoError(t, p.client.TerminateWorkflow(t.Context(), workflows.TableStateID(p.queue, p.table("t")), "",
			"one click"))
		next := p.launch(workflows.SyncTableInput{Table: p.table("t")}, "second-"+p.from)
		require.Greater(t, p.fenceAfter("t", before.Lease.RunID), before.Fence)
		requireFailure(t, l.resume(), failure.LeaseLost)
		var r workflows.SyncTableResult
		require.NoError(t, next.Get(t.Context(), &r))
		require.Contains(t, strings.Join(r.Warnings, "\n"), "the workflow that kept the watermark was terminated")
		p.equal("t", []string{"id"}, columnsT...)
	})
}

// A staged plan is taken up again only as it was written.
func TestAPlanThatWasChangedIsNotResumed(t *testing.T) {
	t.Parallel()
	o := on(servers.MySQL(t), oneTable)
	o.defaults = ", tuning: { chunkRows: 100, rangeRows: 100, rangesInFlight: 1 }"
	p := start(t, o)
	exec(t, p.src, oldRows...)
	exec(t, p.src, "UPDATE t SET name = 'bad', updated_at = updated_at WHERE id = 950")
	exec(t, p.dst, createT, "ALTER TABLE t ADD CHECK (name <> 'bad')")
	_, err := p.try(workflows.SyncTableInput{Table: p.table("t")})
	requireFailure(t, err, failure.RowRejected)
	query := regexp.MustCompile(`SELECT \* FROM .* = '[0-9a-f]{16}'`).FindString(err.Error())
	require.Equal(t, "950", scalar(t, p.src, strings.Replace(query, "*", "id", 1)), "the remedy's statement shows it")
	require.Contains(t, p.state("t").FirstLoad.Done, "1")
	require.Equal(t, "1", scalar(t, p.dst, "SELECT done LIKE '1%0%' FROM "+lineage.StateTable), "the target knows, too")
	var plans []string
	for _, f := range p.staged() {
		if filepath.Base(f) == "plan.json" {
			plans = append(plans, f)
		}
	}
	require.Len(t, plans, 1)
	text, err := os.ReadFile(plans[0])
	require.NoError(t, err)
	i := strings.LastIndex(string(text), `"after":["9`)
	require.Positive(t, i)
	text[i+len(`"after":["9`)] = '9'
	require.NoError(t, os.Chmod(plans[0], 0o600))
	require.NoError(t, os.WriteFile(plans[0], text, 0o600))
	exec(t, p.src, "DELETE FROM t WHERE id = 950")
	r := p.sync("t")
	require.Contains(t, strings.Join(r.Warnings, "\n"), "starts over")
	p.equal("t", []string{"id"}, columnsT...)
}

// A state of an earlier version knows no identity: it is bound where the rows agree, else refused.
func TestAStateWithoutIdentityIsAdoptedWhereRowsAgree(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p := start(t, on(s, "- { name: FROM.t, target: TO.t, cursor: updated_at }\n- { name: FROM.u, target: TO.u, "+
			"cursor: updated_at }"))
		exec(t, p.src, oldRows...)
		exec(t, p.src, "CREATE TABLE u LIKE t", "INSERT INTO u SELECT * FROM t")
		exec(t, p.dst, createT, "INSERT INTO t SELECT * FROM "+p.from+".t", "CREATE TABLE u LIKE t",
			"INSERT INTO u SELECT * FROM "+p.from+".t WHERE id < 900")
		for _, name := range []string{"t", "u"} {
			_, err := p.client.ExecuteWorkflow(t.Context(),
				startOptions(p, workflows.TableStateID(p.queue, p.table(name))), workflows.TableStateName,
				owner.State{
					Version: 1, Table: p.table(name), Watermark: "2024-06-01 00:00:00.000000",
					Cursor: "updated_at", Loaded: true,
				})
			require.NoError(t, err)
		}
		r := p.sync("t")
		require.Equal(t, api.ModeIncremental, r.Mode)
		require.Contains(t, strings.Join(r.Warnings, "\n"), "it is bound to them")
		require.NotNil(t, p.state("t").Identity)
		_, err := p.try(workflows.SyncTableInput{Table: p.table("u")})
		requireFailure(t, err, failure.IdentityChanged, "are not on the target")
		p.adopt("u")
		require.Equal(t, api.ModeIncremental, p.sync("u").Mode)
	})
}
