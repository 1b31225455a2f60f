package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/remote"
)

var noon = time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)

func ago(d time.Duration) time.Time { return noon.Add(-d) }

func TestWaitsInWords(t *testing.T) {
	for want, w := range map[string]remote.Wait{
		"held back: an open transaction": {Reason: "an open transaction", Since: ago(time.Hour)},
		"waiting for 3m10s: UpsertChunk × 4, try 7 in 20s; ServerUnavailable: refused": {
			Step: "UpsertChunk", Steps: 4, Type: "ServerUnavailable", Reason: "refused", Attempt: 7,
			Since: ago(190 * time.Second), Next: noon.Add(20 * time.Second),
		},
		"waiting for 5s: PlanRun, try 2 is under way; OpenTransactions: wait": {
			Step: "PlanRun", Steps: 1,
			Type: "OpenTransactions", Reason: "wait", Attempt: 2, Since: ago(5 * time.Second),
		},
		"waiting: PlanRun, try 2 begins now; X: y": {
			Step: "PlanRun", Type: "X", Reason: "y",
			Attempt: 2, Next: noon,
		},
		"waiting for 40s: BeginRun; sync-x": {
			Step: "BeginRun", Steps: 1,
			Reason: "sync-x", Attempt: 1, Since: ago(40 * time.Second),
		},
	} {
		require.Equal(t, want, waitText(w, noon))
	}
}

func TestWaitsArePrintedOnceAMinute(t *testing.T) {
	var said []string
	printer := newWaitPrinter(func(text string) { said = append(said, text) })
	w := remote.Wait{
		Step: "UpsertChunk", Steps: 1, Type: "ServerUnavailable", Reason: "refused", Attempt: 2,
		Since: noon,
	}
	printer.update(noon.Add(time.Second), []remote.Wait{w})
	require.Empty(t, said, "most waits are over with the second try")
	for i := range 120 {
		printer.update(noon.Add(time.Duration(i)*time.Second), []remote.Wait{w, {Reason: "a transaction"}})
	}
	require.Equal(t, []string{
		"held back: a transaction",
		"waiting for 5s: UpsertChunk, try 2 is under way; ServerUnavailable: refused",
		"waiting for 1m5s: UpsertChunk, try 2 is under way; ServerUnavailable: refused",
	}, said)
	printer.update(noon.Add(2*time.Minute), nil)
	require.Equal(t, "UpsertChunk no longer waits; the run goes on", said[3])
	printer.update(noon.Add(3*time.Minute), nil)
	require.Len(t, said, 4)
}

func TestFollowingSaysWhatARunWaitsFor(t *testing.T) {
	f := &fakeService{
		results: orders(), release: make(chan struct{}), asked: make(chan struct{}),
		report: api.Status{Phase: "plan"},
	}
	f.steps.Add(remote.Wait{
		Step: "PlanRun", Type: "OpenTransactions", Reason: "an open transaction, 9s old", Attempt: 2,
		Since: time.Now(),
	})
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
	p := remote.Progress{Status: api.Status{Phase: "upsert", RowsWritten: 5, RowsTotal: 9}}
	p.Waits = []remote.Wait{{Reason: "held"}, {
		Step: "UpsertChunk", Type: "ServerFull",
		Since: time.Now().Add(-time.Hour),
	}}
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
