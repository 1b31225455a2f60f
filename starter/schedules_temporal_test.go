package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/remote"
)

// file writes a configuration of tables with schedules, and makes it the one that is used.
func (w *world) file(t *testing.T, tables ...string) {
	t.Helper()
	text := "connections:\n  shop: { dsn: \"${SHOP_DSN}\" }\n  warehouse: { dsn: \"${WAREHOUSE_DSN}\" }\n" +
		"staging: { url: \"file:///tmp/x\" }\n" +
		"defaults: { sourceConnection: shop, targetConnection: warehouse }\ntables:\n  - " + strings.Join(tables,
		"\n  - ") + "\n"
	path := filepath.Join(t.TempDir(), "tablehaul.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	before := w.getenv
	w.getenv = func(name string) string {
		if name == "TABLEHAUL_CONFIG" {
			return path
		}
		return before(name)
	}
}

// A schedule goes through its life, and one that somebody else made stays as it is.
func TestSchedulesAgainstTemporal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := fmt.Sprintf("s%d", time.Now().UnixNano()) // schedules outlive the test where it fails
	a, b, c := s+".a", s+".b", s+"."+actDone
	handles := w.client.ScheduleClient()
	t.Cleanup(func() {
		for _, id := range []string{remote.ScheduleID(w.queue, a), remote.ScheduleID(api.DefaultTaskQueue, b),
			remote.ScheduleID(api.DefaultTaskQueue, c), "foreign-" + s} {
			_ = handles.GetHandle(context.Background(), id).Delete(context.Background()) // gone already when the test passes
		}
	})
	_, err := handles.Create(t.Context(), client.ScheduleOptions{
		ID: "foreign-" + s, Spec: client.ScheduleSpec{CronExpressions: []string{"0 4 * * *"}}, Paused: true,
		Action: &client.ScheduleWorkflowAction{Workflow: api.SyncTableName, TaskQueue: w.queue,
			Args: []any{api.SyncTableInput{Table: b}}},
	})
	require.NoError(t, err)
	apply := func(args ...string) string {
		t.Helper()
		got := w.call(t, append([]string{"schedule", "apply", "--yes"}, args...)...)
		require.Equal(t, exitOK, got.code, got.stderr)
		return got.stdout
	}
	describe := func(tbl string) remote.Schedule {
		t.Helper()
		service, err := dialTemporal(t.Context(), w.getenv, w.queue)
		require.NoError(t, err)
		defer service.Close()
		one, found, err := service.Schedule(t.Context(), remote.ScheduleID(w.queue, tbl))
		require.NoError(t, err)
		require.True(t, found)
		return one
	}

	w.file(t, "{ name: "+a+", schedule: 5m, scheduleJitter: 10s }",
		"{ name: "+b+", schedule: \"*/20 3,4 * jan-mar mon Europe/Berlin\", schedulePaused: true }",
		"{ name: "+c+", schedule: 1h, scheduleJitter: 0s }")
	text := apply()
	require.Contains(t, text, "+ "+a+"  ")
	require.Contains(t, text, "*/20 3,4 * jan-mar mon Europe/Berlin, up to 30s later, paused\n")
	one := describe(b)
	require.Equal(t, []any{true, true, "*/20 3,4 * jan-mar mon Europe/Berlin", "", remote.PausedByFile},
		[]any{one.Ours, one.Paused, one.When, one.Unexpected, one.Note})
	one = describe(a)
	require.Equal(t, []any{"5m", 10 * time.Second, ""}, []any{one.When, one.Jitter, one.Unexpected})
	require.WithinRange(t, one.Next, time.Now(), time.Now().Add(6*time.Minute))
	require.Equal(t, "  3 schedules as configured\n", apply(), "what has been applied is as configured")

	// The file changes; so does the schedule, by somebody else's hand.
	require.NoError(t, handles.GetHandle(t.Context(), remote.ScheduleID(w.queue, a)).Update(t.Context(),
		client.ScheduleUpdateOptions{
			DoUpdate: func(in client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
				in.Description.Schedule.Spec.Intervals[0].Offset = time.Minute
				in.Description.Schedule.Policy.PauseOnFailure = true
				return &client.ScheduleUpdate{Schedule: &in.Description.Schedule}, nil
			},
		}))
	require.Equal(t, exitOK, w.call(t, "schedule", "pause", c, "--reason", "load test").code)
	w.file(t, "{ name: "+a+", schedule: 5m, scheduleJitter: 10s }", "{ name: "+b+", schedule: 2h }",
		"{ name: "+c+", schedule: 1h, scheduleJitter: 0s }")
	text = apply()
	require.Contains(t, text, remote.OtherCalendar+", up to 10s later, pause on failure → 5m, up to 10s later\n")
	require.Contains(t, text, "*/20 3,4 * jan-mar mon Europe/Berlin, up to 30s later → 2h, up to 30s later\n")
	require.Contains(t, text, "paused → running\n")
	eventually(t, func() bool { one := describe(b); return one.When == "2h" && !one.Paused }) // changes take a moment
	require.Equal(t, []any{true, "load test"}, []any{describe(c).Paused, describe(c).Note}, "a pause by hand stays")

	// Trigger starts a run, which excludes another like any.
	w.startWorker(t)
	require.Equal(t, exitOK, w.call(t, "schedule", "resume", c).code)
	require.Equal(t, exitOK, w.call(t, "schedule", "trigger", c).code)
	eventually(t, func() bool { return !describe(c).Last.IsZero() })

	eventually(t, func() bool { // the list is a moment behind
		list := w.call(t, "schedule", "list").stdout
		return strings.Contains(list, "not made by schedule apply: foreign-"+s) && strings.Contains(list, " "+a+" ")
	})
	w.file(t, "{ name: "+a+", schedule: off }")
	require.Contains(t, apply(a), "- "+a+"  5m")
	got := w.call(t, "schedule", "pause", a)
	require.Equal(t, exitUsage, got.code)
	require.Contains(t, got.stderr, a+" has no schedule")
	require.Contains(t, apply(), "- "+b, "what has left the file is deleted")
	_, err = handles.GetHandle(t.Context(), "foreign-"+s).Describe(t.Context())
	require.NoError(t, err)
}
