package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/remote"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/verify"
)

func failedOrders() *fakeService {
	return &fakeService{states: map[string]owner.State{"shop.orders": {
		Table: "shop.orders", Watermark: "7", LastRuns: []owner.RunRecord{
			{
				Mode: "incremental", Outcome: "done", Rows: 12, Seconds: 2, Finished: time.Now().Add(-time.Hour),
				Window: table.Window{Lo: "5", Hi: "7"},
			},
			{
				Mode: "incremental", Outcome: "failed", Failure: "RowRejected: column note is too short",
				Finished: time.Now().Add(-3 * time.Minute),
			},
		},
	}}}
}

func TestStatusSaysWhatToDoAboutAFailure(t *testing.T) {
	got := call(t, failedOrders(), "status")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Regexp(t, `shop.orders +idle +failed 3m ago +0\n`, got.stdout)
	require.Contains(t, got.stdout, "shop.orders failed: RowRejected: column note is too short\n"+
		"  → correct the row at the source or widen the target, then run again\n")
}

// Each page says when both sides were last compared, and what was found.
func TestStatusShowsTheLastComparison(t *testing.T) {
	f := failedOrders()
	s := f.states["shop.orders"]
	s.LastRuns = s.LastRuns[:1]
	s.LastVerify = &owner.VerifyRecord{At: time.Now().Add(-3 * time.Hour), Depth: api.DepthDigest}
	f.states["shop.orders"] = s
	require.NotContains(t, call(t, f, "status").stdout, "verified")
	require.Contains(t, call(t, f, "status", "shop.orders").stdout, "  verified:   3h ago: equal\n")
	require.Contains(t, call(t, f, "explain", "shop.orders").stdout, "  verified: 3h ago: equal\n")

	require.NotContains(t, call(t, f, "status", "shop.orders").stdout, "kept:")
	s.Kept = &owner.Kept{Files: 7, Bytes: 5 << 20, At: s.LastVerify.At}
	f.states["shop.orders"] = s
	require.Contains(t, call(t, f, "status", "shop.orders").stdout,
		"  kept:       7 files in staging, 5.0 MiB, counted 3h ago\n")

	s.LastVerify.Differs = true
	s.LastVerify.Verdicts = map[verify.Verdict]int64{verify.Missing: 10, verify.Stale: 2, verify.Settled: 5}
	s.Lease = &owner.Lease{WorkflowID: "tablehaul/verify/shop.orders", Slice: true}
	f.states["shop.orders"] = s
	got := call(t, f, "status").stdout
	require.Regexp(t, `shop.orders +being compared`, got)
	require.Contains(t, got, "shop.orders was verified 3h ago: 12 rows differ")
	require.Contains(t, call(t, f, "status", "shop.orders").stdout, "  verified:   3h ago: 12 rows differ")
	var e explained
	require.NoError(t, json.Unmarshal([]byte(call(t, f, "explain", "shop.orders", "--output", "json").stdout), &e))
	require.False(t, e.Healthy)
	require.Equal(t, "differs", e.Issues[0].Kind)
	require.Contains(t, call(t, f, "status", "shop.orders", "--output", "json").stdout,
		`"verdicts":{"missing":10,"settled":5,"stale":2}`)

	later := &owner.VerifyRecord{At: time.Now().Add(-time.Hour), Depth: api.DepthSample, Partial: true}
	later.Follow(s.LastVerify)
	s.LastVerify = later
	f.states["shop.orders"] = s
	require.Contains(t, call(t, f, "status").stdout, "shop.orders was verified 1h ago: equal, in a part of what is "+
		"compared; 12 rows differed 3h ago: tablehaul verify shop.orders looks at all")
}

func TestHistoryListsRunsNewestFirst(t *testing.T) {
	f := failedOrders()
	got := call(t, f, "history", "shop.orders")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Regexp(t, `(?s)incremental +failed: RowRejected +0.*incremental +done +12 +2s +\(5, 7\].*`+
		`RowRejected: column note is too short`, got.stdout)
	got = call(t, f, "history", "shop.orders", "--limit", "1", "--output", "json")
	var r tableRun
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &r))
	require.Equal(t, "shop.orders failed", r.Table+" "+r.Outcome)
	got = call(t, f, "history", "shop.orders", "--failed", "--output", "json")
	require.Equal(t, 1, strings.Count(got.stdout, "\n"))
	require.Contains(t, call(t, f, "history", "shop.countries").stderr, "no such run is recorded")
	for want, args := range map[string][]string{
		"did you mean shop.orders?": {"shop.order"}, "--limit is 0": {"shop.orders", "--limit", "0"},
		"requires at least 1 arg": {},
	} {
		got := call(t, f, append([]string{"history"}, args...)...)
		require.Equal(t, exitUsage, got.code)
		require.Contains(t, got.stderr, want)
	}
}

func TestExplain(t *testing.T) {
	f := failedOrders()
	got := call(t, f, "explain", "shop.orders")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Equal(t, `shop.orders failed: RowRejected: column note is too short
  means:    the target refuses a row's data: too long, out of range, a check, a unique value
  look at:  column and key in the message, and which row: the remedy has the statement that shows it
  do:       correct the row at the source or widen the target, then run again
`, got.stdout)
	got = call(t, f, "explain", "tablebusy")
	require.Contains(t, got.stdout, "TableBusy\n  means:    another run holds the table")
	require.Contains(t, call(t, f, "explain", "Throttled").stdout, "It does not end a run")
	got = call(t, f, "explain", "TableBussy")
	require.Equal(t, exitUsage, got.code)
	require.Contains(t, got.stderr, "did you mean TableBusy?")
	require.Contains(t, call(t, f, "explain", "shop.countries").stdout,
		"has never had a run\n  do:       tablehaul plan shop.countries shows")

	held := f.states["shop.orders"]
	held.Lease = &owner.Lease{WorkflowID: "w", RunID: "r"}
	f.states["shop.orders"] = held
	f.steps.Add(remote.Wait{
		Step: "UpsertChunk", Type: failure.ServerFull, Reason: "disk full", Attempt: 3,
		Since: time.Now().Add(-time.Minute),
	})
	got = call(t, f, "explain", "shop.orders", "--output", "json")
	var e explained
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &e))
	require.False(t, e.Healthy)
	require.Equal(t, "waits", e.Issues[0].Kind)
	require.Equal(t, failure.ServerFull, e.Advice[0].Type)
}

// Rows in quarantine and deletes that wait for a person are issues, of a table whose runs end well too.
func TestExplainOfRowsThatNeedAPerson(t *testing.T) {
	f := failedOrders()
	s := f.states["shop.orders"]
	s.LastRuns, s.Table = s.LastRuns[:1], "shop.orders"
	s.Quarantine = &api.Quarantine{Open: 2, First: "value too long, column note (error 1406)"}
	s.LastSweep = &owner.SweepRecord{
		At: time.Now().Add(-time.Hour), Mode: "hard", Found: 900,
		Held: "DeletesHeld: 900 rows are more than 5% of dw.orders",
	}
	f.states["shop.orders"] = s
	got := call(t, f, "explain", "shop.orders")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Contains(t, got.stdout, "shop.orders has 2 rows in quarantine: value too long, column note (error 1406)\n"+
		"  do:       tablehaul quarantine show shop.orders lists them\n")
	require.Contains(t, got.stdout, "shop.orders deletes: 1h ago a guard stopped the sweep: DeletesHeld: 900 rows "+
		"are more than 5% of dw.orders\n  means:    a guard has stopped a sweep of deletes")

	s.DeletesPaused, s.DeletesPausedReason = true, "run r7 was undone"
	f.states["shop.orders"] = s
	got = call(t, f, "explain", "shop.orders", "--output", "json")
	var e explained
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &e))
	require.Equal(t, []string{"quarantined", "deletesPaused"}, []string{e.Issues[0].Kind, e.Issues[1].Kind})
	require.Contains(t, e.Issues[1].Text, "paused, since run r7 was undone; tablehaul deletes resume shop.orders")
	require.False(t, e.Healthy)
	require.Empty(t, e.Advice)
}

func TestExplainOfAHealthyTable(t *testing.T) {
	f := failedOrders()
	s := f.states["shop.orders"]
	s.LastRuns = s.LastRuns[:1]
	f.states["shop.orders"] = s
	require.Equal(t, "shop.orders: no issue; idle\n  last run: done 1h ago; tablehaul history shop.orders lists more\n",
		call(t, f, "explain", "shop.orders").stdout)
}

func TestPlanOfSeveralTablesIsATable(t *testing.T) {
	f := &fakeService{listed: listing(t, testConfig, "shop.log_1"), plans: map[string]api.PlanTableResult{
		"shop.orders": {
			Table: "shop.orders", Mode: "incremental", Verdict: api.VerdictReady, Creates: true,
			Reads: api.Estimate{Known: true, Rows: 25_000, Bytes: 3 << 20, Chunks: 3, Seconds: 2},
			Findings: []table.Finding{
				{Level: table.LevelWarn, Text: "slow", Topic: table.TopicCursor},
				{Level: table.LevelInfo, Text: "by the way"},
			},
		},
		"shop.countries": {Table: "shop.countries", Verdict: api.VerdictRefused, Findings: []table.Finding{
			{
				Level: table.LevelRefuse, Text: "the login lacks CREATE on the target", Remedy: "GRANT CREATE",
				Topic: table.TopicGrant,
			},
		}},
		"shop.log_1": {Table: "shop.log_1", Mode: "first load", Verdict: api.VerdictReady},
	}}
	got := call(t, f, "plan", "--all")
	require.Equal(t, exitFailed, got.code, got.stderr)
	require.Regexp(t, `shop.orders +1 warning +incremental +25,000 +3.0 MiB +3 +2s +created\n`, got.stdout)
	require.Regexp(t, `shop.log_1 +ready +first load +\? +\? +\? +\? +exists\n`, got.stdout)
	require.Contains(t, got.stdout, "shop.countries\n  refuse:     grant: the login lacks CREATE on the target\n"+
		"              → GRANT CREATE\n2 of 3 tables ready.")
	require.NotContains(t, got.stdout, "by the way")
	fitsEighty(t, got.stdout)

	require.Equal(t, exitOK, call(t, f, "plan", "shop.orders", "shop.log_1").code)
	require.Equal(t, exitFailed, call(t, f, "plan", "shop.orders", "shop.log_1", "--strict").code)
	require.Contains(t, call(t, f, "plan", "shop.orders", "shop.log_1", "-v").stdout, "by the way")
}

// The overview of tables with long names fits a usual terminal.
func TestOverviewFitsEightyColumns(t *testing.T) {
	f := failedOrders()
	now := owner.State{
		Table: "inventory.movements", FreshAt: time.Now().Add(-90 * time.Minute),
		Lease: &owner.Lease{WorkflowID: "w", RunID: "r"},
		LastRuns: []owner.RunRecord{{
			Outcome: "cancelled", Rows: 123_456_789,
			Finished: time.Now().Add(-47 * time.Hour),
		}},
	}
	f.states[now.Table] = now
	f.report = api.Status{Phase: "ranges", RowsWritten: 50, RowsTotal: 100}
	got := call(t, f, "status")
	require.Regexp(t, `inventory.movements +ranges 50% +cancelled 47h ago +123,456,789 +1h30m\n`, got.stdout)
	fitsEighty(t, got.stdout)
}

// fitsEighty requires that the lines of a grid, which begin with one space, fit 80 columns.
func fitsEighty(t *testing.T, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, " ") && !strings.HasPrefix(line, "  ") {
			require.LessOrEqual(t, widest(line), 80, line)
		}
	}
}

// stopper stops a command once it has written a text so many times.
type stopper struct {
	*bytes.Buffer
	text  string
	times int
	stop  func()
}

func (s *stopper) Write(b []byte) (int, error) {
	n, err := s.Buffer.Write(b)
	if strings.Count(s.String(), s.text) >= s.times {
		s.stop()
	}
	return n, err
}

func TestWatchShowsAnewUntilItIsStopped(t *testing.T) {
	f := failedOrders()
	a, stdout, stderr := testApp(t, f, map[string]string{"TABLEHAUL_CONFIG": configFile(t,
		strings.Replace(testConfig, `- { name: "shop.log_*", cursor: id }`, "", 1))})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	a.stdout = &stopper{stdout, "Ctrl-C ends it\n", 2, cancel}
	require.Equal(t, exitStopped, a.execute(ctx, []string{"status", "--watch=500ms"}))
	require.GreaterOrEqual(t, strings.Count(stdout.String(), "Ctrl-C ends it\n"), 2)
	require.Empty(t, stderr.String())

	// What cannot be asked is shown, and asked again.
	f.mute = &remote.UnreachableError{Address: "h:1", Cause: errors.New("gone")}
	a, stdout, _ = testApp(t, f, nil)
	t.Chdir(t.TempDir())
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	a.stdout = &stopper{stdout, "no worker answered", 1, cancel}
	require.Equal(t, exitStopped, a.execute(ctx, []string{"status", "--watch=500ms"}))
	require.GreaterOrEqual(t, strings.Count(stdout.String(), "no worker answered"), 1)
}

func TestAFrameTakesThePlaceOfTheOneBefore(t *testing.T) {
	a, _, _ := testApp(t, nil, nil)
	text, rows := a.inPlace("a\nb\n", 0)
	require.Equal(t, "a\nb\n", text)
	text, rows = a.inPlace("c\n", rows)
	require.Equal(t, "\x1b[2A\r\x1b[Jc\n", text)
	require.Equal(t, 1, rows)
}

func TestQuietSaysOnlyWhatWentWrong(t *testing.T) {
	got := call(t, &fakeService{results: orders()}, "run", "shop.orders", "-q")
	require.Equal(t, exitOK, got.code)
	require.Empty(t, got.stdout)
	f := &fakeService{fails: map[string]error{"shop.orders": &remote.FailedError{
		Type:    failure.ServerRejected,
		Message: "denied",
	}}}
	got = call(t, f, "run", "shop.orders", "-q")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.stderr, "shop.orders failed: ServerRejected")
	require.NotEmpty(t, call(t, failedOrders(), "status", "-q").stdout, "an answer is not a word of success")
}
