package world_test

import (
	"context"
	"time"

	"github.com/tablehaul/tablehaul/internal/clock"
)

// delay is how long a transaction does nothing: mostly not long.
func (w *writer) delay() time.Duration {
	most := w.longest
	switch n := w.random.IntN(10); {
	case n < 6:
		return 0
	case n < 9:
		most /= 10
	}
	return time.Duration(w.random.Int64N(int64(most)))
}

func (w *writer) wait(ctx context.Context) { pause(ctx, w.delay()) }

// pause waits for d, as people and applications do; false where ctx ended first.
func pause(ctx context.Context, d time.Duration) bool { return clock.Sleep(ctx, d) == nil }
