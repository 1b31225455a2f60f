package source_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
)

// A caller that waits for another one's reading waits at most joinTimeout; then one caller reads for all.
func TestNoCallerWaitsForAReadingThatHangs(t *testing.T) {
	const patience = 300 * time.Millisecond
	l := source.NewOpenWorkCache(time.Hour, patience)
	dead, end := make(chan struct{}), make(chan struct{})
	first := make(chan error, 1)
	go func() {
		first <- l.Read(t.Context(), func(context.Context) error { close(dead); <-end; return nil })
	}()
	<-dead
	var looks atomic.Int64
	const callers = 20
	done := make(chan error, callers)
	began := time.Now()
	for range callers {
		go func() {
			done <- l.Read(t.Context(), func(context.Context) error { looks.Add(1); return nil })
		}()
	}
	for range callers {
		require.NoError(t, <-done)
	}
	require.Less(t, time.Since(began), time.Minute)
	require.LessOrEqual(t, looks.Load(), int64(3), "they did not share a look")
	close(end)
	require.NoError(t, <-first)

	// A look that its limit has ended is a connection that is taken for dead.
	l = source.NewOpenWorkCache(50*time.Millisecond, patience)
	err := l.Read(t.Context(), func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
	require.Equal(t, mysqlerr.ClassRetry, mysqlerr.Classify(err), "%v", err)

	// A caller that leaves does not end the look of the others.
	ctx, cancel := context.WithCancel(t.Context())
	started, finish := make(chan struct{}), make(chan struct{})
	go func() {
		first <- l.Read(ctx, func(inner context.Context) error { close(started); <-finish; return inner.Err() })
	}()
	<-started
	cancel()
	require.ErrorIs(t, <-first, context.Canceled)
	close(finish)
}

func TestAReadingOfOpenWorkEndsWithinAMinute(t *testing.T) {
	require.LessOrEqual(t, source.WorkReadTime, time.Minute)
}
