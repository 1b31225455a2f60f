package app

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/worker"
)

// drainingWorker is a worker whose running step ends when the test lets it.
type drainingWorker struct {
	worker.Worker

	stopping, stopped bool
	drained           chan struct{}
}

func newDrainingWorker() *drainingWorker { return &drainingWorker{drained: make(chan struct{})} }

func (w *drainingWorker) Stop() {
	w.stopping = true
	<-w.drained
	w.stopped = true
}

// A host that drains is not gone: it answers pings until its last step has ended.
func TestAHostAnswersPingsWhileItDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		main, local, pings := newDrainingWorker(), newDrainingWorker(), newDrainingWorker()
		close(pings.drained) // a ping takes no time
		w := &workers{all: []worker.Worker{main, local}, pings: pings}
		go w.stop()
		synctest.Wait()
		require.True(t, main.stopping)
		require.True(t, local.stopping)
		require.False(t, pings.stopping, "the host has a step that runs")
		close(main.drained)
		synctest.Wait()
		require.False(t, pings.stopping, "the host has a step that runs")
		close(local.drained)
		synctest.Wait()
		require.True(t, pings.stopped)
	})
}
