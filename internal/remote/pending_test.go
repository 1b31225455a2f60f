package remote

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/types/known/timestamppb"
)

var noon = time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)

func ago(d time.Duration) time.Time { return noon.Add(-d) }

// report is a heartbeat as activities.ExtractProgress writes it.
type report struct {
	Rows    int64  `json:"rows"`
	Waiting string `json:"waiting,omitempty"`
}

// waitAtNoon is what a step with this heartbeat waits for at noon.
func waitAtNoon(t *testing.T, a *workflowpb.PendingActivityInfo, beat any) (Wait, bool) {
	t.Helper()
	p, err := converter.GetDefaultDataConverter().ToPayloads(beat)
	require.NoError(t, err)
	return waitOf(a, heartbeatOf(p), noon)
}

func started(name string, since time.Duration) *workflowpb.PendingActivityInfo {
	return &workflowpb.PendingActivityInfo{
		ActivityType: &commonpb.ActivityType{Name: name}, State: enumspb.PENDING_ACTIVITY_STATE_STARTED,
		Attempt: 1, LastStartedTime: timestamppb.New(ago(since)),
	}
}

func TestAWorkingStepDoesNotWait(t *testing.T) {
	for name, c := range map[string]struct {
		step *workflowpb.PendingActivityInfo
		beat any
	}{
		"an unknown heartbeat":      {started("UpsertChunk", time.Second), 3},
		"a step that may take long": {started("ExtractIncremental", time.Hour), report{Rows: 5}},
		"a sentence without a wait": {started("PlanRun", time.Second), "planning"},
		"a step just scheduled":     {scheduled(time.Second), nil},
	} {
		t.Run(name, func(t *testing.T) {
			w, ok := waitAtNoon(t, c.step, c.beat)
			require.False(t, ok, "%+v", w)
		})
	}
}

func scheduled(since time.Duration) *workflowpb.PendingActivityInfo {
	a := started("UpsertChunk", 0)
	a.State, a.LastStartedTime, a.ScheduledTime = enumspb.PENDING_ACTIVITY_STATE_SCHEDULED, nil,
		timestamppb.New(ago(since))
	return a
}

func TestWhatAStepWaitsFor(t *testing.T) {
	for reason, c := range map[string]struct {
		step  *workflowpb.PendingActivityInfo
		beat  any
		since time.Duration
	}{
		"40 threads run": {
			started("ExtractIncremental", 10*time.Second),
			report{Rows: 5, Waiting: "40 threads run"},
			10 * time.Second,
		},
		"sync-shop.orders": {started("BeginRun", 10*time.Second), "waiting for sync-shop.orders", 10 * time.Second},
		"it has started and does not end: the server that it uses may hang": {
			started("UpsertChunk", time.Minute), 3,
			time.Minute,
		},
		"no worker has started it: all workers are busy, or none runs": {scheduled(time.Minute), nil, time.Minute},
	} {
		w, ok := waitAtNoon(t, c.step, c.beat)
		require.True(t, ok)
		require.Equal(t, Wait{Step: c.step.ActivityType.Name, Attempt: 1, Reason: reason, Since: ago(c.since)}, w)
	}
}

func TestEqualWaitsAreJoined(t *testing.T) {
	var p Pending
	p.Add(Wait{Step: "UpsertChunk", Type: "ServerFull", Attempt: 2, Since: ago(time.Minute)})
	p.Add(Wait{Step: "UpsertChunk", Type: "ServerFull", Attempt: 5, Since: ago(time.Hour), Next: noon})
	p.Add(Wait{Step: "UpsertChunk", Type: "LockWait"})
	require.Equal(t, []Wait{
		{Step: "UpsertChunk", Type: "ServerFull", Steps: 2, Attempt: 5, Since: ago(time.Hour), Next: noon},
		{Step: "UpsertChunk", Type: "LockWait", Steps: 1},
	}, p.Waits)
}
