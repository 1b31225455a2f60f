package remote_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/remote"
)

// restarting is a Temporal that is away at the ends of calls.
type restarting struct {
	client.Client
	client.WorkflowRun
	// calls are how long each call takes; all of them but the last fail. The last one is repeated where it fails, too.
	calls []time.Duration
	ends  bool
}

func (r *restarting) GetWorkflow(context.Context, string, string) client.WorkflowRun { return r }

func (r *restarting) Get(context.Context, any) error {
	time.Sleep(r.calls[0])
	if len(r.calls) > 1 {
		r.calls = r.calls[1:]
		return serviceerror.NewUnavailable("away")
	}
	if !r.ends {
		return serviceerror.NewUnavailable("away")
	}
	return nil
}

// A run is waited for through each restart of Temporal, however long ago the one before was, and not for ever.
func TestEachOutageOfTemporalIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		wait := func(r *restarting) error {
			_, err := remote.Over(r, "here", "default", "queue").Wait(t.Context(), remote.Execution{WorkflowID: "w"})
			return err
		}
		require.NoError(t, wait(&restarting{calls: []time.Duration{time.Second, time.Hour, time.Hour, 0}, ends: true}))
		began := time.Now()
		require.True(t, remote.IsUnreachable(wait(&restarting{calls: []time.Duration{time.Hour, time.Second}})))
		require.InDelta(t, (time.Hour + 2*time.Minute).Seconds(), time.Since(began).Seconds(), 10)
	})
}
