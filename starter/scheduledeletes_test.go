package main

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/remote"
)

// A table whose deletes are not off has a schedule of sweeps beside those of its runs and comparisons.
func TestSchedulesOfSweepsAgainstTemporal(t *testing.T) {
	t.Parallel()
	w := newScheduleWorld(t)
	id := remote.DeletesScheduleID(w.queue, w.a)
	t.Cleanup(func() { _ = w.handles.GetHandle(context.Background(), id).Delete(context.Background()) })
	file := func(keys string) { w.file(t, "{ name: "+w.a+", scheduleJitter: 0s, "+keys+" }") }
	file(`schedule: 5m, deletes: { mode: report, every: 6h }`)
	require.Contains(t, w.apply(t), "+ "+w.a+"  sweep deletes: 6h\n")
	service, err := dialTemporal(t.Context(), w.getenv, w.queue)
	require.NoError(t, err)
	defer service.Close()
	one, _, err := service.Schedule(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, []any{true, w.a, "6h", remote.DepthDeletes, ""},
		[]any{one.Ours, one.Table, one.When, one.Depth, one.Unexpected})
	require.Equal(t, "  2 schedules as configured\n", w.apply(t))
	require.Equal(t, exitOK, w.call(t, "schedule", "pause", w.a, "--deletes").code)
	eventually(t, func() bool {
		return strings.Contains(w.call(t, "status", w.a).stdout, "sweep deletes: 6h; next paused")
	})
	require.False(t, w.describe(t, w.a).Paused, "runs go on")
	file(`schedule: 5m, deletes: { mode: "off", every: 6h }`)
	require.Contains(t, w.apply(t), "- "+w.a+"  sweep deletes: 6h (no longer in the configuration)\n")
}
