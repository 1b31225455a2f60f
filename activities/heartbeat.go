package activities

import (
	"context"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"

	"github.com/tablehaul/tablehaul/internal/clock"
)

// heartbeatEvery is a tenth of the heartbeat timeout: a lost heartbeat does no harm, and a cancel arrives in seconds.
const heartbeatEvery = 2 * time.Second

// pulse heartbeats every few seconds, also while the step waits for a slow server or store.
type pulse struct {
	// mu makes what is said last be sent last.
	mu      sync.Mutex
	details func() any

	done, stopped chan struct{}
}

type pulseKey struct{}

// withPulse heartbeats until stop is called, where the step has a heartbeat timeout. Until the step says more by beat,
// it repeats what the attempt before has said: the next attempt finds it there.
func withPulse(ctx context.Context) (_ context.Context, stop func()) {
	if activity.GetInfo(ctx).HeartbeatTimeout <= 0 {
		return ctx, func() {}
	}
	var last any
	if activity.HasHeartbeatDetails(ctx) {
		var raw converter.RawValue
		if activity.GetHeartbeatDetails(ctx, &raw) == nil {
			last = raw
		}
	}
	p := startPulse(ctx, func() any { return last })
	return context.WithValue(ctx, pulseKey{}, p), p.stop
}

func startPulse(ctx context.Context, details func() any) *pulse {
	p := &pulse{details: details, done: make(chan struct{}), stopped: make(chan struct{})}
	go func() {
		defer close(p.stopped)
		tick := time.NewTicker(heartbeatEvery)
		defer tick.Stop()
		for {
			select {
			case <-p.done:
				return
			case <-ctx.Done():
				return
			case <-tick.C:
				p.record(ctx)
			}
		}
	}()
	return p
}

func (p *pulse) record(ctx context.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	activity.RecordHeartbeat(ctx, p.details())
}

func (p *pulse) say(details func() any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.details = details
}

func (p *pulse) stop() {
	close(p.done)
	<-p.stopped
}

// beat heartbeats details() every few seconds until the returned function is called. A step with a heartbeat timeout
// heartbeats by itself: there beat says with what, and the last details stay.
func beat(ctx context.Context, details func() any) (stop func()) {
	p, ok := ctx.Value(pulseKey{}).(*pulse)
	if !ok {
		return startPulse(ctx, details).stop
	}
	p.say(details)
	return func() {
		last := details()
		p.say(func() any { return last })
	}
}

// sleep waits for d, and heartbeats why: a waiting step neither times out nor misses a cancel.
func sleep(ctx context.Context, d time.Duration, why string) error {
	activity.RecordHeartbeat(ctx, why)
	defer beat(ctx, func() any { return why })()
	return clock.Sleep(ctx, d)
}
