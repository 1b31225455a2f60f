package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/remote"
	"github.com/tablehaul/tablehaul/internal/table"
)

func orders(mutate ...func(*api.SyncTableResult)) map[string]api.SyncTableResult {
	r := doneResult
	r.Window = table.Window{Hi: "2024-05-01 12:00:00"}
	for _, f := range mutate {
		f(&r)
	}
	return map[string]api.SyncTableResult{"shop.orders": r}
}

func TestRunPrintsWhatItDid(t *testing.T) {
	f := &fakeService{results: orders()}
	got := call(t, f, "run", "shop.orders")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Equal(t, `shop.orders → dw.orders done: first load in 40s
  rows:       1,000,000 read (25,000 rows/s); 999,000 inserted, 600 updated, 400 unchanged
  staged:     123 MiB in 4 parts
  chunks:     100, the longest transaction 850ms
  window:     (-∞, 2024-05-01 12:00:00]
  watermark:  2024-05-01 12:00:00
`, got.stdout)
	require.Equal(t, "shop.orders: warning: 12 rows are dated in the future\n", got.stderr)
	require.Equal(t, []api.SyncTableInput{{Table: "shop.orders", IfBusy: "fail"}}, f.starts)
}

func TestRunPrintsOneJSONObjectPerTable(t *testing.T) {
	failed := &remote.FailedError{
		Type: failure.UnsupportedTable, Message: "shop.countries has no primary key",
		Step: "PlanRun",
	}
	f := &fakeService{
		results: orders(), fails: map[string]error{"shop.countries": failed},
		listed: listing(t, testConfig),
	}
	got := call(t, f, "run", "--all", "--output", "json")
	require.Equal(t, exitFailed, got.code)
	require.Equal(t, "note: shop.log_* matches no table on connection shop: correct the name, or grant the login "+
		"SELECT on its tables\n", got.stderr)
	lines := strings.Split(strings.TrimSpace(got.stdout), "\n")
	require.Len(t, lines, 2)
	var first, second outcome
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &first))
	require.NoError(t, json.Unmarshal([]byte(lines[1]), &second))
	require.Equal(t, "done", first.Outcome)
	require.Equal(t, remote.Execution{WorkflowID: "tablehaul/sync/shop.orders", RunID: "run-1"}, first.Execution)
	require.Equal(t, int64(999_000), first.Result.Inserted)
	require.Equal(t, "failed", second.Outcome)
	require.Equal(t, failed, second.Failure)
}

func TestRunPassesItsFlagsOn(t *testing.T) {
	f := &fakeService{}
	got := call(t, f, "run", "shop.log_7", "--from", "5", "--to", "9", "--if-busy", "wait", "--no-wait")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Equal(t, []api.SyncTableInput{{Table: "shop.log_7", From: "5", To: "9", IfBusy: "wait"}}, f.starts)
	require.Equal(t, "shop.log_7 started: workflow tablehaul/sync/shop.log_7, run run-1\n", got.stdout)
	require.Empty(t, f.waited)
}

func TestWrongUsageIsFoundBeforeTemporalIsAsked(t *testing.T) {
	for want, args := range map[string][]string{
		"did you mean shop.orders?":                     {"run", "shop.order"},
		"crm.x is not in the configuration":             {"run", "shop.orders", "crm.x"},
		`"orders": write it as schema.table`:            {"plan", "orders"},
		"name at least one table, or give --all\nSee":   {"plan"},
		"name at least one table, or give --all":        {"run"},
		"give tables or --all, not both":                {"run", "--all", "shop.orders"},
		"values of one table's cursor":                  {"run", "shop.orders", "shop.countries", "--from", "1"},
		"--from and --to are empty":                     {"run", "shop.orders", "--from", ""},
		"if any flags in the group [full from] are set": {"run", "shop.orders", "--full", "--from", "1"},
		`--if-busy is "queue"`:                          {"run", "shop.orders", "--if-busy", "queue"},
		`--output is "yaml"`:                            {"run", "shop.orders", "--output", "yaml"},
		"unknown flag: --fast":                          {"run", "shop.orders", "--fast"},
		`unknown command "sync"`:                        {"sync"},
		`unknown command "move"`:                        {"watermark", "move"},
		"give a value, or --none":                       {"watermark", "set", "shop.orders"},
		`"yesterday" is no value of a cursor`:           {"watermark", "set", "shop.orders", "yesterday"},
		"shop.countries has no cursor":                  {"watermark", "set", "shop.countries", "5"},
		"nothing.yaml: no such file or directory":       {"run", "shop.orders", "--config", "nothing.yaml"},
		"--follow needs the names of tables":            {"status", "--follow"},
	} {
		got := call(t, nil, args...)
		require.Equal(t, exitUsage, got.code, args)
		require.Contains(t, got.stderr, want)
		require.Empty(t, got.stdout)
	}
}

func TestUnreachableTemporal(t *testing.T) {
	for _, args := range [][]string{
		{"run", "shop.orders"},
		{"plan", "shop.orders"},
		{"status"},
		{"watermark", "show", "shop.orders"},
		{"watermark", "set", "shop.orders", "--none"},
	} {
		got := call(t, nil, args...)
		require.Equal(t, exitUnreachable, got.code, args)
		require.Contains(t, got.stderr, "Temporal at 127.0.0.1:7233 cannot be reached: connection refused")
		require.Contains(t, got.stderr, "TEMPORAL_ADDRESS")
	}
}

func TestRunThatLosesTemporalSaysThatItGoesOn(t *testing.T) {
	f := &fakeService{fails: map[string]error{"shop.orders": &remote.UnreachableError{
		Address: "h:1",
		Cause:   errors.New("gone"),
	}}}
	got := call(t, f, "run", "shop.orders")
	require.Equal(t, exitUnreachable, got.code)
	require.Contains(t, got.stderr, "The run goes on when Temporal answers again (workflow "+
		"tablehaul/sync/shop.orders, run run-1).")
}

func TestFailureSaysWhatWhereAndWhatToDo(t *testing.T) {
	f := &fakeService{fails: map[string]error{"shop.orders": &remote.FailedError{
		Type: failure.ServerRejected, Message: "write a chunk (connection warehouse): 1142 INSERT denied",
		Step: "UpsertChunk",
	}}}
	got := call(t, f, "run", "shop.orders")
	require.Equal(t, exitFailed, got.code)
	require.Empty(t, got.stdout)
	require.Equal(t, `shop.orders failed: ServerRejected
  what:   write a chunk (connection warehouse): 1142 INSERT denied
  where:  step UpsertChunk, workflow tablehaul/sync/shop.orders, run run-1
  remedy: correct the server's setting, grant or login and run again
`, got.stderr)
}

func TestBusyTable(t *testing.T) {
	holder := &remote.BusyError{Table: "shop.orders", Holder: remote.Execution{
		WorkflowID: "tablehaul/sync/shop.orders",
		RunID:      "other",
	}}
	start := func(errs ...error) map[string][]error { return map[string][]error{"shop.orders": errs} }

	got := call(t, &fakeService{startAs: start(holder)}, "run", "shop.orders")
	require.Equal(t, exitBusy, got.code)
	require.Equal(t, "shop.orders is already being synced by workflow tablehaul/sync/shop.orders, run other\n"+
		"  remedy: wait for that run, or use --if-busy wait or skip\n", got.stderr)

	got = call(t, &fakeService{startAs: start(holder)}, "run", "shop.orders", "--if-busy", "skip")
	require.Equal(t, exitOK, got.code)
	require.Equal(t, "shop.orders skipped: another run holds the table (workflow tablehaul/sync/shop.orders)\n",
		got.stdout)

	f := &fakeService{startAs: start(holder), results: orders()}
	got = call(t, f, "run", "shop.orders", "--if-busy", "wait")
	require.Equal(t, exitOK, got.code)
	require.Contains(t, got.stderr, "waiting for workflow tablehaul/sync/shop.orders, run other")
	require.Len(t, f.starts, 2)
	require.Equal(t, []remote.Execution{
		{WorkflowID: "tablehaul/sync/shop.orders", RunID: "other"},
		{WorkflowID: "tablehaul/sync/shop.orders", RunID: "run-1"},
	}, f.waited)

	// The state workflow found a run with another workflow id.
	f = &fakeService{fails: map[string]error{"shop.orders": &remote.FailedError{
		Type:    failure.TableBusy,
		Message: "held by nightly", Step: "BeginRun",
	}}}
	got = call(t, f, "run", "shop.orders")
	require.Equal(t, exitBusy, got.code)
	require.Contains(t, got.stderr, "held by nightly")

	f = &fakeService{results: orders(func(r *api.SyncTableResult) {
		*r = api.SyncTableResult{
			Skipped:  true,
			HolderID: "nightly",
		}
	})}
	got = call(t, f, "run", "shop.orders", "--if-busy", "skip")
	require.Equal(t, exitOK, got.code)
	require.Contains(t, got.stdout, "(workflow nightly)")
}

func TestStoppingLeavesTheRunAlone(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	f := &fakeService{hold: true, asked: make(chan struct{})}
	ended := make(chan invocation, 1)
	go func() { ended <- callContext(ctx, t, f, "run", "shop.orders") }()
	<-f.asked // it follows
	stop()
	var got invocation
	for waiting := true; waiting; {
		select {
		case got = <-ended:
			waiting = false
		case <-f.asked:
		}
	}
	require.Equal(t, exitStopped, got.code)
	require.Contains(t, got.stderr, "shop.orders: stopped following; the run goes on (workflow "+
		"tablehaul/sync/shop.orders, run run-1).")
	require.Contains(t, got.stderr, "tablehaul status shop.orders --follow")
}

func TestSilenceIsExplained(t *testing.T) {
	f := &fakeService{
		mute: &remote.UnreachableError{Address: "h:1", Cause: errors.New("no answer in time")}, idle: true,
		release: make(chan struct{}), asked: make(chan struct{}), results: orders(),
	}
	go func() {
		for range 5 {
			<-f.asked
		}
		close(f.release)
		for range f.asked { // until the test ends
		}
	}()
	got := call(t, f, "run", "shop.orders")
	close(f.asked)
	require.Equal(t, exitOK, got.code)
	require.Equal(t, 1, strings.Count(got.stderr, `no worker polls the task queue "tablehaul"`), got.stderr)
}

func TestEveryFailureTypeHasARemedyAndARowInTheDocs(t *testing.T) {
	source, err := os.ReadFile("../internal/failure/types.go")
	require.NoError(t, err)
	docs, err := os.ReadFile("../docs/operations.md")
	require.NoError(t, err)
	types := regexp.MustCompile(`(?m)^\t\w+ += "(\w+)"$`).FindAllStringSubmatch(string(source), -1)
	require.Greater(t, len(types), 10)
	for _, m := range types {
		require.NotEmpty(t, remedyOf(m[1], ""), m[1])
		require.Contains(t, string(docs), "\n| "+m[1]+" | ")
	}
	for _, one := range failure.Guide {
		require.Contains(t, string(docs), "\n| "+one.Type+" | ")
	}
	for _, code := range regexp.MustCompile(`(?m)^  (\d+) `).FindAllStringSubmatch(exitHelp, -1) {
		require.Contains(t, string(docs), "\n| "+code[1]+" | ")
	}
}

func TestExitCodeOfSeveralTables(t *testing.T) {
	for _, c := range []struct {
		outcomes []string
		want     int
	}{
		{[]string{outcomeBusy, outcomeFailed}, exitFailed},
		{[]string{outcomeDone, outcomeBusy, outcomeSkipped}, exitBusy},
		{[]string{outcomeFailed, outcomeLost}, exitUnreachable},
	} {
		var results []outcome
		for _, o := range c.outcomes {
			results = append(results, outcome{Outcome: o})
		}
		var exit *exitError
		require.ErrorAs(t, exitOf(results), &exit)
		require.Equal(t, c.want, exit.code)
	}
	require.NoError(t, exitOf([]outcome{{Outcome: outcomeDone}, {Outcome: outcomeStarted}, {Outcome: outcomeSkipped}}))
}
