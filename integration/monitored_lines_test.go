package integration_test

import (
	"maps"
	"time"

	"github.com/stretchr/testify/require"
)

// requireALinePerStep waits until there is one line for each attempt of each step, in the words
// of the code, and no other.
func (m *monitored) requireALinePerStep() {
	t := m.p.t
	t.Helper()
	var want, got map[string]int
	require.Eventually(t, func() bool { // a step's line and its history are written at about the same time
		want, got = m.attempts(), map[string]int{}
		for _, line := range m.lines() {
			if step, ok := line["step"].(string); ok {
				got[step]++
			}
		}
		return maps.Equal(want, got)
	}, timeout, 500*time.Millisecond, "attempts %v, lines %v", &want, &got)
	require.Greater(t, len(want), 7)
	for _, line := range m.lines() {
		require.NotEqual(t, "Activity error.", line["msg"])
		if _, ok := line["step"]; !ok {
			continue
		}
		require.Contains(t, []string{"step done", "step failed", "step failed, to be tried again"}, line["msg"])
		require.Equal(t, m.p.table("t"), line["table"])
		for _, key := range []string{"workflow", "attempt", "seconds"} {
			require.NotEmpty(t, line[key], line)
		}
	}
}

// attempts are those of each step, by the histories.
func (m *monitored) attempts() map[string]int {
	out := map[string]int{}
	for _, h := range m.p.histories() {
		steps := map[int64]string{}
		for _, e := range h.GetEvents() {
			if a := e.GetActivityTaskScheduledEventAttributes(); a != nil {
				steps[e.GetEventId()] = a.GetActivityType().GetName()
			}
			if a := e.GetActivityTaskStartedEventAttributes(); a != nil {
				out[steps[a.GetScheduledEventId()]] += int(a.GetAttempt())
			}
		}
	}
	return out
}
