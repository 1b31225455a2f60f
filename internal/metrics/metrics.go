package metrics

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

const namespace = "tablehaul"

// What became of a row that was written.
const (
	RowInserted  = "inserted"
	RowUpdated   = "updated"
	RowUnchanged = "unchanged"
)

// What became of a notification.
const (
	NotificationSent   = "sent"
	NotificationFailed = "failed" // this try; another one follows
)

// Metrics are the worker's. A nil *Metrics counts nothing, so that callers need not check for one.
type Metrics struct {
	registry *prometheus.Registry
	tables   *tables
	ready    *Ready

	rowsExtracted, rowsWritten, stagedBytes *prometheus.CounterVec
	rowsDeleted                             *prometheus.CounterVec
	newerOnTarget, existing                 *prometheus.CounterVec
	lockWaits, throttled, runs              *prometheus.CounterVec
	retries, failures, notifications        *prometheus.CounterVec
	chunkDuration                           prometheus.Histogram
	runDuration                             *prometheus.HistogramVec
	configCurrent                           prometheus.Gauge
}

// chunkBuckets are seconds. A chunk's transaction is to take less than one (maxTransaction);
// beyond 30 the target's other clients have long felt it.
var chunkBuckets = []float64{0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30}

// runBuckets are seconds: an incremental run of a few seconds up to a first load of a day.
var runBuckets = []float64{1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 86_400}

// New makes the worker's metrics, with those of Go and of the process, on a registry of its
// own. ready answers for tablehaul_worker_ready.
func New(ready *Ready) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), tables: newTables(), ready: ready}
	table := []string{"table"}
	m.rowsExtracted = counter("rows_extracted_total", "Rows read from the source.", table)
	m.rowsWritten = counter("rows_written_total", "Rows applied to the target, by what became of them: inserted, "+
		"updated or unchanged.", []string{"table", "outcome"})
	m.newerOnTarget = counter("rows_newer_on_target_total",
		"Rows of the source that were not written because the target's row is newer; they count as unchanged, too.",
		table)
	m.existing = counter("rows_existing_total", "Rows of the source that were not written because the target has "+
		"their key, with write: append; they count as unchanged, too.", table)
	m.stagedBytes = counter("staged_bytes_total", "Bytes of files written to staging.", table)
	m.rowsDeleted = counter("rows_deleted_total", "Rows that sweeps have deleted on the target, or marked as "+
		"deleted, and those that files of dlt mark so.", table)
	m.lockWaits = counter("lock_waits_total", "Transactions on the target that ended in a lock wait timeout or a "+
		"deadlock and were rolled back.", table)
	m.throttled = counter("throttled_seconds_total", "Seconds that steps waited because of a limit of the table's "+
		"(threads running, replica lag, hours). Steps side by side add up.", table)
	m.runs = counter("runs_total", "Runs that ended, by outcome: done, failed or cancelled.",
		[]string{"table", "outcome"})
	m.retries = counter("step_retries_total", "Attempts of a step that failed and are made again, by the type of "+
		"the failure.", []string{"step", "type"})
	m.failures = counter("step_failures_total", "Attempts of a step that failed for good, by the type of the failure.",
		[]string{"step", "type"})
	m.notifications = counter("notifications_total", "Tries to notify the webhook, by event (failed, stale, "+
		"quarantined, recovered, differs, equal) and outcome (sent, failed).", []string{"event", "outcome"})
	m.chunkDuration = prometheus.NewHistogram(prometheus.HistogramOpts{
		Namespace: namespace, Name: "chunk_transaction_duration_seconds", Buckets: chunkBuckets,
		Help: "Seconds of a chunk's committed transaction on the target, from BEGIN to COMMIT.",
	})
	m.runDuration = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: namespace, Name: "run_duration_seconds", Buckets: runBuckets,
		Help: "Seconds of a run that ended, from its start, by outcome: done, failed or cancelled.",
	}, []string{"outcome"})
	m.configCurrent = prometheus.NewGauge(prometheus.GaugeOpts{
		Namespace: namespace, Name: "config_current", Help: "1 where the worker uses the present file of its " +
			"configuration, 0 where it has refused it and goes on with the one before.",
	})
	m.configCurrent.Set(1)
	m.registry.MustRegister(
		m.configCurrent,
		m.rowsExtracted, m.rowsWritten, m.rowsDeleted, m.newerOnTarget, m.existing, m.stagedBytes,
		m.lockWaits, m.throttled,
		m.runs, m.retries, m.failures, m.notifications,
		m.chunkDuration, m.runDuration, m.tables, buildInfo(),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Namespace: namespace, Name: "worker_ready", Help: "1 while the worker takes tasks from Temporal, 0 " +
				"otherwise.",
		}, func() float64 {
			if ready.Now() == nil {
				return 1
			}
			return 0
		}),
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

func counter(name, help string, labels []string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

// Registerer takes the metrics of libraries that go along with ours.
func (m *Metrics) Registerer() prometheus.Registerer { return m.registry }

// Expected is what the configuration says of a table.
type Expected struct {
	// StaleAfter is how far it may be behind; 0 is never stale. VerifyEvery is about the longest time between two
	// comparisons of its schedule; 0 is no schedule.
	StaleAfter, VerifyEvery time.Duration
	// StaleByDefault says that the file does not set StaleAfter; see TableState.StaleMargin.
	StaleByDefault bool
}

// Know makes a configured table's series, so that a table whose first run has not come shows
// as 0 and not as absent.
func (m *Metrics) Know(table string, e Expected) {
	if m == nil {
		return
	}
	label := m.tables.know(table, e)
	for _, c := range []*prometheus.CounterVec{
		m.rowsExtracted, m.newerOnTarget, m.existing, m.stagedBytes, m.lockWaits, m.throttled, m.rowsDeleted,
	} {
		c.WithLabelValues(label)
	}
	for _, outcome := range []string{RowInserted, RowUpdated, RowUnchanged} {
		m.rowsWritten.WithLabelValues(label, outcome)
	}
}

// ForgetUnless removes the gauges of tables that the configuration no longer has. Their counters stay.
func (m *Metrics) ForgetUnless(configured func(table string) bool) {
	if m != nil {
		m.tables.forgetUnless(configured)
	}
}

// Extracted counts what a slice read and staged.
func (m *Metrics) Extracted(table string, rows, bytes int64) {
	if m == nil {
		return
	}
	label := m.tables.label(table)
	m.rowsExtracted.WithLabelValues(label).Add(float64(rows))
	m.stagedBytes.WithLabelValues(label).Add(float64(bytes))
}

// A Chunk is what one chunk's transaction did.
type Chunk struct {
	Inserted, Updated, Unchanged int64
	// NewerOnTarget are those among Unchanged that the target has in a newer version.
	NewerOnTarget int64
	// Existing are those among Unchanged whose key the target had, and whose row stays for that.
	Existing int64
	// Seconds is the transaction that committed, from BEGIN to COMMIT.
	Seconds float64
	// Tries is how many transactions it took.
	Tries int
}

// Wrote counts a chunk that was committed.
func (m *Metrics) Wrote(table string, c Chunk) {
	if m == nil {
		return
	}
	label := m.tables.label(table)
	for outcome, rows := range map[string]int64{
		RowInserted: c.Inserted, RowUpdated: c.Updated,
		RowUnchanged: c.Unchanged,
	} {
		m.rowsWritten.WithLabelValues(label, outcome).Add(float64(rows))
	}
	m.newerOnTarget.WithLabelValues(label).Add(float64(c.NewerOnTarget))
	m.existing.WithLabelValues(label).Add(float64(c.Existing))
	m.chunkDuration.Observe(c.Seconds)
	m.LockWaits(table, c.Tries-1)
}

// RowsDeleted counts rows that a sweep or a run of files has deleted.
func (m *Metrics) RowsDeleted(table string, n int64) {
	if m != nil && n > 0 {
		m.rowsDeleted.WithLabelValues(m.tables.label(table)).Add(float64(n))
	}
}

// LockWaits counts transactions that ended in a lock wait timeout or a deadlock.
func (m *Metrics) LockWaits(table string, n int) {
	if m == nil || n < 1 {
		return
	}
	m.lockWaits.WithLabelValues(m.tables.label(table)).Add(float64(n))
}

// Throttled counts time that a step waits because of a limit of the table's.
func (m *Metrics) Throttled(table string, d time.Duration) {
	if m != nil {
		m.throttled.WithLabelValues(m.tables.label(table)).Add(d.Seconds())
	}
}

// Ended counts a run that ended, and how many seconds it took.
func (m *Metrics) Ended(table, outcome string, seconds float64) {
	if m == nil {
		return
	}
	m.runs.WithLabelValues(m.tables.label(table), outcome).Inc()
	m.runDuration.WithLabelValues(outcome).Observe(seconds)
}

// StepFailed counts an attempt of a step that failed. Both words are from short lists.
func (m *Metrics) StepFailed(step, failureType string, final bool) {
	switch {
	case m == nil:
	case final:
		m.failures.WithLabelValues(step, failureType).Inc()
	default:
		m.retries.WithLabelValues(step, failureType).Inc()
	}
}

// Notified counts a try to tell the webhook of an event.
func (m *Metrics) Notified(event string, err error) {
	if m == nil {
		return
	}
	outcome := NotificationSent
	if err != nil {
		outcome = NotificationFailed
	}
	m.notifications.WithLabelValues(event, outcome).Inc()
}

// Listed says that State was called for every table that has a state: the others were never loaded.
func (m *Metrics) Listed() {
	if m != nil {
		m.tables.setListed()
	}
}

// ConfigRead sets whether the worker has taken over the present file of its configuration.
func (m *Metrics) ConfigRead(taken bool) {
	if m != nil {
		m.configCurrent.Set(float64(boolInt(taken)))
	}
}

// State sets what a table's state workflow says of it.
func (m *Metrics) State(s TableState) {
	if m != nil {
		m.tables.set(s)
	}
}

// errNotReady is what Ready says before its first Set.
var errNotReady = errors.New("starting")
