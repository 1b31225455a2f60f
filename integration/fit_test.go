package integration_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/app"
)

// A worker's clock is compared with Temporal's when it starts: a little off is a warning, more
// is refused.
func TestAWorkerWithAWrongClockIsRefused(t *testing.T) {
	t.Parallel()
	p := start(t, options{idle: true})
	for i, c := range []struct {
		off           time.Duration
		refused, says string
	}{
		{0, "", ""},
		{20 * time.Second, "", "clock and Temporal's differ"},
		{-20 * time.Second, "", "clock and Temporal's differ"},
		// What is measured is a lower bound: on a busy machine it is a few seconds short.
		{2 * time.Minute, "clock is at least (2m0s|1m[3-5][0-9]s) ahead of Temporal's", ""},
		{-2 * time.Minute, "clock is at least (2m0s|1m[3-5][0-9]s) behind Temporal's", ""},
	} {
		ctx, stop := context.WithCancel(t.Context())
		var log overheard
		err := app.RunWorker(ctx, app.WorkerOptions{
			ConfigFile: p.config(), Getenv: os.Getenv, Client: p.client,
			// Of its own: on a queue that it shared, the worker before it was seen, too.
			TaskQueue: fmt.Sprintf("%s-%d", p.queue, i),
			Log:       slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn})),
			Now:       func() time.Time { return time.Now().Add(c.off) }, Ready: stop,
		})
		stop()
		if c.refused != "" {
			require.Error(t, err)
			require.Regexp(t, c.refused, err.Error())
			continue
		}
		require.NoError(t, err)
		if c.says == "" {
			require.Empty(t, log.String())
		} else {
			require.Contains(t, log.String(), c.says)
		}
	}
}
