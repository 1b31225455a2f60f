package workflows_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// notifiedHarness is a state workflow whose messages are kept.
type notifiedHarness struct {
	*stateHarness
	start time.Time
	// events are those that arrived; tries counts all tries.
	events []activities.NotifyInput
	tries  int
	// away says whether the receiver is away at a time after the start.
	away  func(time.Duration) bool
	fence int64
}

func newNotifiedHarness(t *testing.T) *notifiedHarness {
	o := &notifiedHarness{
		stateHarness: newStateHarness(t), start: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		away: func(time.Duration) bool { return false },
	}
	o.env.SetStartTime(o.start)
	o.env.RegisterActivityWithOptions(func(_ context.Context, in activities.NotifyInput) (struct{}, error) {
		o.tries++
		if o.away(o.env.Now().Sub(o.start)) {
			return struct{}{}, temporal.NewApplicationError("away", failure.NotifyFailed)
		}
		o.events = append(o.events, in)
		return struct{}{}, nil
	}, activity.RegisterOptions{Name: "Notify"})
	return o
}

// ends is a run that begins and ends; a good one leaves the target as fresh as at its end.
// refused is the end of a run that failed because of its own arguments.
const refused = "refused"

func (o *notifiedHarness) ends(outcome string, settings *owner.NoticeSettings) {
	o.fence++
	id := o.delay.String()
	fence := o.fence
	ok := func(_ any, err error) { require.NoError(o.t, err) }
	o.then(owner.UpdateBeginRun, owner.BeginRequest{WorkflowID: "a", RunID: id, Notices: settings}, ok)
	req := owner.FinishRequest{Fence: fence, Record: owner.RunRecord{WorkflowID: "a", RunID: id, Outcome: outcome}}
	if outcome == owner.OutcomeDone {
		req.FreshAt = o.start.Add(o.delay)
	}
	if outcome == owner.OutcomeFailed {
		req.Record.Failure = "RowRejected: too long"
	}
	if outcome == refused {
		req.Record.Outcome, req.Refused = owner.OutcomeFailed, true
	}
	o.then(owner.UpdateFinishRun, req, ok)
}

func (o *notifiedHarness) names() []string {
	names := []string{}
	for _, e := range o.events {
		names = append(names, e.Event)
	}
	return names
}

var never = &owner.NoticeSettings{}

func TestAFailureIsToldOnceAndItsEndOnce(t *testing.T) {
	o := newNotifiedHarness(t)
	for _, outcome := range []string{
		"done", "failed", "failed", "cancelled", "failed", "done", "done", "failed",
		"done",
	} {
		o.ends(outcome, never)
	}
	o.run()
	require.Equal(t, []string{"failed", "recovered", "failed", "recovered"}, o.names())
	require.Equal(t, "RowRejected: too long", o.events[0].LastRun.Failure)
	require.Equal(t, 1, o.events[0].FailedRuns)
	require.Zero(t, o.events[1].FailedRuns)
	require.Equal(t, &owner.Notices{}, o.state().Notices)
}

// A mistyped argument is no failure of the table: no person is called, and the record of its runs stays.
func TestARunThatIsRefusedForItsArgumentsIsNoRecord(t *testing.T) {
	o := newNotifiedHarness(t)
	for _, outcome := range []string{"done", refused, refused} {
		o.ends(outcome, never)
	}
	o.run()
	require.Empty(t, o.names())
	require.Len(t, o.state().LastRuns, 1)
	require.Zero(t, o.state().FailedRuns)
	require.Nil(t, o.state().Lease)
}

func TestADifferenceIsToldOnceAndItsEndOnce(t *testing.T) {
	o := newNotifiedHarness(t)
	ok := func(_ any, err error) { require.NoError(t, err) }
	o.ends("done", never)
	for run, missing := range []int64{0, 2, 1, 0, 0} {
		o.delay += time.Minute
		record := owner.VerifyRecord{RunID: fmt.Sprint(run), Differs: missing > 0}
		record.Verdicts = map[verify.Verdict]int64{verify.Missing: missing, verify.Settled: 5}
		req := owner.VerifyRequest{StateID: "default-test-run-id", Record: record}
		o.then(owner.UpdateRecordVerify, req, ok)
		o.then(owner.UpdateRecordVerify, req, ok) // its reply was lost
		req.StateID = "another"
		req.Record.RunID = "of a state workflow that was terminated"
		o.then(owner.UpdateRecordVerify, req, ok)
	}
	o.run()
	require.Equal(t, []string{"differs", "equal"}, o.names())
	require.EqualValues(t, 2, o.events[0].LastVerify.Differing())
	require.Equal(t, "4", o.state().LastVerify.RunID)
	require.Len(t, o.state().LastRuns, 1, "a comparison is no run")
}

// A sample that finds nothing is no message that all is well: the rows that differed are not in it.
func TestAnEqualSampleDoesNotEndADifference(t *testing.T) {
	o := newNotifiedHarness(t)
	ok := func(_ any, err error) { require.NoError(t, err) }
	o.ends("done", never)
	for run, record := range []owner.VerifyRecord{
		{Depth: "sample", Partial: true, Differs: true, Verdicts: map[verify.Verdict]int64{verify.Missing: 2}},
		{Depth: "sample", Partial: true},
		{Depth: "digest"},
	} {
		o.delay += time.Minute
		record.RunID = fmt.Sprint(run)
		o.then(owner.UpdateRecordVerify, owner.VerifyRequest{StateID: "default-test-run-id", Record: record}, ok)
		o.delay += time.Minute
		events := run / 2 // one of the first, another of the last
		o.env.RegisterDelayedCallback(func() { require.Len(t, o.events, 1+events, "%d", run) }, o.delay)
	}
	o.run()
	require.Equal(t, []string{"differs", "equal"}, o.names())
}

// A guard that stops one sweep after the other is one message, with what the guard said. A sweep that goes well ends
// that.
func TestAHeldSweepIsNotifiedOnce(t *testing.T) {
	o := newNotifiedHarness(t)
	ok := func(_ any, err error) { require.NoError(t, err) }
	o.ends("done", never)
	for run, text := range []string{"", "DeletesHeld: too many", "DeletesHeld: more", "", "DeletesHeld: empty"} {
		o.delay += time.Minute
		sweep := &owner.SweepRecord{WorkflowID: "sweep", RunID: fmt.Sprint(run), Mode: "hard", Found: 900, Held: text}
		req := owner.VerifyRequest{StateID: "default-test-run-id", Sweep: sweep}
		o.then(owner.UpdateRecordVerify, req, ok)
		o.then(owner.UpdateRecordVerify, req, ok) // its reply was lost
	}
	o.run()
	require.Equal(t, []string{"deletesHeld", "deletesHeld"}, o.names())
	require.Equal(t, "DeletesHeld: too many", o.events[0].LastSweep.Held)
	require.Equal(t, "DeletesHeld: empty", o.events[1].LastSweep.Held)
	require.Nil(t, o.state().LastVerify, "a sweep is no comparison")
}

func TestStalenessIsToldOnceWithoutAnyRun(t *testing.T) {
	o := newNotifiedHarness(t)
	hour := &owner.NoticeSettings{StaleAfter: time.Hour}
	o.ends("done", hour)
	o.delay += 50 * time.Minute
	o.ends("done", hour) // in time: the table is fresh for an hour more
	o.delay += 5 * time.Hour
	o.ends("failed", hour) // stale as it is, it fails as well
	o.delay += time.Hour
	o.ends("done", hour)
	o.run()
	require.Equal(t, []string{"stale", "failed", "recovered"}, o.names())
	require.WithinDuration(t, o.start.Add(110*time.Minute), o.events[0].Time, 10*time.Second)
	require.Equal(t, time.Hour, o.events[0].Time.Sub(o.events[0].FreshAt).Round(time.Second))
}

// A DATE cursor is behind by up to a day at any time: by default that does not make its table stale.
func TestADateCursorHasADayMore(t *testing.T) {
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	set := owner.NoticeSettings{StaleAfter: time.Hour, StaleByDefault: true}
	s := owner.State{FreshAt: at, Notices: &owner.Notices{NoticeSettings: set}}
	stale, known := s.StaleAt()
	require.True(t, known)
	require.Equal(t, at.Add(time.Hour), stale)
	s.Identity = &owner.Identity{Cursor: "day", CursorType: "date"}
	stale, _ = s.StaleAt()
	require.Equal(t, at.Add(25*time.Hour), stale)
	s.Notices.StaleByDefault = false
	stale, _ = s.StaleAt()
	require.Equal(t, at.Add(time.Hour), stale, "a setting holds as it is")
}

func TestAReceiverThatWasAwayIsToldWhatIsTrueWhenItIsBack(t *testing.T) {
	o := newNotifiedHarness(t)
	o.away = func(at time.Duration) bool { return at < 5*time.Minute }
	o.ends("failed", never)
	o.delay += time.Minute
	o.ends("done", never) // no message of what is over
	o.delay += time.Minute
	o.ends("failed", never)
	o.delay += time.Hour
	o.ends("done", never)
	o.run()
	require.Equal(t, []string{"failed", "recovered"}, o.names())
	require.Greater(t, o.tries, 5)
	require.Greater(t, o.events[0].Time.Sub(o.start), 2*time.Minute,
		"the second failure, not the first one, which was over")
}

func TestNobodyHearsOfAFailureThatIsOver(t *testing.T) {
	o := newNotifiedHarness(t)
	o.away = func(at time.Duration) bool { return at < 5*time.Minute } // the test environment tries ten times at most
	o.ends("failed", never)
	o.delay += time.Minute
	o.ends("done", never)
	o.delay += 3 * time.Hour
	o.run()
	require.GreaterOrEqual(t, o.tries, 2)
	require.Empty(t, o.events)
	require.Equal(t, &owner.Notices{}, o.state().Notices)
}

func TestMessagesHoldNobodyUp(t *testing.T) {
	o := newNotifiedHarness(t)
	o.away = func(time.Duration) bool { return true }
	for range 20 {
		o.ends("failed", never)
	}
	o.run()
	require.Equal(t, 20, o.state().FailedRuns, "every update was answered")
	require.Empty(t, o.events)
}

func TestWithoutNoticesNothingIsToldOrAwaited(t *testing.T) {
	o := newNotifiedHarness(t)
	o.ends("failed", &owner.NoticeSettings{StaleAfter: time.Minute})
	o.ends("done", nil) // a worker without a webhook
	o.delay += time.Hour
	o.ends("failed", nil)
	o.run()
	require.Equal(t, []string{"failed"}, o.names())
	require.Nil(t, o.state().Notices)
}

func TestWhatWasToldOutlivesTheOwner(t *testing.T) {
	o := newNotifiedHarness(t)
	o.ends("failed", never)
	for range 500 {
		o.then(owner.UpdateSetWatermark, owner.SetRequest{Watermark: "5", Cursor: "id"},
			func(_ any, err error) { require.NoError(t, err) })
	}
	o.run()
	require.Equal(t, []string{"failed"}, o.names())
	require.True(t, nextState(t, o).Notices.NotifiedFailed)

	o = newNotifiedHarness(t)
	o.away = func(time.Duration) bool { return true }
	o.ends("failed", never)
	for range 500 {
		o.then(owner.UpdateSetWatermark, owner.SetRequest{Watermark: "5", Cursor: "id"},
			func(_ any, err error) { require.NoError(t, err) })
	}
	o.run()
	require.False(t, nextState(t, o).Notices.NotifiedFailed, "the next execution sends it")
	require.Equal(t, owner.EventFailed, nextState(t, o).Due(o.start))
}

func nextState(t *testing.T, o *notifiedHarness) owner.State {
	t.Helper()
	var next *workflow.ContinueAsNewError
	require.True(t, errors.As(o.env.GetWorkflowError(), &next), "%v", o.env.GetWorkflowError())
	var s owner.State
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(next.Input, &s))
	return s
}
