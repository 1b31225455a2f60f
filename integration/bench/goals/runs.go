package main

import (
	"slices"

	"github.com/tablehaul/tablehaul/integration/scene"
	"github.com/tablehaul/tablehaul/workflows"
)

// runFigures are what one run of the whole product came to.
type runFigures struct {
	name    string
	rows    int64
	seconds float64 // as the client that started it sees it
	result  workflows.SyncTableResult
	events  eventFigures
	cpu     scene.CPUTimes
	peakMiB float64 // of the worker, up to the end of this run
}

// allRuns are those of the report, in its order.
func (f *figures) allRuns() []runFigures {
	runs := slices.Clone(f.firstLoads)
	for i := range f.few {
		runs = append(runs, f.few[i].merges...)
	}
	runs = slices.Concat(runs, f.many.merges, f.agains, f.nothings, f.indexed)
	for _, size := range []*sizeFigures{f.small, f.large} {
		if size != nil {
			runs = append(runs, size.runs...)
		}
	}
	return runs
}
