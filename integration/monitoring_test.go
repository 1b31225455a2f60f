package integration_test

import (
	"os"
	osexec "os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/integration/monitoring"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

const hookSecret = "sentinel-hook-secret"

// A worker tells all that the dashboard and the alerts ask for, counts what happens, logs one
// line per step, and tells a webhook once of a failure and once of its end. Nothing of it holds
// a row's value or a secret.
func TestAWorkerTellsOfItself(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{source: s, idle: true, defaults: ", tuning: { chunkRows: 50 }, staleAfter: 1h, " +
			"verify: { every: 24h }"})
		exec(t, p.src, createT, strings.ReplaceAll(insertT(1, 450), "'name ", "'sentinel-name "),
			"UPDATE t SET updated_at = '2024-01-01 00:00:00' + INTERVAL id SECOND", "ANALYZE TABLE t")
		hook := startReceiver(t, hookSecret)
		hook.refuse = 1 // a message is tried again
		m := p.startMonitored(hook.notifications())
		tbl := `table="` + p.table("t") + `"`

		requireAFirstLoadIsCounted(p, m, tbl)

		// The source's rows do not fit any more, twice; then they do.
		exec(t, p.dst, "ALTER TABLE t ADD CONSTRAINT small CHECK (n < 1000)")
		exec(t, p.src, "UPDATE t SET n = 5000, updated_at = '2024-01-02' WHERE id = 7")
		for range 2 {
			_, err := p.try(workflows.SyncTableInput{Table: p.table("t"), Full: true})
			requireFailure(t, err, failure.RowRejected)
		}
		hook.requireEvents(owner.EventFailed)
		require.Equal(t, 1, hook.refused)
		at := m.scrape()
		at.require(2, "tablehaul_consecutive_failed_runs", tbl)
		at.require(2, "tablehaul_runs_total", tbl, `outcome="failed"`)
		at.require(2, "tablehaul_step_failures_total", `step="UpsertChunk"`, `type="RowRejected"`)
		at.require(1, "tablehaul_step_retries_total", `step="Notify"`, `type="NotifyFailed"`)

		exec(t, p.src, "UPDATE t SET n = 6, updated_at = '2024-01-03' WHERE id = 7")
		_, err := p.try(workflows.SyncTableInput{Table: p.table("t"), Full: true})
		require.NoError(t, err)
		hook.requireEvents(owner.EventFailed, owner.EventRecovered)
		m.requireALinePerStep()
		at = m.scrape()
		at.require(0, "tablehaul_consecutive_failed_runs", tbl)
		at.require(1, "tablehaul_notifications_total", `event="recovered"`, `outcome="sent"`)
		require.Contains(t, hook.messages[0].Text, p.table("t")+" failed: RowRejected: ")
		require.Equal(t, p.table("t"), hook.messages[0].Fields.Table)
		require.Equal(t, failure.RowRejected, hook.messages[0].Fields.Failure.Type)
		require.Equal(t, workflows.SyncTableID(p.queue, p.table("t")), hook.messages[0].Fields.WorkflowID)
		require.Nil(t, hook.messages[1].Fields.Failure)

		require.False(t, p.verify("t", "").Differs)
		at = m.scrape()
		at.require(0, "tablehaul_rows_differing", tbl, `verdict="missing"`)
		requireEveryNamedMetric(t, at)
		requirePrometheusTakes(t, at.text)
		replayer := newReplayer(t) // state workflows that notified the webhook are deterministic, too
		for id, h := range p.histories() {
			require.NoError(t, replayer.ReplayWorkflowHistory(silent{}, h), id)
		}
		requireADifferenceIsNotified(p, m, hook)
		sent := strings.Join(hook.bodies, "\n")
		requireNone(t, at.text+m.log.String(), []string{"sentinel"})
		requireNone(t, sent, []string{"sentinel", "5000"})
		p.requireNoText("sentinel")
	})
}

// requireAFirstLoadIsCounted loads the table and requires what the worker counts, before it and afterwards.
func requireAFirstLoadIsCounted(p *product, m *monitored, tbl string) {
	t := p.t
	t.Helper()
	at := m.scrape()
	at.require(0, "tablehaul_rows_extracted_total", tbl) // known before any run
	at.require(3600, "tablehaul_stale_after_seconds", tbl)
	_, known := at.value("tablehaul_freshness_lag_seconds", tbl)
	require.Zero(t, known, "unknown before the first load")

	p.sync("t")
	at = m.scrape()
	at.require(450, "tablehaul_rows_extracted_total", tbl)
	at.require(450, "tablehaul_rows_written_total", tbl, `outcome="inserted"`)
	at.require(9, "tablehaul_chunk_transaction_duration_seconds_count") // of 50 rows, which no chunk is cut below
	at.require(1, "tablehaul_runs_total", tbl, `outcome="done"`)
	at.require(0, "tablehaul_run_in_progress_seconds", tbl)
	lag := at.the("tablehaul_freshness_lag_seconds", tbl)
	require.Greater(t, lag, 0.0)
	require.Less(t, lag, 600.0)
	last := at.the("tablehaul_last_success_timestamp_seconds", tbl)
	require.InDelta(t, float64(time.Now().Unix()), last, 60)
	at.require(1, "tablehaul_run_duration_seconds_count", `outcome="done"`)
	staged := at.the("tablehaul_staged_bytes_total", tbl)
	require.Greater(t, staged, 1000.0)
}

// requireADifferenceIsNotified has a comparison find a row that differs: the webhook hears of it, and a worker that is
// started afterwards shows it.
func requireADifferenceIsNotified(p *product, m *monitored, hook *receiver) {
	p.t.Helper()
	exec(p.t, p.dst, "DELETE FROM t WHERE id = 9")
	require.True(p.t, p.verify("t", "").Differs)
	hook.requireEvents(owner.EventFailed, owner.EventRecovered, owner.EventDiffers)
	last := hook.messages[2]
	require.Contains(p.t, last.Text, p.table("t")+" differs from its target. Rows by verdict: 1 missing.")
	require.Equal(p.t, map[string]int64{"missing": 1}, last.Fields.Verdicts)
	require.Equal(p.t, workflows.VerifyTableID(p.queue, p.table("t")), last.Fields.WorkflowID)
	m.end()
	m = p.startMonitored(hook.notifications())
	tbl := `table="` + p.table("t") + `"`
	require.Eventually(p.t, func() bool {
		missing, known := m.scrape().value("tablehaul_rows_differing", tbl, `verdict="missing"`)
		return known > 0 && missing == 1
	}, timeout, poll)
	require.InDelta(p.t, float64(time.Now().Unix()), m.scrape().the("tablehaul_verified_at_seconds", tbl), 300)
}

// requireEveryNamedMetric requires that a page has every metric of dashboard and alerts, and
// that the docs have every one of ours.
func requireEveryNamedMetric(t *testing.T, at page) {
	t.Helper()
	const dir = "../docs/monitoring"
	d, err := monitoring.ReadDashboard(dir)
	require.NoError(t, err)
	alerts, err := monitoring.Alerts(dir)
	require.NoError(t, err)
	expressions := d.Expressions()
	for _, a := range alerts {
		expressions = append(expressions, a.Expr)
	}
	named := monitoring.Named(expressions...)
	require.Greater(t, len(named), 20)
	exported := map[string]bool{}
	for s := range at.samples() {
		exported[s.name] = true
	}
	for _, name := range named {
		require.True(t, exported[name], "%s is asked for and not exported; there are %v", name, sortedKeys(exported))
	}
	docs, err := os.ReadFile("../docs/monitoring.md")
	require.NoError(t, err)
	ours := regexp.MustCompile(`(?m)^# TYPE (tablehaul_\w+) `).FindAllStringSubmatch(at.text, -1)
	require.Greater(t, len(ours), 15)
	for _, m := range ours {
		require.Contains(t, string(docs), "| `"+m[1]+"`", "docs/monitoring.md")
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `(tablehaul_\\w+)`").FindAllStringSubmatch(string(docs), -1) {
		require.Contains(t, at.text, "# TYPE "+m[1]+" ", "docs/monitoring.md has %s, which no worker exports", m[1])
	}
}

var ofOurs = regexp.MustCompile(`^(# (HELP|TYPE) )?tablehaul_`)

// requirePrometheusTakes lets promtool judge our names and units; the SDK's are not ours to choose.
func requirePrometheusTakes(t *testing.T, page string) {
	t.Helper()
	path, err := monitoring.Promtool()
	require.NoError(t, err)
	var ours strings.Builder
	for line := range strings.Lines(page) {
		if ofOurs.MatchString(line) {
			ours.WriteString(line)
		}
	}
	require.Contains(t, ours.String(), "# TYPE tablehaul_rows_written_total counter")
	cmd := osexec.CommandContext(t.Context(), path, "check", "metrics")
	cmd.Stdin = strings.NewReader(ours.String())
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Empty(t, string(out))
}

// A table without runs is reported as stale, once, without a run; a receiver that
// is down holds no run up, and gets the message when it is back; and what was reported outlives the worker.
func TestStalenessIsToldWithoutARun(t *testing.T) {
	t.Parallel()
	p := start(t, options{source: servers.MariaDB(t), idle: true, defaults: ", staleAfter: 3s"})
	exec(t, p.src, createT, insertT(1, 10), "UPDATE t SET updated_at = '2024-01-01'")
	hook := startReceiver(t, hookSecret)
	hook.down()
	m := p.startMonitored(hook.notifications())
	p.sync("t")
	require.Eventually(t, func() bool {
		tries, _ := m.scrape().value("tablehaul_notifications_total", `event="stale"`, `outcome="failed"`)
		return tries >= 2
	}, timeout, poll, "no try to tell")
	require.Empty(t, hook.events())
	m.end() // and the worker is exchanged
	m = p.startMonitored(hook.notifications())
	require.Eventually(t, func() bool { // it has run nothing, and asks the table's state workflow
		lag, _ := m.scrape().value("tablehaul_freshness_lag_seconds", `table="`+p.table("t")+`"`)
		return lag >= 3
	}, timeout, poll)
	hook.up()
	hook.requireEvents(owner.EventStale)
	require.Contains(t, hook.messages[0].Text, p.table("t")+" is stale. The target is ")
	require.GreaterOrEqual(t, hook.messages[0].Fields.LagSeconds, 3.0)

	// What the last run begins with counts: it must not be stale again before it is looked at.
	m.end()
	logs := m.log.String()
	text, err := os.ReadFile(p.config())
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(p.config(), []byte(strings.Replace(string(text), "staleAfter: 3s", "staleAfter: 1h",
		1)), 0o600))
	m = p.startMonitored(hook.notifications())
	p.sync("t")
	hook.requireEvents(owner.EventStale, owner.EventRecovered)
	logs += m.log.String()
	require.NotContains(t, logs, hookSecret)
	require.NotContains(t, logs, "sentinel-path")
}

// A worker is ready while Temporal knows it as one that polls, and not while it drains.
func TestReadyWhilePollingAndNotWhileDraining(t *testing.T) {
	t.Parallel()
	p := start(t, options{idle: true})
	exec(t, p.src, createT, insertT(1, 50), "UPDATE t SET updated_at = '2024-01-01'")
	exec(t, p.dst, createT, insertT(1, 50))
	m := p.startMonitored("")
	require.Eventually(t, func() bool {
		code, _ := m.get("/readyz")
		return code == 200
	}, timeout, poll)
	m.scrape().require(1, "tablehaul_worker_ready")
	code, text := m.get("/livez")
	require.Equal(t, 200, code)
	require.Equal(t, "live\n", text)

	blocker := session(t, p.dst)
	say(t, blocker, "BEGIN", "SELECT * FROM t FOR UPDATE")
	run := p.launch(workflows.SyncTableInput{Table: p.table("t")}, workflows.SyncTableID(p.queue, p.table("t")))
	require.Eventually(t, func() bool {
		return strings.Contains(p.pending(workflows.SyncTableID(p.queue, p.table("t"))), "UpsertChunk")
	}, timeout, poll)
	require.Greater(t, m.scrape().the("tablehaul_run_in_progress_seconds", `table="`+p.table("t")+`"`), 0.0)
	holds(t, p.dst, "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT' AND trx_query "+
		"LIKE '%"+p.to+"%'") // the step is under way, and has just begun to wait
	m.stop() // as SIGTERM does
	require.Eventually(t, func() bool {
		code, text = m.get("/readyz")
		return code == 503
	}, timeout, poll)
	require.Contains(t, text, "draining")
	m.scrape().require(0, "tablehaul_worker_ready")
	code, _ = m.get("/livez")
	require.Equal(t, 200, code)
	say(t, blocker, "ROLLBACK")
	m.end()
	p.startWorker() // which ends what was begun
	require.NoError(t, run.Get(t.Context(), nil))
}
