package metrics

import (
	"cmp"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tablehaul/tablehaul/internal/buildinfo"
)

// buildInfo is the constant 1 with the version of the program as labels. A label that the build does not know is
// "unknown".
func buildInfo() prometheus.Collector {
	build := buildinfo.Read()
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: namespace, Name: "build_info", Help: "1, with the version, source revision and Go version of the " +
			"worker as labels.",
		ConstLabels: prometheus.Labels{
			"version": cmp.Or(build.Version, "unknown"), "revision": cmp.Or(build.Commit, "unknown"),
			"goversion": build.Go,
		},
	}, func() float64 { return 1 })
}
