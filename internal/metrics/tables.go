package metrics

import (
	"maps"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	// maxTables bounds the values of the label "table": a pattern may match any number of
	// tables, and each costs about 20 series.
	maxTables = 1000
	// otherTables is the label of all tables beyond that.
	otherTables = "other"
)

// TableState is what a table's state workflow says of it. Zero times are not known.
type TableState struct {
	Table string
	// FreshAt is the moment up to which the target holds what the source held.
	FreshAt time.Time
	// StaleMargin is what a StaleAfter has more that the configuration does not set.
	StaleMargin time.Duration
	// LastSuccess is when a run last ended well.
	LastSuccess time.Time
	// RunningSince is when the run that goes on got the table.
	RunningSince time.Time
	// HeldBack is how far open work on the source held the last window's end back.
	HeldBack time.Duration
	// Ahead says that the last run found the watermark above the source's now.
	Ahead bool
	// Loaded says that the target holds what a first load has written.
	Loaded bool
	// Failed counts the runs that failed since the last one that ended well.
	Failed int
	// DeletesHeld says that a guard has stopped the last sweep of deletes, or that they are paused.
	DeletesHeld bool
	// VerifiedAt is when a comparison of both sides last ended; Differing counts the keys that it found to differ, by
	// verdict, each verdict that there is.
	VerifiedAt time.Time
	Differing  map[string]int64
	// Quarantined counts rows in quarantine, the oldest of them since QuarantinedSince.
	Quarantined      int64
	QuarantinedSince time.Time
}

// tables are the gauges of each table. Those that grow with time are computed when they are read.
type tables struct {
	now func() time.Time

	mu     sync.Mutex
	states map[string]*gauges // by label
	// listed says that all tables that have a state were reported once.
	listed bool
}

type gauges struct {
	state    TableState
	known    bool // a state was reported
	expected Expected
}

var (
	lagDesc = tableDesc("freshness_lag_seconds", "How far the target is behind the source: the age of the "+
		"source's state that it is known to hold. Absent before the first load is done.")
	staleAfterDesc = tableDesc("stale_after_seconds", "The table's setting staleAfter: beyond this freshness lag "+
		"it is stale. Absent where it never is.")
	lastSuccessDesc = tableDesc("last_success_timestamp_seconds", "Unix time at which a run last ended well.")
	runningDesc     = tableDesc("run_in_progress_seconds", "How long the run that goes on has been going on; 0 "+
		"where none does.")
	heldBackDesc = tableDesc("watermark_held_back_seconds",
		"How far open work on the source held the watermark back when the last run looked; 0 where none did.")
	aheadDesc = tableDesc("watermark_ahead", "1 where the last run found the watermark above what the source "+
		"can give to a row now (failure WatermarkAhead), else 0.")
	deletesHeldDesc = tableDesc("deletes_held", "1 where a guard has stopped the last sweep of the table's "+
		"deletes, or they are paused, else 0.")
	loadedDesc = tableDesc("table_loaded", "1 where a first load of the table is done, 0 where none is. Absent "+
		"before this worker has asked for it.")
	failedDesc   = tableDesc("consecutive_failed_runs", "Runs that failed since the last one that ended well.")
	verifiedDesc = tableDesc("verified_at_seconds", "When both sides of the table were last compared, in seconds "+
		"since 1970. Absent before the first comparison.")
	verifyEveryDesc = tableDesc("verify_every_seconds", "About the longest time between two comparisons of the "+
		"table's schedule (verify.every). Absent where there is none.")
	differingDesc = prometheus.NewDesc(prometheus.BuildFQName(namespace, "", "rows_differing"),
		"Keys that a comparison found to differ and none has looked at since, by verdict.",
		[]string{"table", "verdict"}, nil)
	quarantinedDesc   = tableDesc("quarantined_rows", "Rows that the target refused and that are in quarantine.")
	quarantineAgeDesc = tableDesc("quarantine_age_seconds", "How long the oldest row has been in quarantine; 0 where "+
		"none is.")
	descriptions = []*prometheus.Desc{
		lagDesc, staleAfterDesc, lastSuccessDesc, runningDesc, heldBackDesc, aheadDesc,
		failedDesc, loadedDesc, deletesHeldDesc, verifiedDesc, verifyEveryDesc, differingDesc, quarantinedDesc,
		quarantineAgeDesc,
	}
)

var _ prometheus.Collector = (*tables)(nil)

func tableDesc(name, help string) *prometheus.Desc {
	return prometheus.NewDesc(prometheus.BuildFQName(namespace, "", name), help, []string{"table"}, nil)
}

func newTables() *tables { return &tables{now: time.Now, states: map[string]*gauges{}} }

// label is the value of the label for a table.
func (t *tables) label(table string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	label, _ := t.of(table)
	return label
}

// of returns a table's label and gauges, which are nil beyond the bound: states of several
// tables have no sum.
func (t *tables) of(table string) (string, *gauges) {
	if g := t.states[table]; g != nil {
		return table, g
	}
	if len(t.states) >= maxTables {
		return otherTables, nil
	}
	g := &gauges{}
	t.states[table] = g
	return table, g
}

func (t *tables) know(table string, e Expected) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	label, g := t.of(table)
	if g != nil {
		g.expected = e
	}
	return label
}

func (t *tables) setListed() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.listed = true
}

func (t *tables) forgetUnless(configured func(table string) bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	maps.DeleteFunc(t.states, func(table string, _ *gauges) bool { return !configured(table) })
}

func (t *tables) set(s TableState) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, g := t.of(s.Table); g != nil {
		g.state, g.known = s, true
	}
}

// Describe implements prometheus.Collector.
func (t *tables) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range descriptions {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (t *tables) Collect(ch chan<- prometheus.Metric) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	for label, g := range t.states {
		send := func(d *prometheus.Desc, v float64) {
			ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, label)
		}
		if g.expected.VerifyEvery > 0 {
			send(verifyEveryDesc, g.expected.VerifyEvery.Seconds())
		}
		if g.expected.StaleAfter > 0 {
			limit := g.expected.StaleAfter
			if g.expected.StaleByDefault {
				limit += g.state.StaleMargin
			}
			send(staleAfterDesc, limit.Seconds())
		}
		if g.known || t.listed {
			send(loadedDesc, float64(boolInt(g.state.Loaded)))
		}
		if !g.known {
			continue
		}
		s := g.state
		send(failedDesc, float64(s.Failed))
		send(heldBackDesc, s.HeldBack.Seconds())
		send(deletesHeldDesc, float64(boolInt(s.DeletesHeld)))
		send(aheadDesc, float64(boolInt(s.Ahead)))
		send(quarantinedDesc, float64(s.Quarantined))
		waiting := 0.0
		if !s.QuarantinedSince.IsZero() {
			waiting = max(0, now.Sub(s.QuarantinedSince).Seconds())
		}
		send(quarantineAgeDesc, waiting)
		running := 0.0
		if !s.RunningSince.IsZero() {
			running = max(0, now.Sub(s.RunningSince).Seconds())
		}
		send(runningDesc, running)
		if !s.FreshAt.IsZero() {
			send(lagDesc, max(0, now.Sub(s.FreshAt).Seconds()))
		}
		if !s.LastSuccess.IsZero() {
			send(lastSuccessDesc, float64(s.LastSuccess.UnixMilli())/1000)
		}
		if s.VerifiedAt.IsZero() {
			continue
		}
		send(verifiedDesc, float64(s.VerifiedAt.UnixMilli())/1000)
		for verdict, keys := range s.Differing {
			ch <- prometheus.MustNewConstMetric(differingDesc, prometheus.GaugeValue, float64(keys), label, verdict)
		}
	}
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
