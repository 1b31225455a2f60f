package upsert

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The notes below the law: when answers are slow, and what a measurement is.
func TestTheBoundsOfTheLimitersLaw(t *testing.T) {
	for shortest, bound := range map[time.Duration]time.Duration{
		time.Millisecond: 2 * time.Millisecond, 10 * time.Microsecond: 300 * time.Microsecond,
	} {
		l := &Limiter{climb: otherClients, latency: bound, minLatency: shortest}
		l.onLatency(bound)
		require.Equal(t, otherClients.limit, l.climb.limit, "an average of %s", bound)
		l.onLatency(bound + 4*time.Nanosecond)
		require.Equal(t, otherClients.limit-1, l.climb.limit, "an average above %s", bound)
	}
	waiting := []waiter{{}}
	l := &Limiter{climb: hillClimb{limit: 2, phase: steady}, queue: waiting}
	now := time.Now()
	release := func() {
		now = now.Add(time.Second)
		l.measure(now, lawRows, lawMaximum)
	}
	release() // a measurement begins
	for range 7 {
		release()
	}
	require.Equal(t, steady, l.climb.phase)
	l.queue = nil
	release() // no chunk waits: what was measured says nothing
	l.queue = waiting
	for range 8 {
		release()
	}
	require.Equal(t, tryMore, l.climb.phase)
	require.Equal(t, 3, l.climb.limit)
}
