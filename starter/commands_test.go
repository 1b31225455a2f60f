package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mysqldb/lineage"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/remote"
	"github.com/tablehaul/tablehaul/internal/table"
)

func TestPlanPrintsWhatARunWouldDo(t *testing.T) {
	f := &fakeService{plans: map[string]api.PlanTableResult{"shop.orders": {
		Table: "shop.orders", Target: "dw.orders", Mode: "first load", Window: table.Window{Hi: "9"},
		RowsEstimate:  1234567,
		BytesEstimate: 3 << 30,
		Ranges:        5, Index: "PRIMARY", Reads: api.Estimate{
			Known: true, Rows: 1234567, Bytes: 3 << 30, Chunks: 192,
			Seconds: 26.2, Basis: api.BasisGuess,
		},
		Statements: []string{"CREATE TABLE `dw`.`orders` (\n  `id` int\n)"}, Verdict: api.VerdictReady,
		Findings: []table.Finding{{
			Level: table.LevelWarn, Table: "shop.orders", Column: "updated_at",
			Text: "no index begins with it", Remedy: "add one",
		}},
	}}}
	got := call(t, f, "plan", "shop.orders")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Contains(t, got.stdout, `shop.orders → dw.orders: ready
  mode:       first load
  window:     (-∞, 9]
  watermark:  none
  table:      about 1,234,567 rows, 3.0 GiB
  reads:      about 1,234,567 rows, 3.0 GiB, in 192 chunks; about 26s, a guess until a run has read thousands of rows
  ranges:     5
  index:      PRIMARY
  would run on the target:
  + CREATE TABLE `+"`dw`.`orders`"+` (
  +   `+"`id`"+` int
  + )
`)
	require.Contains(t, got.stdout, "  warn:       updated_at: no index begins with it\n              → add one\n")
}

func TestPlanOfARefusedTableFails(t *testing.T) {
	f := &fakeService{idle: true, plans: map[string]api.PlanTableResult{"shop.orders": {Verdict: api.VerdictRefused}}}
	got := call(t, f, "plan", "shop.orders", "--output", "json")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.stderr, "no worker polls")
	var p api.PlanTableResult
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &p))
	require.Equal(t, "refused", p.Verdict)

	f.fails = map[string]error{"shop.orders": &remote.FailedError{Type: failure.ServerUnavailable, Message: "no route"}}
	got = call(t, f, "plan", "shop.orders")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.stderr, "where:  workflow tablehaul/plan/shop.orders")
}

func ownedOrders() map[string]owner.State {
	return map[string]owner.State{"shop.orders": {
		Table: "shop.orders", Watermark: "2024-05-01 12:00:00", Cursor: "updated_at",
		FreshAt: time.Now().Add(-150 * time.Second),
		Lease:   &owner.Lease{WorkflowID: "nightly", RunID: "r9"},
		LastRuns: []owner.RunRecord{
			{Mode: "first load", Outcome: "done", Rows: 1000, Seconds: 4, Finished: time.Now().Add(-time.Hour)},
			{
				Mode: "incremental", Outcome: "failed", Failure: "TableBusy: held",
				Finished: time.Now().Add(-90 * time.Second),
			},
		},
	}}
}

func TestStatusShowsConfiguredAndOwnedTables(t *testing.T) {
	f := &fakeService{states: ownedOrders(), report: api.Status{
		Phase: "upsert", Mode: "incremental", RowsWritten: 5,
		RowsExtracted: 10,
	}}
	f.states["old.gone"] = owner.State{Table: "old.gone", Watermark: "7"}
	f.sched = map[string]remote.Schedule{
		"tablehaul-shop.orders": {
			ID: "tablehaul-shop.orders", Table: "shop.orders", Ours: true, When: "5m",
			Next: time.Now().Add(90 * time.Second),
		},
		"tablehaul-old.gone": {
			ID: "tablehaul-old.gone", Table: "old.gone", Ours: true, When: "5m", Paused: true,
			Note: "maintenance",
		},
	}
	got := call(t, f, "status")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Regexp(t, `shop.orders +upsert 50% +failed 1m30s ago +0 +2m30s +in 1m\d+s\n`, got.stdout)
	require.Regexp(t, `old.gone +idle +paused\n`, got.stdout)
	require.Regexp(t, `shop.countries +never run\n`, got.stdout)
	require.Contains(t, got.stdout, "old.gone is paused: maintenance\n  → tablehaul resume old.gone\n")
	require.NotContains(t, got.stdout, "TableBusy", "a run goes on")

	got = call(t, f, "status", "shop.orders")
	require.Equal(t, exitOK, got.code)
	require.Contains(t, got.stdout, "  watermark:  2024-05-01 12:00:00\n")
	require.Regexp(t, `(?s)incremental +failed: TableBusy .*first load +done +1,000 +4s`, got.stdout, "newest first")
	require.Regexp(t, `\n  [0-9: -]+  TableBusy: held\n`, got.stdout)

	got = call(t, f, "status", "shop.orders", "--output", "json")
	var one tableStatus
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &one))
	require.Equal(t, "upsert", one.Run.Phase)
	require.InDelta(t, 150, *one.LagSeconds, 100)
	require.Equal(t, "5m", one.Schedule.When)
	require.Len(t, one.State.LastRuns, 2)
}

func TestStatusAndPlanShowWhatTheWatermarkIsOf(t *testing.T) {
	state := ownedOrders()["shop.orders"]
	state.Identity = &owner.Identity{
		Source: lineage.Server{ID: "s1", Host: "db1", Port: 3306}, Cursor: "updated_at", CursorType: "timestamp(6)",
		Target: owner.TargetIdentity{Table: "dw.orders", Server: lineage.Server{ID: "t1", Host: "dw1", Port: 3307}},
	}
	state.Lease = nil
	f := &fakeService{states: map[string]owner.State{"shop.orders": state}}
	got := call(t, f, "status", "shop.orders")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Contains(t, got.stdout, "  holds for:  the source on db1:3306 (server id s1); the target dw.orders on "+
		"dw1:3307 (server id t1);"+
		" the cursor updated_at, timestamp(6); no state row is kept beside the target\n")
}

func TestWatermarkAdopt(t *testing.T) {
	f := &fakeService{states: ownedOrders()}
	got := call(t, f, "watermark", "adopt", "shop.orders")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Equal(t, []string{"shop.orders adopt"}, f.set)
	require.Contains(t, got.stdout, "shop.orders: the next run binds the watermark 2024-05-01 12:00:00 to")
	got = call(t, f, "watermark", "adopt", "shop.countries")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Contains(t, got.stdout, "shop.countries: the next run takes the target over, and loads it again")
}

func TestStatusFollowsWhatGoesOn(t *testing.T) {
	f := &fakeService{states: ownedOrders(), results: orders()}
	f.states["shop.orders"].Lease.WorkflowID = "tablehaul/sync/shop.orders"
	got := call(t, f, "status", "--follow", "shop.orders", "shop.countries")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Contains(t, got.stdout, "shop.countries: no run goes on")
	require.Contains(t, got.stdout, "shop.orders → dw.orders done")
	require.Equal(t, []remote.Execution{{WorkflowID: "tablehaul/sync/shop.orders", RunID: "r9"}}, f.waited)
	require.Empty(t, f.starts)
}

func TestStatusWithoutAWorkerSaysSo(t *testing.T) {
	f := &fakeService{mute: &remote.UnreachableError{Address: "h:1"}, idle: true}
	got := call(t, f, "status", "shop.orders")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.stderr, `no worker polls the task queue "tablehaul"`)
}

func TestWatermark(t *testing.T) {
	f := &fakeService{states: ownedOrders(), plans: map[string]api.PlanTableResult{
		"shop.orders": {Verdict: api.VerdictReady, Window: table.Window{Lo: "2024-04-01 00:00:00.500000"}},
	}}
	got := call(t, f, "watermark", "show", "shop.orders")
	require.Equal(t, invocation{exitOK, "2024-05-01 12:00:00\n", ""}, got)
	got = call(t, f, "watermark", "show", "shop.countries", "--output", "json")
	require.Equal(t, invocation{exitOK, `{"table":"shop.countries","watermark":""}` + "\n", ""}, got)

	got = call(t, f, "watermark", "set", "shop.orders", "2024-04-01 00:00:00.5")
	require.Equal(t, invocation{exitOK, "shop.orders: the watermark is 2024-04-01 00:00:00.500000\n", ""}, got,
		"as the server prints it")
	got = call(t, f, "watermark", "set", "shop.orders", "--none")
	require.Equal(t, invocation{exitOK, "shop.orders: the watermark is none\n", ""}, got)
	require.Equal(t, []string{"shop.orders updated_at 2024-04-01 00:00:00.500000", "shop.orders  "}, f.set)

	f.fails = map[string]error{"shop.orders": &remote.FailedError{Type: failure.TableBusy, Message: "wait for it"}}
	require.Equal(t, exitBusy, call(t, f, "watermark", "set", "shop.orders", "--none").code)

	got = call(t, f, "watermark", "show", "shop.order")
	require.Equal(t, exitUsage, got.code)
	require.Contains(t, got.stderr, "did you mean shop.orders?")
}

func TestWatermarkThatTheCursorCannotHave(t *testing.T) {
	f := &fakeService{fails: map[string]error{"shop.orders": &remote.FailedError{
		Type:    failure.InvalidInput,
		Message: "from lies above what the source has",
	}}}
	got := call(t, f, "watermark", "set", "shop.orders", "42")
	require.Equal(t, exitUsage, got.code)
	require.Contains(t, got.stderr, `"42" lies above what the source has; the watermark stays`)

	f = &fakeService{plans: map[string]api.PlanTableResult{"shop.orders": {Verdict: api.VerdictRefused}}}
	got = call(t, f, "watermark", "set", "shop.orders", "2024-01-01")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.stderr, "see tablehaul plan shop.orders")

	f.plans["shop.orders"] = api.PlanTableResult{Verdict: api.VerdictReady, HeldBack: "an open transaction"}
	got = call(t, f, "watermark", "set", "shop.orders", "2024-01-01")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.stderr, "its watermark stays: an open transaction")
	require.Empty(t, f.set)
}

// A watermark that is raised by hand leaves out what lies between: that is asked for.
func TestWatermarkAboveTheOneBefore(t *testing.T) {
	f := &fakeService{states: ownedOrders(), plans: map[string]api.PlanTableResult{
		"shop.orders": {
			Verdict: api.VerdictReady, Window: table.Window{Lo: "2024-06-01 00:00:00"},
			Watermark: "2024-05-01 12:00:00", AboveWatermark: true,
		},
	}}
	got := call(t, f, "watermark", "set", "shop.orders", "2024-06-01")
	require.Equal(t, exitUsage, got.code)
	require.Contains(t, got.stderr, "2024-06-01 00:00:00 is above the watermark 2024-05-01 12:00:00")
	require.Contains(t, got.stderr, "--yes")
	require.Empty(t, f.set)
	got = call(t, f, "watermark", "set", "shop.orders", "2024-06-01", "--yes")
	require.Equal(t, exitOK, got.code)
	require.Equal(t, []string{"shop.orders updated_at 2024-06-01 00:00:00"}, f.set)
}

func TestConfigCheck(t *testing.T) {
	got := call(t, nil, "config", "check")
	require.Equal(t, exitUsage, got.code)
	require.Contains(t, got.stderr, "connections.shop.dsn: the environment variable SHOP_DSN is not set (line 3)")

	path := configFile(t, strings.Replace(testConfig, "${SHOP_DSN}", "r:S3NT1NEL@tcp(h)/", 1))
	got = call(t, nil, "config", "check", "--config", path)
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Regexp(t, `shop.orders +shop +dw.orders +warehouse +updated_at`, got.stdout)
	require.Regexp(t, `shop.log_\* +shop +shop.log_\* +warehouse +id`, got.stdout)
	require.NotContains(t, got.stdout, "S3NT1NEL")
	require.Empty(t, got.stderr)

	require.NoError(t, os.Chmod(path, 0o644))
	got = call(t, nil, "config", "check", "--config", path)
	require.Equal(t, exitOK, got.code)
	require.Contains(t, got.stderr, "warning: connections.shop.dsn: a secret is in a file that every user")
	require.NotContains(t, got.stderr, "S3NT1NEL")
	got = call(t, nil, "config", "check", "--config", path, "--output", "json")
	require.Contains(t, got.stdout, `"warnings":[{"path":"connections.shop.dsn"`)
	require.Empty(t, got.stderr)

	got = call(t, nil, "config", "check", "--output", "json")
	require.Equal(t, exitUsage, got.code)
	var report configReport
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &report))
	require.False(t, report.OK)
	require.Len(t, report.Problems, 1)
	require.Equal(t, "connections.shop.dsn", report.Problems[0].Path)
}

func TestHelpAndCompletion(t *testing.T) {
	got := call(t, nil, "run", "--help")
	require.Equal(t, exitOK, got.code)
	require.Contains(t, got.stdout, "130  stopped following")
	got = call(t, nil, "__complete", "run", "shop.orders", "")
	require.Contains(t, got.stdout, "shop.countries\n")
	require.NotContains(t, got.stdout, "shop.orders\n")
	require.Contains(t, call(t, nil, "completion", "bash").stdout, "__start_tablehaul")
	require.Contains(t, call(t, nil, "version").stdout, "tablehaul ")
	require.Contains(t, call(t, nil, "version", "--output", "json").stdout, `"platform":"`)
}
