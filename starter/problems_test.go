package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/remote"
)

// scheduledTables is a configuration in which each table has a schedule and becomes stale after an hour.
var scheduledTables = strings.Replace(testConfig, "defaults: {", "defaults: { schedule: 5m, staleAfter: 1h,", 1)

// fresh is the state of a table whose last run was done, and which is behind by age.
func fresh(tbl string, age time.Duration) owner.State {
	at := time.Now().Add(-age)
	return owner.State{Table: tbl, Watermark: "7", FreshAt: at, LastRuns: []owner.RunRecord{
		{Mode: api.ModeIncremental, Outcome: owner.OutcomeDone, Rows: 5, Seconds: 2, Finished: at},
	}}
}

// scheduledWorld has the tables of the configuration, fresh and with schedules.
func scheduledWorld(t *testing.T) *fakeService {
	f := &fakeService{states: map[string]owner.State{}, listed: listing(t, scheduledTables, "shop.log_1"), idle: false}
	var all []remote.Schedule
	for _, name := range []string{"shop.orders", "shop.countries", "shop.log_1"} {
		f.states[name] = fresh(name, time.Minute)
		all = append(all, ours(name, "5m", func(s *remote.Schedule) { s.Next = time.Now().Add(4 * time.Minute) }))
	}
	f.sched = byID(all...)
	return f
}

func TestStatusStrict(t *testing.T) {
	strict := func(f *fakeService) invocation {
		return callConfig(t.Context(), t, f, scheduledTables, "status", "--strict")
	}
	f := scheduledWorld(t)
	require.Equal(t, exitOK, strict(f).code)

	f.states["shop.orders"] = fresh("shop.orders", 3*time.Hour)
	got := strict(f)
	require.Equal(t, exitFailed, got.code)
	require.Regexp(t, `shop.orders +stale +done 3h ago +5 +3h +in 3m\d+s\n`, got.stdout)
	require.Contains(t, got.stdout, "shop.orders is stale: 3h behind the source, staleAfter is 1h\n"+
		"  → tablehaul run shop.orders runs it before its schedule does")
	got = callConfig(t.Context(), t, f, scheduledTables, "status", "shop.orders", "--strict")
	require.Equal(t, exitFailed, got.code)
	require.Equal(t, exitOK, callConfig(t.Context(), t, f, scheduledTables, "status").code)
	got = callConfig(t.Context(), t, f, scheduledTables, "explain", "shop.orders", "--output", "json")
	var e explained
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &e))
	require.Equal(t, "stale", e.Issues[0].Kind)

	f = scheduledWorld(t)
	s := f.states["shop.orders"]
	s.LastRuns = append(s.LastRuns, owner.RunRecord{Outcome: owner.OutcomeFailed, Failure: "RowRejected: no"})
	f.states["shop.orders"] = s
	require.Equal(t, exitFailed, strict(f).code)

	s.LastRuns = append(s.LastRuns, owner.RunRecord{
		Outcome: owner.OutcomeFailed, Failure: "RowRejected: no parent row: sync the parent", Remedy: "sync the parent",
	})
	f.states["shop.orders"] = s
	require.Contains(t, strict(f).stdout, "shop.orders failed: RowRejected: no parent row\n  → sync the parent\n",
		"the remedy of the failure, and no other")
	got = callConfig(t.Context(), t, f, scheduledTables, "explain", "shop.orders")
	require.Contains(t, got.stdout, "  do:       sync the parent\n")
	require.NotContains(t, got.stdout, "widen the target")

	f = scheduledWorld(t)
	s = f.states["shop.orders"]
	s.Lease = &owner.Lease{WorkflowID: "w", RunID: "r"}
	f.states["shop.orders"] = s
	f.steps.Add(remote.Wait{Step: "UpsertChunk", Reason: "x", Attempt: 3, Since: time.Now().Add(-time.Minute)})
	require.Equal(t, exitOK, strict(f).code, "it does not wait for long")
	f.steps = remote.Pending{}
	f.steps.Add(remote.Wait{Step: "UpsertChunk", Reason: "x", Attempt: 30, Since: time.Now().Add(-time.Hour)})
	require.Equal(t, exitFailed, strict(f).code)
}

// Without a worker no state workflow answers; status says which runs wait for one, and asks no table.
func TestStatusSaysWhatWaitsForAWorker(t *testing.T) {
	f := scheduledWorld(t)
	f.idle = true
	f.goOn = map[remote.Execution]string{{WorkflowID: "tablehaul/sync/shop.orders", RunID: "r1"}: ""}
	got := callConfig(t.Context(), t, f, scheduledTables, "status", "--strict")
	require.Equal(t, exitFailed, got.code)
	require.Regexp(t, `shop.orders +waits for a worker`, got.stdout)
	require.Contains(t, got.stdout, "shop.orders waits for a worker: workflow tablehaul/sync/shop.orders, run r1 has "+
		"been started\n  → start a worker of this task queue; the run goes on by itself\n")
	require.Contains(t, got.stderr, `no worker polls the task queue "tablehaul"`)

	f.goOn = nil
	for _, more := range [][]string{nil, {"--strict"}, {"--output", "json"}} {
		got = callConfig(t.Context(), t, f, scheduledTables, append([]string{"status", "--problems"}, more...)...)
		require.Equal(t, exitFailed, got.code, "what the tables do is not known")
		require.Contains(t, got.stderr, `no worker polls the task queue "tablehaul"`)
		require.NotContains(t, got.stderr, "none with an issue")
	}

	f.goOn = map[remote.Execution]string{{WorkflowID: "tablehaul/sync/shop.orders", RunID: "r1"}: ""}
	delete(f.states, "shop.orders")
	got = callConfig(t.Context(), t, f, scheduledTables, "explain", "shop.orders")
	require.Contains(t, got.stdout, "shop.orders waits for a worker")
}

// Where the tables of families are not known, status says so.
func TestStatusSaysThatFamiliesAreNotListed(t *testing.T) {
	f := scheduledWorld(t)
	f.fails = map[string]error{"list": errors.New("the source does not answer")}
	delete(f.states, "shop.log_1")
	got := callConfig(t.Context(), t, f, scheduledTables, "status", "--problems")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Contains(t, got.stderr, "no worker has listed its tables within 5s: tables of names with a * that have "+
		"had no run are missing here")
	f.fails = nil
	require.NotContains(t, callConfig(t.Context(), t, f, scheduledTables, "status").stderr, "no worker has listed")
}

func TestStatusComparesFileWorkerAndSchedules(t *testing.T) {
	f := scheduledWorld(t)
	delete(f.sched, "tablehaul-shop.log_1")
	f.listed = listing(t, strings.Replace(scheduledTables, "cursor: updated_at", "cursor: created_at", 1), "shop.log_1")
	got := callConfig(t.Context(), t, f, scheduledTables, "status", "--problems")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Contains(t, got.stdout, "shop.orders has other settings in the worker than in the file at hand\n  → ")
	require.Contains(t, got.stdout, "shop.log_1 has a schedule in the configuration and none in Temporal\n"+
		"  → tablehaul schedule apply shop.log_1\n")
	require.NotContains(t, got.stdout, "shop.countries")

	require.Contains(t, callConfig(t.Context(), t, scheduledWorld(t), scheduledTables, "status", "--problems").stderr,
		"3 tables, none with an issue")
	got = callConfig(t.Context(), t, f, scheduledTables, "status", "--problems", "--output", "json")
	require.Equal(t, 2, strings.Count(got.stdout, "\n"))
}

func TestNamesWithAStarSelectEverywhere(t *testing.T) {
	f := scheduledWorld(t)
	for _, command := range []string{
		"status X", "explain X", "history X", "watermark show X", "watermark set X --none", "watermark adopt X",
		"schedule pause X", "schedule trigger X", "quarantine list X", "pause X", "resume X", "cancel X", "retry X",
	} {
		args := strings.Fields(strings.Replace(command, "X", "shop.*", 1))
		got := callConfig(t.Context(), t, f, scheduledTables, args...)
		require.Equal(t, exitOK, got.code, "%s: %s", command, got.stderr)
		args = strings.Fields(strings.Replace(command, "X", "shop.z*", 1))
		got = callConfig(t.Context(), t, f, scheduledTables, args...)
		require.Equal(t, exitUsage, got.code, command)
		require.Contains(t, got.stderr, "shop.z* matches no table")
	}
	require.Equal(t, "shop.countries: 7\nshop.log_1: 7\nshop.orders: 7\n",
		callConfig(t.Context(), t, f, scheduledTables, "watermark", "show", "shop.*").stdout)
	require.Equal(t, "shop.orders: 7\nshop.log_1: 7\n",
		callConfig(t.Context(), t, f, scheduledTables, "watermark", "show", "shop.l*", "shop.orders").stdout)
}

func TestManyTablesShareALine(t *testing.T) {
	f := scheduledWorld(t)
	for i := range 40 {
		name := fmt.Sprintf("crm.t%02d", i)
		f.states[name] = fresh(name, time.Duration(i)*time.Second)
	}
	f.states["crm.t07"] = failedOrders().states["shop.orders"]
	got := callConfig(t.Context(), t, f, scheduledTables, "status", "--group", "always")
	require.Regexp(t, `crm.\* \(39 tables\) +idle +done 39s ago +195 +≤ 39s\n`, got.stdout)
	require.Regexp(t, `crm.t07 +idle +failed`, got.stdout)
	require.Less(t, strings.Count(got.stdout, "\n"), 10)
	require.Greater(t, strings.Count(callConfig(t.Context(), t, f, scheduledTables, "status").stdout, "\n"), 42,
		"not on a terminal")
}

// Issues of one kind are printed once, with the names of the other tables.
func TestEqualIssuesShareAText(t *testing.T) {
	f := scheduledWorld(t)
	for i := range 12 {
		name := fmt.Sprintf("crm.t%02d", i)
		s := fresh(name, time.Minute)
		s.LastRuns[0].Outcome, s.LastRuns[0].Failure = owner.OutcomeFailed, "ServerRejected: denied"
		f.states[name] = s
	}
	got := callConfig(t.Context(), t, f, scheduledTables, "status")
	require.Equal(t, 1, strings.Count(got.stdout, "ServerRejected: denied"))
	require.Contains(t, got.stdout, "  the same kind (failed, ServerRejected): crm.t01, crm.t02,")
}

func (f *fakeService) Cancel(_ context.Context, e remote.Execution) (remote.Execution, bool, error) {
	_, goesOn := f.cancels[e.WorkflowID]
	return e, goesOn, f.act("cancel " + e.WorkflowID)
}

func TestCancel(t *testing.T) {
	f := scheduledWorld(t)
	s := f.states["shop.orders"]
	s.Lease = &owner.Lease{WorkflowID: "nightly", RunID: "r9"}
	f.states["shop.orders"] = s
	f.cancels = map[string]bool{"nightly": true, "tablehaul/verify/shop.orders": true}
	got := callConfig(t.Context(), t, f, scheduledTables, "cancel", "shop.orders", "--no-wait")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Equal(t, "shop.orders: the cancel is requested: workflow nightly, run r9\n", got.stdout)

	f.fails = map[string]error{"nightly": &remote.FailedError{Type: "Cancelled"}}
	f.steps = remote.Pending{Closed: "canceled"}
	got = callConfig(t.Context(), t, f, scheduledTables, "cancel", "shop.orders", "--verify")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Equal(t, []string{"cancel nightly", "cancel tablehaul/verify/shop.orders"}, f.did)

	require.Contains(t, callConfig(t.Context(), t, f, scheduledTables, "cancel", "shop.log_1").stdout,
		"shop.log_1: nothing goes on")
	require.Equal(t, exitUsage, callConfig(t.Context(), t, f, scheduledTables, "cancel", "shop.order").code)
	require.Equal(t, exitUsage, callConfig(t.Context(), t, f, scheduledTables, "cancel").code)
}

func TestRetryRunsWhatHasFailed(t *testing.T) {
	f := scheduledWorld(t)
	f.states["shop.orders"] = failedOrders().states["shop.orders"]
	got := callConfig(t.Context(), t, f, scheduledTables, "retry", "shop.orders", "shop.log_1", "--no-wait")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Equal(t, map[string]bool{"shop.orders": true}, started(f))
	require.Contains(t, got.stdout, "shop.log_1: its last run ended well")

	f.starts = nil
	require.Equal(t, exitOK, callConfig(t.Context(), t, f, scheduledTables, "retry", "--all", "--no-wait").code)
	require.Equal(t, map[string]bool{"shop.orders": true}, started(f))
	f.states["shop.orders"] = fresh("shop.orders", time.Minute)
	got = callConfig(t.Context(), t, f, scheduledTables, "retry", "--all")
	require.Equal(t, exitOK, got.code)
	require.Contains(t, got.stderr, "no table to run again")
}

func TestPauseIsOfEverySchedule(t *testing.T) {
	f := scheduledWorld(t)
	sweeps := ours("shop.orders", "6h")
	sweeps.ID, sweeps.Depth = remote.DeletesScheduleID(api.DefaultTaskQueue, "shop.orders"), remote.DepthDeletes
	f.sched[sweeps.ID], f.unlisted = sweeps, map[string]bool{sweeps.ID: true}
	got := callConfig(t.Context(), t, f, scheduledTables, "pause", "shop.orders", "--reason", "move")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Equal(t, []string{"pause tablehaul-shop.orders: move", "pause tablehaul-deletes@shop.orders: move"}, f.did)
	require.Equal(t, "shop.orders: paused (5m; sweep deletes: 6h)\n", got.stdout)
	f.did = nil
	require.Equal(t, exitOK, callConfig(t.Context(), t, f, scheduledTables, "resume", "--all").code)
	require.Len(t, f.did, 4)
	delete(f.sched, "tablehaul-shop.log_1")
	got = callConfig(t.Context(), t, f, scheduledTables, "pause", "shop.log_1")
	require.Equal(t, exitUsage, got.code)
	require.Contains(t, got.stderr, "shop.log_1 has no schedule")
}
