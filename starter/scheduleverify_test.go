package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/remote"
)

// The schedule of a table's comparisons is beside that of its runs: each is created, changed, paused and deleted by
// itself.
func TestVerifySchedulesAgainstTemporal(t *testing.T) {
	t.Parallel()
	w := newScheduleWorld(t)
	id := remote.VerifyScheduleID(w.queue, w.a)
	t.Cleanup(func() { _ = w.handles.GetHandle(context.Background(), id).Delete(context.Background()) })
	describe := func() remote.Schedule {
		t.Helper()
		service, err := dialTemporal(t.Context(), w.getenv, w.queue)
		require.NoError(t, err)
		defer service.Close()
		one, _, err := service.Schedule(t.Context(), id)
		require.NoError(t, err)
		return one
	}
	file := func(keys string) { w.file(t, "{ name: "+w.a+", scheduleJitter: 0s, "+keys+" }") }

	file(`schedule: 5m, verify: { every: "0 3 * * *", depth: keys }`)
	text := w.apply(t)
	require.Contains(t, text, "+ "+w.a+"  5m\n")
	require.Contains(t, text, "+ "+w.a+"  verify by keys: 0 3 * * *\n")
	one := describe()
	require.Equal(t, []any{true, w.a, "0 3 * * *", api.DepthKeys, ""},
		[]any{one.Ours, one.Table, one.When, one.Depth, one.Unexpected})
	require.Equal(t, "  2 schedules as configured\n", w.apply(t))
	raw, err := w.handles.GetHandle(t.Context(), id).Describe(t.Context())
	require.NoError(t, err)
	require.Equal(t, enumspb.SCHEDULE_OVERLAP_POLICY_SKIP, raw.Schedule.Policy.Overlap)
	action, ok := raw.Schedule.Action.(*client.ScheduleWorkflowAction)
	require.True(t, ok)
	require.Equal(t, api.VerifyTableID(w.queue, w.a), action.ID)
	require.Equal(t, w.queue, action.TaskQueue)

	require.Equal(t, exitOK, w.call(t, "schedule", "pause", w.a, "--verify").code)
	eventually(t, func() bool { return describe().Paused })
	require.False(t, w.describe(t, w.a).Paused, "runs go on")
	file(`schedule: 5m, verify: { every: 12h }`)
	require.Contains(t, w.apply(t), "verify by keys: 0 3 * * * → verify by digest: 12h\n")
	eventually(t, func() bool { return describe().When == "12h" && describe().Depth == api.DepthDigest })
	require.True(t, describe().Paused, "a pause by hand stays")
	require.Contains(t, w.call(t, "status", w.a).stdout, "verify by digest: 12h; next paused")

	file(`schedule: 5m`)
	require.Contains(t, w.apply(t), "- "+w.a+"  verify by digest: 12h (no longer in the configuration)\n")
	require.Contains(t, w.call(t, "schedule", "resume", w.a, "--verify").stderr, "set the key verify.every")
	require.True(t, w.describe(t, w.a).Ours)
}
