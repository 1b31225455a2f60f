package upsert

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// load lets so many writers at a gate for so many chunks each, where a chunk at once with n-1
// others takes took(n), and returns how many were let in at once in the end.
func load(t *testing.T, g *Gate, writers, chunks, most int, took func(n int) time.Duration) int {
	t.Helper()
	var active, worst atomic.Int64
	done := make(chan struct{})
	for range writers {
		go func() {
			defer func() { done <- struct{}{} }()
			for range chunks {
				p, err := g.enter(t.Context(), 0, most)
				require.NoError(t, err)
				n := active.Add(1)
				if n > worst.Load() {
					worst.Store(n)
				}
				<-time.After(took(int(n))) // of the bubble's own clock
				active.Add(-1)
				g.leave(p, 1000, most)
			}
		}()
	}
	for range writers {
		<-done
	}
	require.LessOrEqual(t, worst.Load(), int64(most))
	return g.AtOnce()
}

func TestGateLetsInAsManyAsMakeItFaster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// Each has a processor of its own: four at once are twice as fast as two.
		require.Equal(t, 4, load(t, &Gate{}, 8, 100, 4, func(int) time.Duration { return 100 * time.Millisecond }))
		// All share what two have: more at once only wait longer. The last trial may be under way.
		require.LessOrEqual(t, load(t, &Gate{}, 8, 200, 8, func(n int) time.Duration { return time.Duration(n) * 50 * time.Millisecond }), 3)
		require.Equal(t, 1, load(t, &Gate{}, 3, 10, 1, func(int) time.Duration { return 100 * time.Millisecond }))
	})
}

func TestGateCalmsDownAndTriesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &Gate{}
		free := func(int) time.Duration { return 100 * time.Millisecond }
		require.Equal(t, 4, load(t, g, 8, 100, 4, free))
		for range 9 {
			time.Sleep(time.Millisecond)
			g.calm(&pass{since: time.Now()})
		}
		require.Equal(t, 1, g.AtOnce())
		require.Equal(t, 4, load(t, g, 8, 100, 4, free))
	})
}

func TestGateIsConsiderateWhereOthersWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &Gate{}
		free := func(int) time.Duration { return 100 * time.Millisecond }
		require.Equal(t, 4, load(t, g, 8, 100, 4, free))
		const quick, slow = 300 * time.Microsecond, 5 * time.Millisecond
		for range 20 {
			g.felt(quick, true)
		}
		require.Equal(t, 4, g.AtOnce(), "the server has room for everybody")
		require.LessOrEqual(t, load(t, g, 8, 200, 4, func(int) time.Duration { return 100 * time.Millisecond }), 4)
		require.GreaterOrEqual(t, g.AtOnce(), 3, "one less is slower")
		alone := &Gate{}
		alone.felt(quick, true)
		require.LessOrEqual(t, load(t, alone, 8, 100, 4, func(n int) time.Duration { return time.Duration(n) * 100 * time.Millisecond }), 2, "one is as fast as two, which is tried now and then")
		g = &Gate{}
		g.felt(quick, false)
		require.Equal(t, 4, load(t, g, 8, 100, 4, free))
		for range 20 {
			g.felt(slow, false)
		}
		require.Equal(t, 4, g.AtOnce(), "nobody else is there")
		for range 20 {
			g.felt(slow, true)
		}
		require.Equal(t, 1, g.AtOnce())
		require.Equal(t, 1, load(t, g, 8, 100, 4, free), "as long as that is so")
		for range 20 {
			g.felt(quick, false)
		}
		require.Equal(t, 4, load(t, g, 8, 100, 4, free))
	})
}

func TestGateForgetsWhoHasGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &Gate{}
		first, err := g.enter(t.Context(), 0, 1)
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		gone := make(chan error)
		go func() {
			_, err := g.enter(ctx, 0, 1)
			gone <- err
		}()
		synctest.Wait()
		cancel()
		require.ErrorIs(t, <-gone, context.Canceled)
		g.leave(first, 0, 1)
		_, err = g.enter(t.Context(), 0, 1)
		require.NoError(t, err)

		// The one that is inside now is stuck, and keeps nobody out for long.
		began := time.Now()
		_, err = g.enter(t.Context(), 0, 1)
		require.NoError(t, err)
		require.InDelta(t, 1, time.Since(began).Seconds(), 0.3)
	})
}

func TestGateLetsTheLowestTurnInFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &Gate{}
		busy, err := g.enter(t.Context(), 0, 1)
		require.NoError(t, err)
		var order []int
		done := make(chan struct{})
		for _, turn := range []int{7, 3, 7, 5, 3} {
			go func() {
				p, err := g.enter(t.Context(), turn, 1)
				require.NoError(t, err)
				order = append(order, turn) // one at a time
				g.leave(p, 1000, 1)
				done <- struct{}{}
			}()
			synctest.Wait()
		}
		g.leave(busy, 1000, 1)
		for range 5 {
			<-done
		}
		require.Equal(t, []int{3, 3, 5, 7, 7}, order)
	})
}

func TestGatePassesNobodyOverForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &Gate{}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		for range 2 { // so that one of them always waits
			go func() {
				defer func() { done <- struct{}{} }()
				for {
					p, err := g.enter(ctx, 0, 1)
					if err != nil {
						return
					}
					time.Sleep(time.Second / 2)
					g.leave(p, 1000, 1)
				}
			}()
		}
		synctest.Wait()
		before := time.Now()
		p, err := g.enter(t.Context(), 1, 1)
		require.NoError(t, err)
		require.InDelta(t, 10, time.Since(before).Seconds(), 1)
		g.leave(p, 1000, 1)
		stop()
		<-done
		<-done
	})
}

// Where others use the server, the first chunks ever are not two at once; what has been learnt stays.
func TestGateBeginsWithOneBesideOthers(t *testing.T) {
	yes, no := func() bool { return true }, func() bool { return false }
	beside, alone := &Gate{}, &Gate{}
	beside.beginBeside(yes)
	require.Equal(t, 1, beside.AtOnce())
	alone.beginBeside(no)
	require.Equal(t, firstAtOnce, alone.AtOnce())
	alone.rate = 1000
	alone.beginBeside(yes)
	require.Equal(t, firstAtOnce, alone.AtOnce())
}
