package metrics

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
)

func TestTablesAreBounded(t *testing.T) {
	m := New(&Ready{})
	for i := range 2 * maxTables {
		name := fmt.Sprintf("shop.t%d", i)
		m.Know(name, Expected{StaleAfter: time.Hour})
		m.Extracted(name, 2, 10)
		m.State(TableState{Table: name, FreshAt: time.Now()})
		m.Wrote(name, Chunk{Inserted: 1, Tries: 2})
		m.Ended(name, "done", 1)
	}
	require.Equal(t, maxTables+1, testutil.CollectAndCount(m.rowsExtracted))
	require.Equal(t, 3*(maxTables+1), testutil.CollectAndCount(m.rowsWritten))
	require.InDelta(t, 2*maxTables, testutil.ToFloat64(m.rowsExtracted.WithLabelValues(otherTables)), 0,
		"nothing is lost")
	require.InDelta(t, maxTables, testutil.ToFloat64(m.lockWaits.WithLabelValues(otherTables)), 0)
	require.Equal(t, maxTables, testutil.CollectAndCount(m.tables, "tablehaul_freshness_lag_seconds"))
}

// gaugesOfAState are those of TestAStateShowsAsGauges.
const gaugesOfAState = `
# HELP tablehaul_consecutive_failed_runs Runs that failed since the last one that ended well.
# TYPE tablehaul_consecutive_failed_runs gauge
tablehaul_consecutive_failed_runs{table="shop.orders"} 3
# HELP tablehaul_deletes_held 1 where a guard has stopped the last sweep of the table's deletes, or they are paused, else 0.
# TYPE tablehaul_deletes_held gauge
tablehaul_deletes_held{table="shop.orders"} 0
# HELP tablehaul_freshness_lag_seconds How far the target is behind the source: the age of the source's state that it is known to hold. Absent before the first load is done.
# TYPE tablehaul_freshness_lag_seconds gauge
tablehaul_freshness_lag_seconds{table="shop.orders"} 90
# HELP tablehaul_last_success_timestamp_seconds Unix time at which a run last ended well.
# TYPE tablehaul_last_success_timestamp_seconds gauge
tablehaul_last_success_timestamp_seconds{table="shop.orders"} 1.79999994e+09
# HELP tablehaul_quarantine_age_seconds How long the oldest row has been in quarantine; 0 where none is.
# TYPE tablehaul_quarantine_age_seconds gauge
tablehaul_quarantine_age_seconds{table="shop.orders"} 7200
# HELP tablehaul_quarantined_rows Rows that the target refused and that are in quarantine.
# TYPE tablehaul_quarantined_rows gauge
tablehaul_quarantined_rows{table="shop.orders"} 4
# HELP tablehaul_rows_differing Keys that a comparison found to differ and none has looked at since, by verdict.
# TYPE tablehaul_rows_differing gauge
tablehaul_rows_differing{table="shop.orders",verdict="missing"} 2
tablehaul_rows_differing{table="shop.orders",verdict="silent"} 0
# HELP tablehaul_run_in_progress_seconds How long the run that goes on has been going on; 0 where none does.
# TYPE tablehaul_run_in_progress_seconds gauge
tablehaul_run_in_progress_seconds{table="shop.orders"} 5
# HELP tablehaul_stale_after_seconds The table's setting staleAfter: beyond this freshness lag it is stale. Absent where it never is.
# TYPE tablehaul_stale_after_seconds gauge
tablehaul_stale_after_seconds{table="shop.orders"} 3600
# HELP tablehaul_table_loaded 1 where a first load of the table is done, 0 where none is. Absent before this worker has asked for it.
# TYPE tablehaul_table_loaded gauge
tablehaul_table_loaded{table="shop.orders"} 1
# HELP tablehaul_verified_at_seconds When both sides of the table were last compared, in seconds since 1970. Absent before the first comparison.
# TYPE tablehaul_verified_at_seconds gauge
tablehaul_verified_at_seconds{table="shop.orders"} 1.79999994e+09
# HELP tablehaul_verify_every_seconds About the longest time between two comparisons of the table's schedule (verify.every). Absent where there is none.
# TYPE tablehaul_verify_every_seconds gauge
tablehaul_verify_every_seconds{table="shop.orders"} 86400
# HELP tablehaul_watermark_ahead 1 where the last run found the watermark above what the source can give to a row now (failure WatermarkAhead), else 0.
# TYPE tablehaul_watermark_ahead gauge
tablehaul_watermark_ahead{table="shop.orders"} 1
# HELP tablehaul_watermark_held_back_seconds How far open work on the source held the watermark back when the last run looked; 0 where none did.
# TYPE tablehaul_watermark_held_back_seconds gauge
tablehaul_watermark_held_back_seconds{table="shop.orders"} 40
`

func TestAStateShowsAsGauges(t *testing.T) {
	m := New(&Ready{})
	now := time.Unix(1_800_000_000, 0)
	m.tables.now = func() time.Time { return now }
	m.Know("shop.new", Expected{})
	m.Know("shop.orders", Expected{StaleAfter: time.Hour, VerifyEvery: 24 * time.Hour})
	m.State(TableState{
		Table: "shop.orders", FreshAt: now.Add(-90 * time.Second), LastSuccess: now.Add(-time.Minute),
		RunningSince: now.Add(-5 * time.Second), HeldBack: 40 * time.Second, Ahead: true, Failed: 3, Loaded: true,
		VerifiedAt: now.Add(-time.Minute), Differing: map[string]int64{"missing": 2, "silent": 0},
		Quarantined: 4, QuarantinedSince: now.Add(-2 * time.Hour),
	})
	require.NoError(t, testutil.CollectAndCompare(m.tables, strings.NewReader(gaugesOfAState)))
	now = now.Add(time.Hour) // no run reports, and the lag grows
	require.NoError(t, testutil.CollectAndCompare(m.tables, strings.NewReader(`
# HELP tablehaul_freshness_lag_seconds How far the target is behind the source: the age of the source's state that it is known to hold. Absent before the first load is done.
# TYPE tablehaul_freshness_lag_seconds gauge
tablehaul_freshness_lag_seconds{table="shop.orders"} 3690
`), "tablehaul_freshness_lag_seconds"))
}

// A table without a state was never loaded; that is known when all states were asked for.
func TestATableThatWasNeverLoaded(t *testing.T) {
	m := New(&Ready{})
	m.Know("shop.new", Expected{})
	require.Zero(t, testutil.CollectAndCount(m.tables, "tablehaul_table_loaded"))
	m.Listed()
	want := `
# HELP tablehaul_table_loaded 1 where a first load of the table is done, 0 where none is. Absent before this worker has asked for it.
# TYPE tablehaul_table_loaded gauge
tablehaul_table_loaded{table="shop.new"} 0
`
	require.NoError(t, testutil.CollectAndCompare(m.tables, strings.NewReader(want), "tablehaul_table_loaded"))
	m.ForgetUnless(func(table string) bool { return table == "shop.new" })
	require.Positive(t, testutil.CollectAndCount(m.tables))
	m.ForgetUnless(func(string) bool { return false })
	require.Zero(t, testutil.CollectAndCount(m.tables))
	m.ConfigRead(false)
	require.Zero(t, testutil.ToFloat64(m.configCurrent))
}

// A DATE cursor is a day behind at any time, which a staleAfter of the configuration's own allows for already.
func TestStaleAfterOfADateCursor(t *testing.T) {
	m := New(&Ready{})
	m.Know("shop.days", Expected{StaleAfter: time.Hour, StaleByDefault: true})
	m.Know("shop.set", Expected{StaleAfter: time.Hour})
	for _, name := range []string{"shop.days", "shop.set"} {
		m.State(TableState{Table: name, StaleMargin: 24 * time.Hour})
	}
	require.NoError(t, testutil.CollectAndCompare(m.tables, strings.NewReader(`
# HELP tablehaul_stale_after_seconds The table's setting staleAfter: beyond this freshness lag it is stale. Absent where it never is.
# TYPE tablehaul_stale_after_seconds gauge
tablehaul_stale_after_seconds{table="shop.days"} 90000
tablehaul_stale_after_seconds{table="shop.set"} 3600
`), "tablehaul_stale_after_seconds"))
}

func TestNobodyHasToAskWhetherThereAreMetrics(t *testing.T) {
	var m *Metrics
	require.NotPanics(t, func() {
		m.Know("a.b", Expected{StaleAfter: time.Second})
		m.Extracted("a.b", 1, 1)
		m.Wrote("a.b", Chunk{Tries: 3})
		m.LockWaits("a.b", 1)
		m.Throttled("a.b", time.Second)
		m.Ended("a.b", "done", 1)
		m.StepFailed("PlanRun", "Unexpected", true)
		m.Notified("failed", nil)
		m.State(TableState{Table: "a.b"})
	})
}

func TestFailuresAreCountedByWhetherTheyAreRepeated(t *testing.T) {
	m := New(&Ready{})
	m.StepFailed("UpsertChunk", "ServerUnavailable", false)
	m.StepFailed("UpsertChunk", "ServerUnavailable", false)
	m.StepFailed("UpsertChunk", "RowRejected", true)
	m.Notified("failed", errors.New("away"))
	m.Notified("failed", nil)
	m.Wrote("a.b", Chunk{Tries: 1})
	m.Throttled("a.b", 1500*time.Millisecond)
	require.InDelta(t, 2, testutil.ToFloat64(m.retries), 0)
	require.InDelta(t, 1, testutil.ToFloat64(m.failures), 0)
	require.InDelta(t, 1, testutil.ToFloat64(m.notifications.WithLabelValues("failed", "sent")), 0)
	require.InDelta(t, 1, testutil.ToFloat64(m.notifications.WithLabelValues("failed", "failed")), 0)
	require.Zero(t, testutil.CollectAndCount(m.lockWaits), "one try is no wait")
	require.InDelta(t, 1.5, testutil.ToFloat64(m.throttled), 0)
}

func TestServerTellsOfLifeAndReadiness(t *testing.T) {
	ready := &Ready{}
	s, err := Serve("127.0.0.1:0", New(ready))
	require.NoError(t, err)
	get := func(method, path string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.Address()+path, nil)
		require.NoError(t, err)
		answer, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer func() { _ = answer.Body.Close() }()
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		return answer.StatusCode, string(body)
	}
	requireAnswer := func(wantCode int, want, method, path string) {
		t.Helper()
		code, body := get(method, path)
		require.Equal(t, wantCode, code, path)
		require.Contains(t, body, want, path)
	}
	requireAnswer(503, "not ready: starting\n", "GET", "/readyz")
	requireAnswer(200, "live\n", "GET", "/livez")
	requireAnswer(200, "tablehaul_worker_ready 0\n", "GET", "/metrics")
	ready.Set(nil)
	requireAnswer(200, "ready\n", "GET", "/readyz")
	requireAnswer(200, "tablehaul_worker_ready 1\n", "GET", "/metrics")
	ready.Set(errors.New("draining"))
	requireAnswer(503, "not ready: draining\n", "GET", "/readyz")
	requireAnswer(405, "", "POST", "/metrics")
	requireAnswer(404, "", "GET", "/debug/pprof/")

	_, err = Serve(s.Address(), New(ready))
	require.ErrorContains(t, err, "metrics.listen: ")
	require.ErrorContains(t, err, "address already in use")
	require.NoError(t, s.Close())
	again, err := Serve(s.Address(), New(ready))
	require.NoError(t, err, "the port is free again")
	require.NoError(t, again.Close())
}
