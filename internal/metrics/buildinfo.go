package metrics

import (
	"cmp"
	"runtime"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
)

// buildInfo is the constant 1 with the version of the program as labels. A label that the build does not know is
// "unknown".
func buildInfo() prometheus.Collector {
	version, revision := "", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				revision = s.Value
			}
		}
	}
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: namespace, Name: "build_info", Help: "1, with the version, source revision and Go version of the " +
			"worker as labels.",
		ConstLabels: prometheus.Labels{
			"version": cmp.Or(version, "unknown"), "revision": cmp.Or(revision, "unknown"),
			"goversion": runtime.Version(),
		},
	}, func() float64 { return 1 })
}
