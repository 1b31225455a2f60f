package source

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestALagCountsTheUnitThatIsNotReadYet(t *testing.T) {
	for _, c := range []struct {
		now       string
		lag, unit time.Duration
		want      time.Duration
	}{
		{"2026-11-25 21:00:00.750000", 0, time.Second, 750 * time.Millisecond},
		{"2026-11-25 21:00:00.250000", 500 * time.Millisecond, time.Second, 750 * time.Millisecond},
		{"2026-11-25 21:00:00.000001", 0, time.Microsecond, 0},
		{"2026-11-25 21:30:00.000000", 0, 24 * time.Hour, 21*time.Hour + 30*time.Minute},
		{"2026-11-25 00:10:00.000000", time.Hour, 24 * time.Hour, 23*time.Hour + 10*time.Minute},
		{"not a time", 0, time.Second, time.Second},
	} {
		require.Equal(t, c.want, truncationLag(c.now, c.lag, c.unit), c.now)
	}
}

func TestAnIntegersLagIsTheAgeOfItsLastSettledSample(t *testing.T) {
	now := time.Date(2026, 11, 25, 21, 0, 0, 0, time.UTC)
	at := func(before time.Duration) string { return now.Add(-before).Format(sampleTimeFormat) }
	samples := []CursorSample{
		{At: at(time.Hour), Max: "9"},
		{At: at(10 * time.Minute), Max: "9"},
		{At: at(time.Minute), Max: "12"},
	}
	require.Equal(
		t,
		10*time.Minute,
		sinceSample(samples, now.Add(-5*time.Minute), now),
		"nothing was added since, and it was looked",
	)
	require.Equal(t, time.Minute, sinceSample(samples, now, now))
	require.Zero(t, sinceSample(samples, now.Add(-2*time.Hour), now))
	require.Zero(t, sinceSample([]CursorSample{{At: "never", Max: "1"}}, now, now))
}
