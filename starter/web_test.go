package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/owner"
)

const testWeb = "http://127.0.0.1:8233/namespaces/default/workflows"

// callWeb is call with a Temporal whose Web UI is known.
func callWeb(t *testing.T, f *fakeService, args ...string) invocation {
	t.Helper()
	a, stdout, stderr := testApp(t, f, map[string]string{
		"TABLEHAUL_CONFIG": configFile(t, testConfig), "TEMPORAL_ADDRESS": "127.0.0.1:7233",
	})
	return invocation{a.execute(t.Context(), args), stdout.String(), stderr.String()}
}

func TestLinksIntoTheWebUI(t *testing.T) {
	run := testWeb + "/tablehaul%2Fsync%2Fshop.orders/run-1/history"
	got := callWeb(t, newFake(), "run", "shop.orders")
	require.Equal(t, 1, strings.Count(got.stderr, "shop.orders: Web UI: "+run+"\n"), got.stderr)
	require.Zero(t, got.code)

	// --web starts the run, and prints its link alone
	f := newFake()
	got = callWeb(t, f, "run", "shop.orders", "--web")
	require.Equal(t, invocation{0, run + "\n", ""}, got)
	require.Len(t, f.starts, 1)

	// several runs have one link, to their list
	got = callWeb(t, newFake(), "run", "shop.orders", "shop.countries")
	require.Contains(t, got.stderr, "Web UI: "+testWeb+"?query=WorkflowType+%3D+%27SyncTable%27\n")
	require.NotContains(t, got.stderr, "run-1")
	require.Equal(t, invocation{0, testWeb + "?query=WorkflowType+%3D+%27SyncTable%27\n", ""},
		callWeb(t, newFake(), "status", "--web"))
	require.NotContains(t, callWeb(t, newFake(), "run", "shop.orders", "--output", "json").stderr, "http")
}

func TestLinkOfTheRunThatACommandNames(t *testing.T) {
	f := newFake()
	f.states = map[string]owner.State{"shop.orders": {
		Table:    "shop.orders",
		LastRuns: []owner.RunRecord{{WorkflowID: "w", RunID: "r-1"}, {WorkflowID: "w", RunID: "r-2"}},
	}}
	for _, args := range [][]string{{"status", "shop.orders"}, {"history", "shop.orders"}, {"explain", "shop.orders"}} {
		require.Equal(t, invocation{0, testWeb + "/w/r-2/history\n", ""}, callWeb(t, f, append(args, "--web")...), args)
	}
	require.Contains(t, callWeb(t, f, "status", "shop.orders").stdout, "Web UI:     "+testWeb+"/w/r-2/history\n")
	require.Contains(t, callWeb(t, f, "explain", "shop.orders").stdout, "Web UI:   "+testWeb+"/w/r-2/history\n")
	f.states["shop.orders"] = owner.State{Table: "shop.orders", Lease: &owner.Lease{WorkflowID: "w", RunID: "r-3"}}
	require.Equal(t, testWeb+"/w/r-3/history\n", callWeb(t, f, "status", "shop.orders", "--web").stdout)
}

func TestALinkThatIsNotKnown(t *testing.T) {
	got := call(t, newFake(), "run", "shop.orders", "--web")
	require.Equal(t, exitUsage, got.code)
	require.Contains(t, got.stderr, "TABLEHAUL_WEB_URL")
	require.False(t, errors.Is(afterLinks(errLinked), errLinked))
}

func newFake() *fakeService {
	results := orders()
	results["shop.countries"] = results["shop.orders"]
	return &fakeService{results: results}
}
