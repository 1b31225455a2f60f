package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
)

// The state names files that go only where it is the one by which they were chosen, and no run has the lease.
func TestTheStateNamesFilesThatArePutAway(t *testing.T) {
	o := newStateHarness(t)
	var s owner.State
	done := func(reply any, err error) {
		require.NoError(t, err)
		s = reply.(owner.State)
	}
	refused := func(_ any, err error) {
		requireType(t, err, failure.TableBusy)
		require.True(t, o.rejected, "a refusal writes nothing to the history")
	}
	file := owner.LoadOf("1.csv", "v1", time.UnixMilli(1))
	names := func(behind int64) func() any {
		return func() any {
			return owner.PutAwayRequest{
				StateID: s.ID, Revision: s.Revision - behind,
				PutAway: &owner.PutAway{Origin: "o", Files: owner.Loads{file}},
			}
		}
	}
	o.then(owner.UpdateBeginRun, owner.BeginRequest{WorkflowID: "a", RunID: "1"}, done)
	o.thenLater(owner.UpdatePutFilesAway, names(0), refused)
	o.then(owner.UpdateFinishRun, owner.FinishRequest{
		Fence: 1, Files: &owner.FilesDone{Loads: owner.Loads{file}},
		Record: owner.RunRecord{RunID: "1", Outcome: owner.OutcomeDone},
	}, done)
	o.thenLater(owner.UpdatePutFilesAway, names(1), refused)
	o.thenLater(owner.UpdatePutFilesAway, names(0), func(reply any, err error) {
		done(reply, err)
		require.True(t, s.PutAway.Of("o")(file))
	})
	o.thenLater(owner.UpdatePutFilesAway, names(1), refused)
	o.thenLater(owner.UpdatePutFilesAway, func() any {
		return owner.PutAwayRequest{StateID: s.ID, Revision: s.Revision}
	}, done)
	o.run()
	require.Nil(t, o.state().PutAway)
	require.Len(t, o.state().Files.Done, 1)
}
