package throttle_test

import (
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/throttle"
)

func at(t *testing.T, text string) time.Time {
	t.Helper()
	moment, err := time.Parse(time.RFC3339, text)
	require.NoError(t, err)
	return moment
}

func TestHoursAreOpenFromTheirBeginningToBeforeTheirEnd(t *testing.T) {
	for _, c := range []struct {
		hours, moment, next string
	}{
		{"", "2026-01-15T12:00:00Z", "2026-01-15T12:00:00Z"},
		{"08:00-10:00", "2026-01-15T07:59:59Z", "2026-01-15T08:00:00Z"},
		{"08:00-10:00", "2026-01-15T08:00:00Z", "2026-01-15T08:00:00Z"},
		{"08:00-10:00", "2026-01-15T10:00:00Z", "2026-01-16T08:00:00Z"},
		{"22:00-06:00", "2026-01-15T23:00:00Z", "2026-01-15T23:00:00Z"},
		{"22:00-06:00", "2026-01-15T05:59:00Z", "2026-01-15T05:59:00Z"},
		{"22:00-06:00", "2026-01-15T06:00:00Z", "2026-01-15T22:00:00Z"},
		{"22:00-06:00 Europe/Berlin", "2026-01-15T20:30:00Z", "2026-01-15T21:00:00Z"},
		{"22:00-06:00 Europe/Berlin", "2026-07-15T20:30:00Z", "2026-07-15T20:30:00Z"},
	} {
		h, err := throttle.ParseHours(c.hours)
		require.NoError(t, err)
		moment := at(t, c.moment)
		require.Equal(t, at(t, c.next).UTC(), h.Next(moment).UTC(), "%s at %s", c.hours, c.moment)
		require.Equal(t, c.moment == c.next, h.Open(moment))
	}
}

func TestParseHoursRefuses(t *testing.T) {
	for _, text := range []string{
		"8-10", "08:00", "08:00-08:00", "25:00-06:00", "08:00-10:00 Nowhere/City",
		"08:00-10:00 Local",
	} {
		_, err := throttle.ParseHours(text)
		require.ErrorIs(t, err, throttle.ErrHours, text)
	}
}

func TestLimits(t *testing.T) {
	require.True(t, throttle.Limits{}.IsZero())
	require.Zero(t, throttle.Limits{}.AtThreads("dw", 1000))
	require.Zero(t, throttle.Limits{ThreadsRunning: 5}.AtThreads("dw", 5))
	require.Contains(t, throttle.Limits{ThreadsRunning: 5}.AtThreads("dw", 6).Reason, "6 threads are running on dw")

	lag := throttle.Limits{ReplicaLag: 10 * time.Second, Replicas: []string{"r1"}}
	require.Zero(t, lag.AtLag("r1", 10*time.Second, true))
	require.Contains(t, lag.AtLag("r1", 11*time.Second, true).Reason, "11s behind")
	require.Contains(t, lag.AtLag("r1", 0, false).Reason, "not running")

	wait, err := throttle.Limits{Hours: "08:00-10:00"}.AtHour(at(t, "2026-01-15T07:59:30Z"))
	require.NoError(t, err)
	require.Equal(t, 30*time.Second, wait.For)
	wait, err = throttle.Limits{Hours: "08:00-10:00"}.AtHour(at(t, "2026-01-15T12:00:00Z"))
	require.NoError(t, err)
	require.Equal(t, 5*time.Minute, wait.For, "never slept for longer than a few minutes")
}
