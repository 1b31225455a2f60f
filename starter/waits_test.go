package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/workflows"
)

var noon = time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)

func ago(d time.Duration) time.Time { return noon.Add(-d) }

func TestWaitsInWords(t *testing.T) {
	for want, w := range map[string]wait{
		"held back: an open transaction": {Reason: "an open transaction", Since: ago(time.Hour)},
		"waiting for 3m10s: UpsertChunk × 4, try 7 in 20s; ServerUnavailable: refused": {
			Step: "UpsertChunk", Steps: 4, Type: "ServerUnavailable", Reason: "refused", Attempt: 7, Since: ago(190 * time.Second), Next: noon.Add(20 * time.Second),
		},
		"waiting for 5s: PlanRun, try 2 is under way; OpenTransactions: wait": {Step: "PlanRun", Steps: 1, Type: "OpenTransactions", Reason: "wait", Attempt: 2, Since: ago(5 * time.Second)},
		"waiting: PlanRun, try 2 begins now; X: y":                            {Step: "PlanRun", Type: "X", Reason: "y", Attempt: 2, Next: noon},
		"waiting for 40s: BeginRun; sync-x":                                   {Step: "BeginRun", Steps: 1, Reason: "sync-x", Attempt: 1, Since: ago(40 * time.Second)},
	} {
		require.Equal(t, want, w.text(noon))
	}
}

func heartbeats(t *testing.T, v any) *commonpb.Payloads {
	t.Helper()
	p, err := converter.GetDefaultDataConverter().ToPayloads(v)
	require.NoError(t, err)
	return p
}

func TestWhatAStepWaitsFor(t *testing.T) {
	started := func(name string, since time.Duration) *workflowpb.PendingActivityInfo {
		return &workflowpb.PendingActivityInfo{
			ActivityType: &commonpb.ActivityType{Name: name}, State: enumspb.PENDING_ACTIVITY_STATE_STARTED,
			Attempt: 1, LastStartedTime: timestamppb.New(ago(since)),
		}
	}
	none := func(a *workflowpb.PendingActivityInfo, beat any) {
		t.Helper()
		w, ok := waitOf(a, heartbeatOf(heartbeats(t, beat)), noon)
		require.False(t, ok, "%+v", w)
	}
	some := func(a *workflowpb.PendingActivityInfo, beat any) string {
		t.Helper()
		w, ok := waitOf(a, heartbeatOf(heartbeats(t, beat)), noon)
		require.True(t, ok)
		return w.text(noon)
	}
	none(started("UpsertChunk", time.Second), 3)
	none(started("ExtractIncremental", time.Hour), activities.ExtractProgress{Rows: 5})
	none(started("PlanRun", time.Second), "planning")
	require.Equal(t, "waiting for 10s: ExtractIncremental; 40 threads run", some(started("ExtractIncremental", 10*time.Second), activities.ExtractProgress{Rows: 5, Waiting: "40 threads run"}))
	require.Equal(t, "waiting for 10s: BeginRun; tablehaul/sync/shop.orders", some(started("BeginRun", 10*time.Second), "waiting for tablehaul/sync/shop.orders"))
	require.Contains(t, some(started("UpsertChunk", time.Minute), 3), "waiting for 1m: UpsertChunk; it was begun and does not end")

	untaken := started("UpsertChunk", 0)
	untaken.State, untaken.LastStartedTime, untaken.ScheduledTime = enumspb.PENDING_ACTIVITY_STATE_SCHEDULED, nil, timestamppb.New(ago(time.Minute))
	require.Contains(t, some(untaken, nil), "waiting for 1m: UpsertChunk; no worker has taken it")
	untaken.ScheduledTime = timestamppb.New(ago(time.Second))
	none(untaken, nil)
}

func TestWaitsAreToldOnceAMinute(t *testing.T) {
	var said []string
	teller := newWaitTeller(func(text string) { said = append(said, text) })
	w := wait{Step: "UpsertChunk", Steps: 1, Type: "ServerUnavailable", Reason: "refused", Attempt: 2, Since: noon}
	teller.tell(noon.Add(time.Second), []wait{w})
	require.Empty(t, said, "most waits are over with the second try")
	for i := range 120 {
		teller.tell(noon.Add(time.Duration(i)*time.Second), []wait{w, {Reason: "a transaction"}})
	}
	require.Equal(t, []string{
		"held back: a transaction",
		"waiting for 5s: UpsertChunk, try 2 is under way; ServerUnavailable: refused",
		"waiting for 1m5s: UpsertChunk, try 2 is under way; ServerUnavailable: refused",
	}, said)
	teller.tell(noon.Add(2*time.Minute), nil)
	require.Equal(t, "goes on: UpsertChunk waits no more", said[3])
	teller.tell(noon.Add(3*time.Minute), nil)
	require.Len(t, said, 4)
}

func TestFollowingSaysWhatARunWaitsFor(t *testing.T) {
	f := &fakeService{results: orders(), release: make(chan struct{}), asked: make(chan struct{}), report: workflows.Status{Phase: "plan"}}
	f.steps.add(wait{Step: "PlanRun", Type: "OpenTransactions", Reason: "an open transaction, 9s old", Attempt: 2, Since: time.Now()})
	go func() {
		for range 3 {
			<-f.asked
		}
		close(f.release)
		for range f.asked { // until the test ends
		}
	}()
	got := call(t, f, "run", "shop.orders")
	close(f.asked)
	require.Equal(t, exitOK, got.code)
	require.Equal(t, 1, strings.Count(got.stderr, "shop.orders: waiting for "), got.stderr)
	require.Contains(t, got.stderr, "PlanRun, try 2 is under way; OpenTransactions: an open transaction, 9s old\n")
	require.Contains(t, got.stdout, "shop.orders: plan\n")
}

func TestBarsShowAStall(t *testing.T) {
	var out bytes.Buffer
	b := newBars(&out, []string{"shop.orders"})
	p := progress{Status: workflows.Status{Phase: "upsert", RowsWritten: 5, RowsTotal: 9}}
	p.Waits = []wait{{Reason: "held"}, {Step: "UpsertChunk", Type: "ServerFull", Since: time.Now().Add(-time.Hour)}}
	b.update("shop.orders", p)
	require.Equal(t, "waiting 1h: ServerFull", b.byTable["shop.orders"].speedText())
	b.finish("shop.orders", outcomeDone, 9)
	b.close()
}

func TestGridIsAListWhereItIsTooWide(t *testing.T) {
	g := newGrid("Table", "Now", "Last run")
	g.add("shop.orders", "idle", "")
	g.add("shop.x", "", "done")
	require.Equal(t, " Table        Now   Last run\n shop.orders  idle\n shop.x             done", g.table())
	require.Equal(t, " shop.orders\n   now: idle\n shop.x\n   last run: done", g.list())
	require.Equal(t, 28, widest(g.table()))
}
