package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/tablehaul/tablehaul/internal/clock"
)

// heartbeatEvery is a tenth of the heartbeat timeout: a lost heartbeat does no harm, and a cancel arrives in seconds.
const heartbeatEvery = 2 * time.Second

// beat heartbeats details() every few seconds until the returned function is called, also
// while the step waits for a slow server.
func beat(ctx context.Context, details func() any) (stop func()) {
	done := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(heartbeatEvery)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-ctx.Done():
				return
			case <-tick.C:
				activity.RecordHeartbeat(ctx, details())
			}
		}
	}()
	return func() {
		close(done)
		<-stopped
	}
}

// sleep waits for d, and heartbeats why: a waiting step neither times out nor misses a cancel.
func sleep(ctx context.Context, d time.Duration, why string) error {
	activity.RecordHeartbeat(ctx, why)
	defer beat(ctx, func() any { return why })()
	return clock.Sleep(ctx, d)
}
