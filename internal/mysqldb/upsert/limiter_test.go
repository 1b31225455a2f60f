package upsert

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// runWriters lets so many writers write so many chunks each through a limiter. A chunk takes
// duration(n) where n chunks are written at the same time. It returns the limit in the end.
func runWriters(t *testing.T, l *Limiter, writers, chunks, maxSlots int, duration func(n int) time.Duration) int {
	t.Helper()
	var active, worst atomic.Int64
	done := make(chan struct{})
	for range writers {
		go func() {
			defer func() { done <- struct{}{} }()
			for range chunks {
				s, err := l.acquire(t.Context(), 0, maxSlots)
				require.NoError(t, err)
				n := active.Add(1)
				if n > worst.Load() {
					worst.Store(n)
				}
				<-time.After(duration(int(n))) // of the bubble's own clock
				active.Add(-1)
				l.release(s, 1000, maxSlots)
			}
		}()
	}
	for range writers {
		<-done
	}
	require.LessOrEqual(t, worst.Load(), int64(maxSlots))
	return l.Limit()
}

const chunkTime = 100 * time.Millisecond

// constant is a target with a processor for each chunk, shared one with a single processor.
func constant(int) time.Duration { return chunkTime }
func shared(n int) time.Duration { return time.Duration(n) * chunkTime }

func TestLimiterRisesWhereMoreIsFaster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		require.Equal(t, 4, runWriters(t, &Limiter{}, 8, 100, 4, constant))
		// The last trial may be under way.
		require.LessOrEqual(t, runWriters(t, &Limiter{}, 8, 200, 8, func(n int) time.Duration { return shared(n) / 2 }),
			3)
		require.Equal(t, 1, runWriters(t, &Limiter{}, 3, 10, 1, constant))
	})
}

func TestLimiterFallsAfterSlowTransactionsAndTriesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &Limiter{}
		require.Equal(t, 4, runWriters(t, l, 8, 100, 4, constant))
		for range 9 {
			time.Sleep(time.Millisecond)
			l.onSlowTransaction(&slot{since: time.Now()})
		}
		require.Equal(t, 1, l.Limit())
		require.Equal(t, 4, runWriters(t, l, 8, 100, 4, constant))
	})
}

// Transactions that were slow beside each other lower the limit once.
func TestSlowTransactionsOfOneMomentCountOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &Limiter{}
		require.Equal(t, 4, runWriters(t, l, 8, 100, 4, constant))
		began := time.Now()
		for range 4 {
			time.Sleep(time.Millisecond)
			l.onSlowTransaction(&slot{since: began})
		}
		require.Equal(t, 3, l.Limit())
	})
}

func TestLimiterMakesRoomForOtherTraffic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const quick, slow = 300 * time.Microsecond, 5 * time.Millisecond
		feels := func(l *Limiter, latency time.Duration, others bool) {
			for range 20 {
				l.onOtherTraffic(others)
				l.onLatency(latency)
			}
		}
		l := &Limiter{}
		require.Equal(t, 4, runWriters(t, l, 8, 100, 4, constant))
		feels(l, quick, true)
		require.Equal(t, 4, l.Limit(), "the server has room for all")
		require.LessOrEqual(t, runWriters(t, l, 8, 200, 4, constant), 4)
		require.GreaterOrEqual(t, l.Limit(), 3, "one less is slower")

		l = &Limiter{}
		l.onFirstChunk(8, false, func() bool { return true })
		require.LessOrEqual(
			t, runWriters(t, l, 8, 100, 4, shared), 2, "one is as fast as two, which is tried now and then",
		)

		l = &Limiter{}
		feels(l, quick, false)
		require.Equal(t, 4, runWriters(t, l, 8, 100, 4, constant))
		feels(l, slow, false)
		require.Equal(t, 4, l.Limit(), "there is no other traffic")
		feels(l, slow, true)
		require.Equal(t, 1, l.Limit())
		require.Equal(t, 1, runWriters(t, l, 8, 100, 4, constant), "as long as that is so")
		feels(l, quick, false)
		require.Equal(t, 4, runWriters(t, l, 8, 100, 4, constant))
	})
}

func TestLimiterForgetsACanceledWaiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &Limiter{}
		first, err := l.acquire(t.Context(), 0, 1)
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		gone := make(chan error)
		go func() {
			_, err := l.acquire(ctx, 0, 1)
			gone <- err
		}()
		synctest.Wait()
		cancel()
		require.ErrorIs(t, <-gone, context.Canceled)
		l.release(first, 0, 1)
		_, err = l.acquire(t.Context(), 0, 1)
		require.NoError(t, err)

		// The chunk that is written now is stuck, and holds the others up for stuckTime only.
		began := time.Now()
		_, err = l.acquire(t.Context(), 0, 1)
		require.NoError(t, err)
		require.InDelta(t, stuckTime.Seconds(), time.Since(began).Seconds(), 0.3)
	})
}

func TestLimiterServesTheLowestOrderFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &Limiter{}
		busy, err := l.acquire(t.Context(), 0, 1)
		require.NoError(t, err)
		var served []int
		done := make(chan struct{})
		for _, order := range []int{7, 3, 7, 5, 3} {
			go func() {
				s, err := l.acquire(t.Context(), order, 1)
				require.NoError(t, err)
				served = append(served, order) // one at a time
				l.release(s, 1000, 1)
				done <- struct{}{}
			}()
			synctest.Wait()
		}
		l.release(busy, 1000, 1)
		for range 5 {
			<-done
		}
		require.Equal(t, []int{3, 3, 5, 7, 7}, served)
	})
}

func TestNoChunkWaitsForLowerOrdersForever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &Limiter{}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		for range 2 { // so that one of them always waits
			go func() {
				defer func() { done <- struct{}{} }()
				for {
					s, err := l.acquire(ctx, 0, 1)
					if err != nil {
						return
					}
					time.Sleep(time.Second / 2)
					l.release(s, 1000, 1)
				}
			}()
		}
		synctest.Wait()
		before := time.Now()
		s, err := l.acquire(t.Context(), 1, 1)
		require.NoError(t, err)
		require.InDelta(t, maxSkipTime.Seconds(), time.Since(before).Seconds(), 1)
		l.release(s, 1000, 1)
		stop()
		<-done
		<-done
	})
}

// Beside other traffic the first chunk of all is written alone; what was learnt later stays.
func TestLimiterStartsWithOneBesideOtherTraffic(t *testing.T) {
	yes, no := func() bool { return true }, func() bool { return false }
	beside, alone := &Limiter{}, &Limiter{}
	beside.onFirstChunk(4, true, yes)
	require.Equal(t, 1, beside.Limit())
	alone.onFirstChunk(4, false, no)
	require.Equal(t, startLimit, alone.Limit())
	alone.onFirstChunk(4, false, yes)
	require.Equal(t, startLimit, alone.Limit())
	far := &Limiter{}
	far.onFirstChunk(4, true, no)
	require.Equal(t, 4, far.Limit(), "what a chunk costs is its way")
}

func TestLimiterTellsWhetherChunksWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &Limiter{}
		require.False(t, l.HasWaiters())
		first, err := l.acquire(t.Context(), 0, 1)
		require.NoError(t, err)
		require.False(t, l.HasWaiters(), "it is written")
		second := make(chan *slot)
		go func() {
			s, _ := l.acquire(t.Context(), 0, 1)
			second <- s
		}()
		synctest.Wait()
		require.True(t, l.HasWaiters())
		l.release(first, 1, 1)
		s := <-second
		require.NotNil(t, s)
		require.False(t, l.HasWaiters())
		l.release(s, 1, 1)
	})
}
