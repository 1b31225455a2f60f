package activities

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestARestartIsToldByUptime(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	v := Volatile{At: at, Uptime: time.Hour}
	for _, c := range []struct {
		after, uptime time.Duration
		want          bool
	}{
		{time.Minute, time.Hour + time.Minute, false},
		{time.Minute, time.Hour + 55*time.Second, false}, // whole seconds, and two workers' clocks
		{time.Minute, 30 * time.Second, true},
		{2 * time.Hour, 2*time.Hour - time.Minute, true}, // longer up than when it was looked at, and still another one
		{-5 * time.Second, time.Hour, false},
	} {
		require.Equal(t, c.want, v.restarted(at.Add(c.after), c.uptime), "%+v", c)
	}
}

func TestBothDone(t *testing.T) {
	require.Equal(t, "0100", bothDone("1101", "0110"))
	require.Equal(t, "0000", bothDone("1111", ""))
	require.Equal(t, "1100", bothDone("1111", "11"))
	require.Empty(t, bothDone("", "11"))
}
