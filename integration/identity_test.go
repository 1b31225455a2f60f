package integration_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/app"
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
		v, err := p.client.QueryWorkflow(p.t.Context(), workflows.TableStateID(p.queue, p.table(name)), "", owner.QueryState)
		return err == nil && v.Get(&now) == nil && now.Lease != nil && now.Lease.RunID != run
	}, timeout, poll)
	return now.Fence
}

// A watermark is of one target. Another one that holds rows is refused in one try, and loaded anew or
// adopted on request; one that is empty is loaded anew.
func TestAnotherTargetIsNotTakenForTheOldOne(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		t.Parallel()
		p := start(t, on(s, oneTable))
		exec(t, p.src, oldRows...)
		p.sync("t")
		require.Equal(t, api.ModeIncremental, p.sync("t").Mode)

		exec(t, p.dst, "CREATE TABLE t2 LIKE t", "INSERT INTO t2 SELECT * FROM t WHERE id <= 10", "CREATE TABLE t3 LIKE t", "INSERT INTO t3 SELECT * FROM t")
		p.reconfigure(on(s, strings.Replace(oneTable, "TO.t", "TO.t2", 1)))
		_, err := p.try(workflows.SyncTableInput{Table: p.table("t")})
		requireFailure(t, err, failure.IdentityChanged, p.to+".t,", p.to+".t2", "--full", "watermark adopt "+p.table("t"))
		require.Equal(t, "10", scalar(t, p.dst, "SELECT COUNT(*) FROM t2"), "nothing is written")
		r, err := p.try(workflows.SyncTableInput{Table: p.table("t"), Full: true})
		require.NoError(t, err)
		require.EqualValues(t, 990, r.Inserted)
		require.Equal(t, api.ModeIncremental, p.sync("t").Mode)

		p.reconfigure(on(s, strings.Replace(oneTable, "TO.t", "TO.t3", 1)))
		_, err = p.try(workflows.SyncTableInput{Table: p.table("t")})
		requireFailure(t, err, failure.IdentityChanged)
		p.adopt("t")
		require.Equal(t, api.ModeIncremental, p.sync("t").Mode)

		p.reconfigure(on(s, strings.Replace(oneTable, "TO.t", "TO.t4", 1)))
		r = p.sync("t")
		require.Equal(t, api.ModeFirstLoad, r.Mode)
		require.EqualValues(t, 1000, r.Inserted)
	})
}

// A connection that leads to another server with an old copy of the target.
func TestTheTargetsConnectionLeadsToAnotherServer(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		t.Parallel()
		way := proxy.Start(t, s.Addr())
		o := on(s, oneTable)
		o.targetDSN = way.DSN(s.DSN(""))
		p := start(t, o)
		exec(t, p.src, oldRows...)
		p.sync("t")
		other := servers.Private(t, s.Flavor)
		old := other.DB(t, "")
		exec(t, old, "CREATE DATABASE "+p.to, "CREATE TABLE "+p.to+"."+strings.TrimPrefix(createT, "CREATE TABLE "),
			"INSERT INTO "+p.to+".t (id, name, updated_at) VALUES (1, 'old', '2001-01-01')")
		exec(t, p.src, "UPDATE t SET n = 5 WHERE id <= 3")
		way.Lead(other.Addr())
		way.Cut()
		_, err := p.try(workflows.SyncTableInput{Table: p.table("t")})
		requireFailure(t, err, failure.IdentityChanged, "no state row")
		require.Equal(t, "1", scalar(t, old, "SELECT COUNT(*) FROM "+p.to+".t"), "nothing is written")
		way.Lead(s.Addr())
		way.Cut()
		p.settled("t")
		p.equal("t", []string{"id"}, columnsT...)
	})
}

// A target that is restored from a backup says by its state row which runs it has lost: they are done
// again. So is a failover that lost its tail.
func TestARestoredTargetGetsWhatItLost(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		t.Parallel()
		p := start(t, on(s, oneTable))
		exec(t, p.src, oldRows...)
		p.sync("t")
		backup := []string{"CREATE TABLE b LIKE t", "INSERT INTO b SELECT * FROM t", "CREATE TABLE bs LIKE " + lineage.StateTable, "INSERT INTO bs SELECT * FROM " + lineage.StateTable}
		exec(t, p.dst, backup...)
		for i := range 3 {
			exec(t, p.src, fmt.Sprintf("UPDATE t SET n = %d WHERE id BETWEEN %d AND %d", i, 100*i, 100*i+50))
			p.settled("t")
		}
		p.equal("t", []string{"id"}, columnsT...)
		exec(t, p.dst, "DELETE FROM t", "INSERT INTO t SELECT * FROM b", "DELETE FROM "+lineage.StateTable, "INSERT INTO "+lineage.StateTable+" SELECT * FROM bs")
		r := p.sync("t")
		require.Equal(t, api.ModeIncremental, r.Mode)
		require.Contains(t, strings.Join(r.Warnings, "\n"), "has lost its last runs")
		p.equal("t", []string{"id"}, columnsT...)
		require.NotContains(t, strings.Join(p.sync("t").Warnings, "\n"), "has lost", "said once")
	})
}

// Two task queues of one namespace are two deployments. They do not share a watermark, and the second
// one that names a target is refused.
func TestTwoDeploymentsOfOneNamespace(t *testing.T) {
	p := start(t, on(servers.MySQL(t), oneTable))
	exec(t, p.src, oldRows...)
	second := *p
	second.queue = p.queue + "-us"
	second.dir = t.TempDir()
	second.writeConfig(on(servers.MySQL(t), oneTable))
	second.startWorker()
	p.sync("t")
	_, err := second.try(workflows.SyncTableInput{Table: p.table("t")})
	requireFailure(t, err, failure.IdentityChanged, "kept by another deployment", workflows.TableStateID(p.queue, p.table("t")))
	second.reconfigure(on(servers.MySQL(t), strings.Replace(oneTable, "TO.t", "TO.us", 1)))
	exec(t, p.src, "UPDATE t SET n = 5 WHERE id <= 3")
	p.settled("t")
	require.Equal(t, api.ModeFirstLoad, second.sync("t").Mode)
	p.equal("t", []string{"id"}, columnsT...)
	require.Equal(t, "1000", scalar(t, p.dst, "SELECT COUNT(*) FROM us"))
}

// Who adopts a target takes it over from the deployment that kept it, which is refused from then on.
func TestATargetIsTakenOverOnRequest(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		t.Parallel()
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

// Workers with an old and a new file write to two servers: every chunk of a run goes to one of them.
func TestOneRunIsNotSplitOverTwoTargets(t *testing.T) {
	s := servers.MySQL(t)
	o := on(s, oneTable)
	o.defaults = ", tuning: { chunkRows: 50, rangeRows: 200 }"
	p := start(t, o)
	exec(t, p.src, oldRows...)
	other := servers.Private(t, s.Flavor)
	exec(t, other.DB(t, ""), "CREATE DATABASE "+p.to)
	o.targetDSN = other.DSN("")
	old, neu := p.config(), filepath.Join(p.dir, "new.yaml")
	text, err := os.ReadFile(old)
	require.NoError(t, err)
	text = []byte(strings.ReplaceAll(string(text), fmt.Sprintf("warehouse: { dsn: %q }", s.DSN("")), fmt.Sprintf("warehouse: { dsn: %q }", o.targetDSN)))
	require.NoError(t, os.WriteFile(neu, text, 0o600))
	p.startWorkerWith(app.WorkerOptions{ConfigFile: neu, Getenv: os.Getenv, Client: p.client, TaskQueue: p.queue})
	p.sync("t")
	counts := []string{}
	for _, db := range []*sql.DB{p.dst, other.DB(t, "")} {
		n := "0"
		if scalar(t, db, "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = '"+p.to+"' AND table_name = 't'") == "1" {
			n = scalar(t, db, "SELECT COUNT(*) FROM "+p.to+".t")
		}
		counts = append(counts, n)
	}
	require.ElementsMatch(t, []string{"0", "1000"}, counts)
}

// Pages of a run come from the server on which its window was chosen.
func TestPagesOfAnotherServerAreNotRead(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		t.Parallel()
		way := proxy.Start(t, s.Addr())
		o := on(s, oneTable)
		o.sourceDSN, o.defaults = way.DSN(s.DSN("")), ", tuning: { chunkRows: 100, rangeRows: 300, rangesInFlight: 1, chunksInFlight: 1 }"
		p := start(t, o)
		exec(t, p.src, oldRows...)
		exec(t, p.dst, createT, "INSERT INTO t VALUES (50, 'old', NULL, '2001-01-01')")
		behind := servers.Private(t, s.Flavor)
		exec(t, behind.DB(t, ""), "CREATE DATABASE "+p.from, "CREATE TABLE "+p.from+"."+strings.TrimPrefix(createT, "CREATE TABLE "))
		blocker := session(t, p.dst)
		say(t, blocker, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", "BEGIN", "SELECT * FROM t WHERE id > 20 FOR UPDATE")
		id := workflows.SyncTableID(p.queue, p.table("t"))
		run := p.launch(workflows.SyncTableInput{Table: p.table("t")}, id)
		fence := p.fenceAfter("t", "")
		rangeID := func(i int) string { return fmt.Sprintf("%s/run-%d/range-%d", id, fence, i) }
		p.waitFor(rangeID(0), "UpsertChunk")
		way.Lead(behind.Addr())
		way.Cut()
		say(t, blocker, "ROLLBACK")
		p.waitFor(rangeID(1), failure.ServerChanged)
		way.Lead(s.Addr())
		way.Cut()
		require.NoError(t, run.Get(t.Context(), nil))
		p.equal("t", []string{"id"}, columnsT...)
	})
}

// A state workflow that is terminated in the middle of a first load: the run that it had begun marks
// nothing in the plan of the next one.
func TestStateWorkflowTerminatedInAFirstLoad(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		t.Parallel()
		l := pausedLoad(t, s, true)
		p := l.product
		before := p.state("t")
		require.NoError(t, p.client.TerminateWorkflow(t.Context(), workflows.TableStateID(p.queue, p.table("t")), "", "one click"))
		next := p.launch(workflows.SyncTableInput{Table: p.table("t")}, "second-"+p.from)
		require.Greater(t, p.fenceAfter("t", before.Lease.RunID), before.Fence)
		require.Error(t, l.resume(), "the old run")
		require.NoError(t, next.Get(t.Context(), nil))
		p.equal("t", []string{"id"}, columnsT...)
	})
}

// A staged plan is taken up again only as it was written.
func TestAPlanThatWasChangedIsNotResumed(t *testing.T) {
	o := on(servers.MySQL(t), oneTable)
	o.defaults = ", tuning: { chunkRows: 100, rangeRows: 100, rangesInFlight: 1 }"
	p := start(t, o)
	exec(t, p.src, oldRows...)
	exec(t, p.src, "UPDATE t SET name = 'bad', updated_at = updated_at WHERE id = 950")
	exec(t, p.dst, createT, "ALTER TABLE t ADD CHECK (name <> 'bad')")
	_, err := p.try(workflows.SyncTableInput{Table: p.table("t")})
	requireFailure(t, err, failure.RowRejected)
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

// A cursor whose type changes: the watermark is converted where that is exact, and refused elsewhere.
func TestACursorThatChangesItsType(t *testing.T) {
	both := func(p *product, ddl string) {
		exec(p.t, p.src, ddl)
		exec(p.t, p.dst, ddl)
	}
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for _, tc := range []struct{ was, now, refused string }{
			{"DATETIME", "DATETIME(6)", ""},
			{"DATETIME(6)", "DATETIME(3)", ""},
			{"DATE", "DATETIME", ""},
			{"TIMESTAMP(6)", "TIMESTAMP", ""},
			{"DATETIME", "TIMESTAMP", "which is now timestamp"},
			{"TIMESTAMP", "DATETIME", "which is now datetime"},
		} {
			t.Run(tc.was+" to "+tc.now, func(t *testing.T) {
				t.Parallel()
				p := start(t, on(s, oneTable))
				exec(t, p.src, fmt.Sprintf("CREATE TABLE t (id INT PRIMARY KEY, n INT, updated_at %s NOT NULL, KEY (updated_at))", tc.was),
					"INSERT INTO t VALUES (1, 1, '2024-01-01'), (2, 2, '2024-01-02'), (3, 3, '2024-01-03')")
				p.sync("t")
				both(p, "ALTER TABLE t MODIFY updated_at "+tc.now+" NOT NULL")
				exec(t, p.src, "UPDATE t SET n = 9, updated_at = UTC_TIMESTAMP() - INTERVAL 1 SECOND WHERE id = 2")
				if tc.refused != "" {
					_, err := p.try(workflows.SyncTableInput{Table: p.table("t")})
					requireFailure(t, err, failure.IdentityChanged, tc.refused)
					_, err = p.try(workflows.SyncTableInput{Table: p.table("t"), Full: true})
					require.NoError(t, err)
					return
				}
				require.Equal(t, api.ModeIncremental, p.sync("t").Mode)
				require.Eventually(t, func() bool {
					p.sync("t")
					return scalar(t, p.dst, "SELECT n FROM t WHERE id = 2") == "9"
				}, timeout, poll)
			})
		}
	})
}

// What a run knows of the target is never older than the run: a unique key that came right before it.
func TestAUniqueKeyThatCameRightBeforeTheRun(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		t.Parallel()
		p := start(t, on(s, oneTable))
		exec(t, p.src, createT, "INSERT INTO t VALUES (1, 'a', 1, '2024-01-01'), (2, 'b', 2, '2024-01-02')")
		p.sync("t")
		exec(t, p.dst, "ALTER TABLE t ADD UNIQUE KEY (name)")
		exec(t, p.src, "INSERT INTO t (id, name, n) VALUES (5, 'a', 5)")
		require.Eventually(t, func() bool {
			_, err := p.try(workflows.SyncTableInput{Table: p.table("t")})
			if err == nil {
				return false // its window ends below the row
			}
			requireFailure(t, err, failure.RowRejected)
			return true
		}, timeout, poll)
		require.Equal(t, "1 1", scalar(t, p.dst, "SELECT CONCAT(id, ' ', n) FROM t WHERE name = 'a'"))
	})
}

// A state of an earlier version knows no identity: it is bound where the rows agree, else refused.
func TestAStateWithoutIdentityIsAdoptedWhereRowsAgree(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		t.Parallel()
		p := start(t, on(s, "- { name: FROM.t, target: TO.t, cursor: updated_at }\n- { name: FROM.u, target: TO.u, cursor: updated_at }"))
		exec(t, p.src, oldRows...)
		exec(t, p.src, "CREATE TABLE u LIKE t", "INSERT INTO u SELECT * FROM t")
		exec(t, p.dst, createT, "INSERT INTO t SELECT * FROM "+p.from+".t", "CREATE TABLE u LIKE t", "INSERT INTO u SELECT * FROM "+p.from+".t WHERE id < 900")
		for _, name := range []string{"t", "u"} {
			_, err := p.client.ExecuteWorkflow(t.Context(), startOptions(p, workflows.TableStateID(p.queue, p.table(name))), workflows.TableStateName,
				owner.State{Version: 1, Table: p.table(name), Watermark: "2024-06-01 00:00:00.000000", Cursor: "updated_at", Loaded: true})
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

// A source that leads elsewhere is told by its history or its rows, and a failover is none.
func TestTheSourceLeadsToAnotherServer(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		t.Parallel()
		way := proxy.Start(t, s.Addr())
		o := on(s, oneTable)
		o.sourceDSN = way.DSN(s.DSN(""))
		p := start(t, o)
		exec(t, p.src, oldRows...)
		p.sync("t")
		other := servers.Private(t, s.Flavor)
		there := other.DB(t, "")
		exec(t, there, "CREATE DATABASE "+p.from)
		exec(t, other.DB(t, p.from), createT, insertT(1, 1000), "UPDATE t SET updated_at = '2024-02-01' + INTERVAL id MINUTE")
		way.Lead(other.Addr())
		way.Cut()
		_, err := p.try(workflows.SyncTableInput{Table: p.table("t")})
		requireFailure(t, err, failure.IdentityChanged, "the connection now leads to")
		asCopied := "UPDATE t SET updated_at = '2024-01-01' + INTERVAL id MINUTE"
		exec(t, other.DB(t, p.from), asCopied, "DELETE FROM t WHERE id > 999") // an older copy: all of it is on the target
		_, err = p.try(workflows.SyncTableInput{Table: p.table("t")})
		requireFailure(t, err, failure.IdentityChanged, "whose rows differ")
		exec(t, other.DB(t, p.from), insertT(1000, 1000), asCopied)
		r := p.sync("t")
		require.Equal(t, api.ModeIncremental, r.Mode)
		require.Contains(t, strings.Join(r.Warnings, "\n"), "taken for the same")
		require.NotContains(t, strings.Join(p.sync("t").Warnings, "\n"), "taken for the same", "said once")
	})
}

// A target that may lose commits and is started again during a run: the run writes its rows again
// before the watermark rises.
func TestTargetRestartedDuringARun(t *testing.T) {
	for _, f := range []servers.Flavor{servers.FlavorMySQL, servers.FlavorMariaDB} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			target := servers.Private(t, f, "--innodb-flush-log-at-trx-commit=0")
			o := options{target: target, sourceDSN: servers.MySQL(t).DSN(""), targetDSN: target.DSN(""), defaults: ", tuning: { chunkRows: 100, chunksInFlight: 1 }"}
			p := start(t, o)
			exec(t, p.src, oldRows...)
			p.sync("t")
			exec(t, p.src, "UPDATE t SET n = 7")
			blocker := session(t, p.dst)
			say(t, blocker, "BEGIN", "SELECT * FROM t WHERE id > 900 FOR UPDATE")
			id := workflows.SyncTableID(p.queue, p.table("t"))
			var run client.WorkflowRun
			require.Eventually(t, func() bool { // a window that has the rows
				run = p.launch(workflows.SyncTableInput{Table: p.table("t")}, id)
				for {
					var n int
					if target.DB(t, p.to).QueryRowContext(t.Context(), "SELECT COUNT(*) FROM t WHERE n = 7").Scan(&n) == nil && n >= 500 {
						return true
					}
					if d, err := p.client.DescribeWorkflowExecution(t.Context(), id, ""); err == nil && d.GetWorkflowExecutionInfo().GetCloseTime() != nil {
						return false
					}
					time.Sleep(poll)
				}
			}, timeout, poll)
			target.Restart(t)
			require.NoError(t, run.Get(t.Context(), nil))
			p.dst = target.DB(t, p.to)
			p.equal("t", []string{"id"}, columnsT...)
			plans := 0
			for _, e := range p.histories()[id+" "+run.GetRunID()].GetEvents() {
				if e.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName() == "PlanRun" {
					plans++
				}
			}
			require.Equal(t, 2, plans, "the rows are written again")
		})
	}
}
