package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/remote"
)

func (f *fakeService) Going(context.Context) (remote.Going, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lists++
	out := remote.Going{
		Tables: slices.Collect(maps.Keys(f.states)), Runs: map[string]remote.Execution{}, Sweeps: f.sweeps,
	}
	for e := range f.goOn {
		out.Runs[api.TableOfSyncID(api.DefaultTaskQueue, e.WorkflowID)] = e
	}
	return out, nil
}

// With a broken file, commands that change nothing show what the workers know, and say what is wrong with the file and
// in which line. Others refuse it.
func TestABrokenFileDoesNotHideWhatTheWorkersKnow(t *testing.T) {
	broken := strings.Replace(scheduledTables, "cursor:", "curser:", 1)
	before, _, _ := strings.Cut(broken, "curser:")
	line := 1 + strings.Count(before, "\n")
	for command, want := range map[string]string{
		"status": `shop.log_1 +idle +done`, "status shop.orders": "shop.orders\n  watermark: +7",
		"explain shop.orders": "shop.orders: no issue", "history shop.orders": "incremental|done",
		"watermark show shop.orders": "7", "report --html -": "shop.orders", "digest": "3 of 3 tables fresh",
		"warnings": "", "quarantine list": "",
	} {
		f := scheduledWorld(t)
		got := callConfig(t.Context(), t, f, broken, strings.Fields(command)...)
		require.Equal(t, exitUsage, got.code, "%s: %s", command, got.stderr)
		require.Regexp(t, want, got.stdout, command)
		require.Contains(t, got.stderr, fmt.Sprintf("unknown key (line %d); did you mean cursor?", line), command)
		require.Contains(t, got.stderr, "one that runs keeps the configuration that it has read", command)
	}
	f := scheduledWorld(t)
	delete(f.states, "shop.orders") // only the worker knows it
	got := callConfig(t.Context(), t, f, broken, "status")
	require.Regexp(t, `shop.orders +never run`, got.stdout)
	for _, command := range []string{
		"cancel shop.orders", "pause shop.orders", "run shop.orders", "watermark set shop.orders --none",
		"watermark adopt shop.orders", "warnings ack shop.orders", "retry shop.orders",
	} {
		got := callConfig(t.Context(), t, scheduledWorld(t), broken, strings.Fields(command)...)
		require.Equal(t, exitUsage, got.code, command)
		require.Empty(t, got.stdout, command)
		require.NotContains(t, got.stderr, "shown as the workers know it", command)
	}
}

// A worker that has refused its file is said, with what to do.
func TestStatusSaysThatAWorkerHasRefusedItsFile(t *testing.T) {
	f := scheduledWorld(t)
	theirs := strings.Replace(scheduledTables, "cursor: updated_at", "cursor: created_at", 1)
	f.listed = listing(t, theirs, "shop.log_1")
	f.listed.Refused = &api.RefusedConfig{Since: time.Now().Add(-time.Hour)}
	got := callConfig(t.Context(), t, f, scheduledTables, "status")
	require.Contains(t, got.stderr, "note: the worker has refused its configuration file 1h ago, and uses the one "+
		"before: it has problems; correct the worker's file: tablehaul config check says what is wrong\n")
	require.Contains(t, got.stdout, "  → the worker has refused its configuration file 1h ago")

	f.listed.Refused.Restart = "staging: url"
	got = callConfig(t.Context(), t, f, scheduledTables, "digest")
	require.Contains(t, got.stdout, "Configuration: the worker has refused its configuration file 1h ago, and uses "+
		"the one before: only a worker that starts takes over staging: url; restart the worker.\n")
}

// A sweep holds no lease between two transactions; status says all the same that it goes on.
func TestStatusShowsASweep(t *testing.T) {
	f := scheduledWorld(t)
	f.sweeps = map[string]remote.Execution{"shop.orders": {WorkflowID: "tablehaul/deletes/shop.orders", RunID: "r1"}}
	got := callConfig(t.Context(), t, f, scheduledTables, "status")
	require.Regexp(t, `shop.orders +deletes are swept +done`, got.stdout)
	got = callConfig(t.Context(), t, f, scheduledTables, "status", "shop.orders")
	require.Contains(t, got.stdout, "now:        deletes are swept by workflow tablehaul/deletes/shop.orders, run r1\n")
	got = callConfig(t.Context(), t, f, scheduledTables, "status", "--output", "json", "shop.orders")
	require.Contains(t, got.stdout, `"sweeping":{"workflowId":"tablehaul/deletes/shop.orders","runId":"r1"}`)
}

// A sweep that a schedule has started has another id than one of the command line.
func TestCancelEndsTheSweepOfASchedule(t *testing.T) {
	f := scheduledWorld(t)
	id := "tablehaul/deletes/shop.orders-2024-05-01T12:00:00Z"
	f.sweeps = map[string]remote.Execution{"shop.orders": {WorkflowID: id, RunID: "r1"}}
	f.cancels = map[string]bool{id: true}
	got := callConfig(t.Context(), t, f, scheduledTables, "cancel", "shop.orders", "--deletes", "--no-wait")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Contains(t, got.stdout, "the cancel is requested: workflow "+id)
}

// The run of a schedule has another id than one of the command line, and a run that waits does not hold its table. No
// worker is needed to find it.
func TestCancelEndsTheRunOfASchedule(t *testing.T) {
	for _, idle := range []bool{true, false} {
		f := scheduledWorld(t)
		f.idle = idle
		id := "tablehaul/sync/shop.orders-2024-05-01T12:00:00Z"
		f.goOn = map[remote.Execution]string{{WorkflowID: id, RunID: "r1"}: ""}
		f.cancels = map[string]bool{id: true}
		got := callConfig(t.Context(), t, f, scheduledTables, "cancel", "shop.orders", "--no-wait")
		require.Equal(t, exitOK, got.code, got.stderr)
		require.Contains(t, got.stdout, "the cancel is requested: workflow "+id)
	}
}

// One list says which tables there are and what goes on, however many there are.
func TestStatusOfManyTablesAsksOneList(t *testing.T) {
	f := &fakeService{states: map[string]owner.State{}, listed: listing(t, scheduledTables)}
	for i := range 200 {
		name := fmt.Sprintf("shop.t%03d", i)
		f.states[name] = fresh(name, time.Minute)
	}
	require.Equal(t, exitOK, callConfig(t.Context(), t, f, scheduledTables, "status").code)
	require.Equal(t, 1, f.lists)
}
