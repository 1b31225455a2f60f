package source

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// With a lag of any length and looks at any pace, the end rises: it is never farther behind than
// the lag, an eighth of it and two looks.
func TestAnIntegersEndRisesWithAnyLagAndPace(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, lag := range []time.Duration{0, 4 * time.Second, time.Minute, time.Hour, 24 * time.Hour} {
		for _, pace := range []time.Duration{time.Second, 10 * time.Second, time.Minute, time.Hour} {
			var samples []CursorSample
			for at := time.Duration(0); at <= 3*lag+10*pace && at < 6000*pace; at += pace {
				now := start.Add(at)
				sample := CursorSample{
					Column: "id",
					At:     now.Format(sampleTimeFormat),
					Max:    strconv.Itoa(int(at / time.Second)),
				} // a row every second
				all := append(samples, sample)
				hi := highestSample(all, now.Add(-lag+time.Microsecond))
				samples = keepSamples(all, now.Add(-lag+time.Microsecond))
				require.LessOrEqual(t, len(samples), maxSamples)
				if at < lag+2*pace {
					continue
				}
				n, err := strconv.Atoi(hi)
				require.NoError(t, err, "lag %s, pace %s, after %s: no end", lag, pace, at)
				behind := at - time.Duration(n)*time.Second
				require.LessOrEqual(t, behind, lag+lag/8+2*pace, "lag %s, pace %s, after %s", lag, pace, at)
				require.GreaterOrEqual(t, behind, lag)
			}
		}
	}
}

func TestSamplesOfAnotherColumnMeanNothing(t *testing.T) {
	spec := UpperBoundSpec{Samples: []CursorSample{
		{Column: "seq", At: "2026-01-01T00:00:00.000000Z", Max: "999"},
		{Column: "ID", At: "2026-01-02T00:00:00.000000Z", Max: "2"},
		{Column: "id", At: "2026-01-01T00:00:00.000000Z", Max: "1"},
		{Column: "id", At: "never", Max: "7"},
		{At: "2026-01-01T00:00:00.000000Z", Max: "8"},
	}}
	spec.Cursor.Name = "id"
	require.Equal(t, []CursorSample{spec.Samples[2], spec.Samples[1]}, samplesOf(spec))
}
