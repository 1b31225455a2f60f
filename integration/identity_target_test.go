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
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// A watermark is of one target. Another one that holds rows is refused in one try, and loaded again or
// adopted on request; one that is empty is loaded again.
func TestAnotherTargetIsNotTakenForTheOldOne(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p := start(t, on(s, oneTable))
		exec(t, p.src, oldRows...)
		p.sync("t")
		require.Equal(t, api.ModeIncremental, p.sync("t").Mode)

		exec(t, p.dst, "CREATE TABLE t2 LIKE t", "INSERT INTO t2 SELECT * FROM t WHERE id <= 10",
			"CREATE TABLE t3 LIKE t", "INSERT INTO t3 SELECT * FROM t")
		p.reconfigure(on(s, strings.Replace(oneTable, "TO.t", "TO.t2", 1)))
		_, err := p.try(workflows.SyncTableInput{Table: p.table("t")})
		requireFailure(t, err, failure.IdentityChanged, p.to+".t,", p.to+".t2", "--full",
			"watermark adopt "+p.table("t"))
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

// The next run goes on with a full run that was asked for after a change and did not end: the watermark of before
// speaks of rows that are not there. Without a change it still speaks of what is there.
func TestTheNextRunGoesOnWithAFullRunAfterAChange(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		o := on(s, strings.Replace(oneTable, " }", `, where: "id <= 500" }`, 1))
		o.defaults = ", tuning: { chunkRows: 100, rangeRows: 200, chunksInFlight: 1, rangesInFlight: 1 }"
		p := start(t, o)
		exec(t, p.src, oldRows...)
		exec(t, p.src, "ANALYZE TABLE t")
		p.sync("t")
		mark := p.state("t").Watermark
		cutOff := func() { // at the first row: the chunk waits, since a row that has not changed is not written
			exec(t, p.src, "UPDATE t SET n = n + 1, updated_at = updated_at WHERE id = 1")
			blocker := session(t, p.dst)
			say(t, blocker, "BEGIN", "SELECT * FROM t WHERE id = 1 FOR UPDATE")
			run := p.launch(workflows.SyncTableInput{Table: p.table("t"), Full: true},
				workflows.SyncTableID(p.queue, p.table("t")))
			require.Eventually(t, func() bool { return p.state("t").FirstLoad != nil }, timeout, poll)
			require.NoError(t, p.client.CancelWorkflow(t.Context(), run.GetID(), run.GetRunID()))
			require.Error(t, run.Get(t.Context(), nil))
			say(t, blocker, "ROLLBACK")
		}
		cutOff()
		require.Equal(t, mark, p.state("t").Watermark)
		require.Equal(t, api.ModeIncremental, p.sync("t").Mode, "what the watermark promises is there")

		o.tables = oneTable
		p.reconfigure(o)
		_, err := p.try(workflows.SyncTableInput{Table: p.table("t")})
		requireFailure(t, err, failure.IdentityChanged, "where or columns have changed", "--full")
		cutOff()
		require.Empty(t, p.state("t").Watermark)
		require.Equal(t, "500", scalar(t, p.dst, "SELECT COUNT(*) FROM t"))
		require.Equal(t, api.ModeFirstLoad, p.sync("t").Mode)
		p.equal("t", []string{"id"}, columnsT...)
		require.Equal(t, api.ModeIncremental, p.sync("t").Mode)
	})
}

// A connection that leads to another server with an old copy of the target.
func TestTheTargetsConnectionLeadsToAnotherServer(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		d := startWithDetour(t, s, on(s, oneTable), true)
		p := d.product
		exec(t, p.src, oldRows...)
		p.sync("t")
		exec(t, d.there, createT, "INSERT INTO t (id, name, updated_at) VALUES (1, 'old', '2001-01-01')")
		exec(t, p.src, "UPDATE t SET n = 5 WHERE id <= 3")
		d.leadTo(d.other)
		_, err := p.try(workflows.SyncTableInput{Table: p.table("t")})
		requireFailure(t, err, failure.IdentityChanged, "no state row")
		require.Equal(t, "1", scalar(t, d.there, "SELECT COUNT(*) FROM t"), "nothing is written")
		d.leadTo(d.home)
		p.settled("t")
		p.equal("t", []string{"id"}, columnsT...)
	})
}

// A target that is restored from a backup says by its state row which runs it has lost: they are done
// again. So is a failover that lost its tail.
func TestARestoredTargetGetsWhatItLost(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p := start(t, on(s, oneTable))
		exec(t, p.src, oldRows...)
		p.sync("t")
		exec(t, p.dst, backUp...)
		for i := range 3 {
			exec(t, p.src, fmt.Sprintf("UPDATE t SET n = %d WHERE id BETWEEN %d AND %d", i, 100*i, 100*i+50))
			p.settled("t")
		}
		p.equal("t", []string{"id"}, columnsT...)
		exec(t, p.dst, restore...)
		r := p.sync("t")
		require.Equal(t, api.ModeIncremental, r.Mode)
		require.Contains(t, strings.Join(r.Warnings, "\n"), "has lost its last runs")
		p.equal("t", []string{"id"}, columnsT...)
		require.NotContains(t, strings.Join(p.sync("t").Warnings, "\n"), "has lost", "said once")
	})
}

// Workers with an old and a new file write to two servers: every chunk of a run goes to one of them.
func TestOneRunIsNotSplitOverTwoTargets(t *testing.T) {
	t.Parallel()
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
	text = []byte(strings.ReplaceAll(string(text), fmt.Sprintf("warehouse: { dsn: %q }", s.DSN("")),
		fmt.Sprintf("warehouse: { dsn: %q }", o.targetDSN)))
	require.NoError(t, os.WriteFile(neu, text, 0o600))
	p.startWorkerWith(app.WorkerOptions{ConfigFile: neu, Getenv: os.Getenv, Client: p.client, TaskQueue: p.queue})
	p.sync("t")
	counts := []string{}
	for _, db := range []*sql.DB{p.dst, other.DB(t, "")} {
		n := "0"
		if scalar(t, db,
			"SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = '"+
				p.to+"' AND table_name = 't'") == "1" {
			n = scalar(t, db, "SELECT COUNT(*) FROM "+p.to+".t")
		}
		counts = append(counts, n)
	}
	require.ElementsMatch(t, []string{"0", "1000"}, counts)
}

// What a run knows of the target is never older than the run: a unique key that came right before it.
func TestAUniqueKeyThatCameRightBeforeTheRun(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
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
		}, timeout, runPoll)
		require.Equal(t, "1 1", scalar(t, p.dst, "SELECT CONCAT(id, ' ', n) FROM t WHERE name = 'a'"))
	})
}

// A target that may lose commits and is started again during a run: the run writes its rows again
// before the watermark rises.
func TestTargetRestartedDuringARun(t *testing.T) {
	t.Parallel()
	status := map[servers.Flavor]string{
		servers.FlavorMySQL:   "performance_schema.global_status",
		servers.FlavorMariaDB: "information_schema.GLOBAL_STATUS",
	}
	for _, f := range []servers.Flavor{servers.FlavorMySQL, servers.FlavorMariaDB} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			target := servers.Private(t, f, "--innodb-flush-log-at-trx-commit=0")
			o := options{
				target: target, sourceDSN: servers.MySQL(t).DSN(""), targetDSN: target.DSN(""),
				defaults: ", tuning: { chunkRows: 100, chunksInFlight: 1 }",
			}
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
					if target.DB(t, p.to).QueryRowContext(t.Context(),
						"SELECT COUNT(*) FROM t WHERE n = 7").Scan(&n) == nil && n >= 500 {
						return true
					}
					if d, err := p.client.DescribeWorkflowExecution(t.Context(), id, ""); err == nil &&
						d.GetWorkflowExecutionInfo().GetCloseTime() != nil {
						return false
					}
					time.Sleep(poll)
				}
			}, timeout, poll)
			// Two starts within a few seconds count as one: see restartSlack.
			holds(t, target.DB(t, p.to), "SELECT VARIABLE_VALUE > 5 FROM "+status[f]+" WHERE VARIABLE_NAME = 'Uptime'")
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
			require.Contains(t, failuresOf(p, id, run.GetRunID()), failure.TargetRestarted)
		})
	}
}
