package workflows_test

import (
	"cmp"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/workflows"
)

// stateHarness drives a TableState with updates, one after the other.
type stateHarness struct {
	t     *testing.T
	env   *testsuite.TestWorkflowEnvironment
	delay time.Duration
	// leases are those that were granted, in order. Requests of tests name a fence by its place there,
	// from 1 on: fences themselves follow the clock.
	leases []owner.Lease
	// rejected says that a validator refused the last update.
	rejected bool
}

// resolve puts fences and run ids in the place of the places of leases.
func (o *stateHarness) resolve(req any) any {
	lease := func(place int64) owner.Lease {
		if place < 1 || int(place) > len(o.leases) {
			return owner.Lease{Fence: place}
		}
		return o.leases[place-1]
	}
	switch r := req.(type) {
	case owner.BeginRequest:
		r.TakeOver = lease(r.TakeOver).Fence
		return r
	case owner.ProgressRequest:
		l := lease(r.Fence)
		r.Fence, r.RunID = l.Fence, cmp.Or(r.RunID, l.RunID)
		return r
	case owner.ReleaseRequest:
		l := lease(r.Fence)
		r.Fence, r.RunID = l.Fence, cmp.Or(r.RunID, l.RunID)
		return r
	case owner.FinishRequest:
		l := lease(r.Fence)
		r.Fence, r.RunID = l.Fence, cmp.Or(r.RunID, l.RunID)
		return r
	}
	return req
}

// granted remembers a lease that was granted, and returns its place.
func (o *stateHarness) granted(reply any) (place int64) {
	s, ok := reply.(owner.State)
	if !ok || s.Lease == nil {
		return 0
	}
	if n := len(o.leases); n == 0 || o.leases[n-1].Fence != s.Lease.Fence {
		o.leases = append(o.leases, *s.Lease)
	}
	for i, l := range o.leases {
		if l.Fence == s.Lease.Fence {
			return int64(i + 1)
		}
	}
	return 0
}

func newStateHarness(t *testing.T) *stateHarness {
	env := newEnvironment()
	return &stateHarness{t: t, env: env}
}

func (o *stateHarness) then(name string, req any, check func(reply any, err error)) {
	o.thenLater(name, func() any { return req }, check)
}

// beginsToLoad lets run 1 begin a first load of so many ranges as done has digits.
func (o *stateHarness) beginsToLoad(done string) {
	ok := func(_ any, err error) { require.NoError(o.t, err) }
	o.then(owner.UpdateBeginRun, owner.BeginRequest{WorkflowID: "a", RunID: "1"}, ok)
	o.then(owner.UpdateRecordProgress, owner.ProgressRequest{
		Fence: 1, FirstLoad: &owner.FirstLoad{Run: "1", Done: done},
	}, ok)
}

// thenLater is then with a request that earlier replies decide.
func (o *stateHarness) thenLater(name string, req func() any, check func(reply any, err error)) {
	o.delay += time.Second
	id := o.delay.String()
	o.env.RegisterDelayedCallback(func() {
		o.env.UpdateWorkflow(name, id, &testsuite.TestUpdateCallback{
			OnAccept: func() {},
			OnReject: func(err error) {
				o.rejected = true
				check(nil, err)
			},
			OnComplete: func(reply any, err error) {
				o.rejected = false
				o.granted(reply)
				check(reply, err)
			},
		}, o.resolve(req()))
	}, o.delay)
}

func (o *stateHarness) run() {
	o.env.RegisterDelayedCallback(o.env.CancelWorkflow, o.delay+time.Second)
	o.env.ExecuteWorkflow(workflows.TableStateName, owner.State{Version: 1, Table: "shop.orders"})
	require.True(o.t, o.env.IsWorkflowCompleted())
}

func (o *stateHarness) state() owner.State {
	value, err := o.env.QueryWorkflow(owner.QueryState)
	require.NoError(o.t, err)
	var s owner.State
	require.NoError(o.t, value.Get(&s))
	return s
}

func requireType(t *testing.T, err error, typ string) {
	t.Helper()
	var app *temporal.ApplicationError
	require.True(t, errors.As(err, &app), "%v", err)
	require.Equal(t, typ, app.Type())
}
