package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
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
		"defaults: { sourceConnection: shop, targetConnection: warehouse }\n" +
		"tables:\n  - " + strings.Join(tables, "\n  - ") + "\n"
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

// scheduleWorld is a world with three tables, and the schedule "foreign-…" of table b that apply has not made.
type scheduleWorld struct {
	*world
	suffix, a, b, c string
	handles         client.ScheduleClient
}

func newScheduleWorld(t *testing.T) *scheduleWorld {
	t.Helper()
	w := newWorld(t)
	s := fmt.Sprintf("s%d", time.Now().UnixNano()) // schedules outlive the test where it fails
	a, b, c := s+".a", s+".b", s+"."+actDone
	handles := w.client.ScheduleClient()
	t.Cleanup(func() {
		for _, id := range []string{
			remote.ScheduleID(w.queue, a), remote.ScheduleID(w.queue, b), remote.ScheduleID(w.queue, c),
			"foreign-" + s,
		} {
			// gone already when the test passes
			_ = handles.GetHandle(context.Background(), id).Delete(context.Background())
		}
	})
	_, err := handles.Create(t.Context(), client.ScheduleOptions{
		ID: "foreign-" + s, Spec: client.ScheduleSpec{CronExpressions: []string{"0 4 * * *"}}, Paused: true,
		Action: &client.ScheduleWorkflowAction{
			Workflow: api.SyncTableName, TaskQueue: w.queue,
			Args: []any{api.SyncTableInput{Table: b}},
		},
	})
	require.NoError(t, err)
	return &scheduleWorld{w, s, a, b, c, handles}
}

// apply runs schedule apply, and returns its output.
func (w *scheduleWorld) apply(t *testing.T, args ...string) string {
	t.Helper()
	got := w.call(t, append([]string{"schedule", "apply", "--yes"}, args...)...)
	require.Equal(t, exitOK, got.code, got.stderr)
	return got.stdout
}

// describe returns the schedule of a table.
func (w *scheduleWorld) describe(t *testing.T, tbl string) remote.Schedule {
	t.Helper()
	service, err := dialTemporal(t.Context(), w.getenv, w.queue)
	require.NoError(t, err)
	defer service.Close()
	one, found, err := service.Schedule(t.Context(), remote.ScheduleID(w.queue, tbl))
	require.NoError(t, err)
	require.True(t, found)
	return one
}

// A schedule is created, changed, paused, triggered and deleted. One that apply has not made stays as it is.
func TestSchedulesAgainstTemporal(t *testing.T) {
	t.Parallel()
	w := newScheduleWorld(t)
	w.create(t)
	w.change(t)
	w.triggerAndDelete(t)
}

// Schedules of another task queue are another deployment's, also of a table with the same name.
func TestSchedulesOfAnotherTaskQueue(t *testing.T) {
	t.Parallel()
	w, other := newScheduleWorld(t), newScheduleWorld(t)
	tables := []string{"{ name: " + w.a + ", schedule: 5m }", "{ name: " + w.c + ", schedule: 5m }"}
	other.file(t, tables[0])
	other.apply(t)
	t.Cleanup(func() {
		_ = other.handles.GetHandle(context.Background(), remote.ScheduleID(other.queue, w.a)).
			Delete(context.Background())
	})
	w.file(t, tables...)
	service, err := dialTemporal(t.Context(), w.getenv, w.queue)
	require.NoError(t, err)
	defer service.Close()
	var found []remote.Schedule
	require.Eventually(t, func() bool { // Temporal's list is a moment old
		all, err := service.Schedules(t.Context(), true)
		if err != nil {
			return false
		}
		found = slices.DeleteFunc(all, func(s remote.Schedule) bool { return s.Table != w.a })
		return len(found) > 0
	}, 3*time.Minute, 50*time.Millisecond)
	require.Equal(t, []bool{false, true}, []bool{found[0].Ours, found[0].Elsewhere})

	got := w.call(t, "schedule", "apply", "--yes", w.c)
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Eventually(t, func() bool {
		got = w.call(t, "pause", "--all", "--reason", "maintenance")
		return strings.Contains(got.stdout, w.c)
	}, 3*time.Minute, 50*time.Millisecond, "its own one")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.NotContains(t, got.stdout, w.a)
	require.False(t, other.describe(t, w.a).Paused)
}

// create makes the three schedules.
func (w *scheduleWorld) create(t *testing.T) {
	t.Helper()
	a, b, c := w.a, w.b, w.c
	w.file(t, "{ name: "+a+", schedule: 5m, scheduleJitter: 10s }",
		"{ name: "+b+", schedule: \"*/20 3,4 * jan-mar mon Europe/Berlin\", schedulePaused: true }",
		"{ name: "+c+", schedule: 1h, scheduleJitter: 0s }")
	text := w.apply(t)
	require.Contains(t, text, "+ "+a+"  ")
	require.Contains(t, text, "*/20 3,4 * jan-mar mon Europe/Berlin, up to 30s later, paused\n")
	one := w.describe(t, b)
	require.Equal(t, []any{true, true, "*/20 3,4 * jan-mar mon Europe/Berlin", "", remote.PausedByFile},
		[]any{one.Ours, one.Paused, one.When, one.Unexpected, one.Note})
	before := time.Now()
	one = w.describe(t, a)
	require.Equal(t, []any{"5m", 10 * time.Second, ""}, []any{one.When, one.Jitter, one.Unexpected})
	require.WithinRange(t, one.Next, before, time.Now().Add(6*time.Minute))
	require.Equal(t, "  3 schedules as configured\n", w.apply(t), "what has been applied is as configured")
}

// change changes the file, and one schedule by hand.
func (w *scheduleWorld) change(t *testing.T) {
	t.Helper()
	a, b, c := w.a, w.b, w.c
	require.NoError(t, w.handles.GetHandle(t.Context(), remote.ScheduleID(w.queue, a)).Update(t.Context(),
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
	text := w.apply(t)
	require.Contains(t, text, remote.OtherCalendar+", up to 10s later, pause on failure → 5m, up to 10s later\n")
	require.Contains(t, text, "*/20 3,4 * jan-mar mon Europe/Berlin, up to 30s later → 2h, up to 30s later\n")
	require.Contains(t, text, "paused → running\n")
	eventually(t, func() bool { // changes take a moment
		one := w.describe(t, b)
		return one.When == "2h" && !one.Paused
	})
	one := w.describe(t, c)
	require.Equal(t, []any{true, "load test"}, []any{one.Paused, one.Note}, "a pause by hand stays")
}

// triggerAndDelete starts a run by a schedule, and takes two tables out of the file.
func (w *scheduleWorld) triggerAndDelete(t *testing.T) {
	t.Helper()
	a, b, c := w.a, w.b, w.c
	w.startWorker(t)
	require.Equal(t, exitOK, w.call(t, "schedule", "resume", c).code)
	require.Equal(t, exitOK, w.call(t, "schedule", "trigger", c).code)
	eventually(t, func() bool { return !w.describe(t, c).Last.IsZero() })

	eventually(t, func() bool { // the list is a moment behind
		list := w.call(t, "schedule", "list").stdout
		return strings.Contains(list, "not made by schedule apply: foreign-"+w.suffix) &&
			strings.Contains(list, " "+a+" ") && strings.Count(list, b+" ") > 1
	})
	w.file(t, "{ name: "+a+", schedule: off }")
	require.Contains(t, w.apply(t, a), "- "+a+"  5m")
	got := w.call(t, "schedule", "pause", a)
	require.Equal(t, exitUsage, got.code)
	require.Contains(t, got.stderr, a+" has no schedule")
	require.Contains(t, w.apply(t), "- "+b, "what has left the file is deleted")
	_, err := w.handles.GetHandle(t.Context(), "foreign-"+w.suffix).Describe(t.Context())
	require.NoError(t, err)
}
