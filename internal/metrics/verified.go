package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// verified are the metrics of comparisons.
type verified struct {
	at        *prometheus.GaugeVec
	differing *prometheus.GaugeVec
}

func newVerified() verified {
	return verified{
		at: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: namespace, Name: "verified_at_seconds",
			Help: "When both sides of a table were last compared, in seconds since 1970; absent where no comparison " +
				"has ended on this worker.",
		}, []string{"table"}),
		differing: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: namespace, Name: "rows_differing",
			Help: "Keys that the last comparison of a table found to differ, by verdict.",
		}, []string{"table", "verdict"}),
	}
}

// Verified sets what a comparison that ended at the moment has found: keys by verdict. Every verdict that makes sides
// differ has to be there, so that one that has gone shows as 0.
func (m *Metrics) Verified(table string, at time.Time, differing map[string]int64) {
	if m == nil {
		return
	}
	label := m.tables.label(table)
	m.verified.at.WithLabelValues(label).Set(float64(at.Unix()))
	for verdict, keys := range differing {
		m.verified.differing.WithLabelValues(label, verdict).Set(float64(keys))
	}
}
