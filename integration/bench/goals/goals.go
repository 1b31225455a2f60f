package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/integration/scene"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// figures are what was measured of one flavor.
type figures struct {
	serverSettings
	version  string
	settings settings

	extract, discard, scan sample

	firstLoad, loadAll, copyAll sample
	firstLoads                  []runFigures
	copiedBy                    string
	csvPerRow                   float64

	few      [len(scene.Shapes)]merging // changed rows, by their shape
	many     merging
	again    sample // the rows of many, read again and unchanged
	agains   []runFigures
	nothing  sample
	nothings []runFigures
	// nothingBytes are those by which Temporal's database grew for each of nothings; 0 where they are not known.
	nothingBytes int64

	indexesBefore, indexesAfter sample // first loads of a table with five indexes
	indexed                     []runFigures

	small, large *sizeFigures // large is nil where it was left out
}

// merging is an incremental run beside the usual way with the same changed rows.
type merging struct {
	merge, usual     sample
	merges           []runFigures
	usualTransaction float64 // the longest
}

// The goals. They are the project's, and no figure moves them.
const (
	goalExtract      = 0.6       // of reading only
	goalFirstLoad    = 1.15      // times LOAD DATA's time
	goalCopy         = 0.8       // times a copy's time
	goalMerge        = 1 / 1.5   // times the usual way's time
	goalTransaction  = 0.1       // times the usual way's longest transaction
	goalShortest     = 0.3       // seconds that any transaction may take
	goalAgain        = 150_000.0 // rows/s
	goalSizes        = 1.2       // times as long in a table ten times as large
	goalMemory       = 200.0
	goalSameMemory   = 0.1
	goalIdleFirst    = 0.05 // of a first load
	goalIdleSeconds  = 1.0  // of an incremental run
	goalNothing      = 0.25 // seconds
	goalNothingCPU   = 0.05 // seconds
	goalNothingBytes = 20 << 10
	goalIndexes      = 0.7 // times the load with indexes from the start
	goalStaged       = 0.4 // of CSV's bytes
)

// findings are all measures in the order of the report, the same ones with any of them left out.
func (f *figures) findings() []finding {
	rows := func(n int) string { return scene.Number(int64(n)) }
	set := f.settings
	out := []finding{
		f.rate("extract (pages → Parquet, snappy, hashed) against reading the same rows and throwing them away",
			goalExtract, &f.extract, &f.discard),
		f.againstLoadData(),
		f.time(
			"the first load against a copy of the same rows, as `mysqldump | mysql` makes it",
			"≤ 0.8 × its time",
			goalCopy,
			&f.firstLoad,
			&f.copyAll,
		),
	}
	for i, shape := range scene.Shapes {
		out = append(
			out,
			f.time(rows(set.fewRows())+" changed rows, "+shape.Name+", whole run, against staging table + "+
				"DELETE + INSERT … SELECT", "≥ 1.5 × faster", goalMerge, &f.few[i].merge, &f.few[i].usual),
			f.few[i].transactions(),
		)
	}
	return append(
		out,
		f.time(rows(set.manyRows())+" changed rows, half of the table, against the same", "≥ 1.5 × faster", goalMerge,
			&f.many.merge, &f.many.usual),
		f.many.transactions(),
		f.rereads(),
		f.sizes(),
		f.memory(),
		f.sameMemory(),
		f.idleFirst(),
		f.idleIncremental(),
		f.nothingFound(),
		f.nothingCPU(),
		f.nothingStored(),
		f.time("first load of "+rows(set.rows)+" rows, five indexes built after it, against the same from the "+
			"start", "≤ 0.7 × its time", goalIndexes, &f.indexesAfter, &f.indexesBefore),
		f.staged(),
	)
}

// againstLoadData has a goal where the server allows what it is compared with.
func (f *figures) againstLoadData() finding {
	out := f.time("first load of "+scene.Number(int64(f.settings.rows))+" rows, whole run, against `LOAD DATA LOCAL` "+
		"of the same rows", "≤ 1.15 × its time, with `local_infile`", goalFirstLoad, &f.firstLoad, &f.loadAll)
	if out.verdict != notMeasured && f.flavor == servers.FlavorMySQL && !f.localInfile {
		out.verdict = noGoal
	}
	return out
}

func (f *figures) rereads() finding {
	out := finding{
		measure: "rows read again, and unchanged, whole run", goal: "≥ " + scene.Number(goalAgain) + " rows/s",
		verdict: notMeasured,
	}
	if f.again.measured() {
		out.figure, out.verdict = scene.Number(
			int64(f.again.rate()),
		)+" rows/s", verdictOf(
			f.again.rate() >= goalAgain,
		)
	}
	return out
}

func (f *figures) nothingCPU() finding {
	out := finding{
		measure: "its processor time in the worker and Temporal", goal: "≤ 50 ms", verdict: notMeasured,
	}
	if len(f.nothings) > 0 {
		var used float64 // of all runs together: a process counts its time in hundredths of a second
		for _, r := range f.nothings {
			if _, known := r.cpu[scene.Whose[3]]; !known {
				return out // it is not a server of ours
			}
			used += (r.cpu[scene.Whose[0]] + r.cpu[scene.Whose[3]]) / float64(len(f.nothings))
		}
		out.figure, out.verdict = fmt.Sprintf("%.0f ms", 1000*used), verdictOf(used <= goalNothingCPU)
	}
	return out
}

func (f *figures) nothingStored() finding {
	out := finding{measure: "what it adds to Temporal's database", goal: "≤ 20 KiB", verdict: notMeasured}
	if f.nothingBytes > 0 {
		out.figure = fmt.Sprintf("%.0f KiB", float64(f.nothingBytes)/1024)
		out.verdict = verdictOf(f.nothingBytes <= goalNothingBytes)
	}
	return out
}

// rate compares rows per second.
func (f *figures) rate(measure string, least float64, ours, theirs *sample) finding {
	out := finding{measure: measure, goal: fmt.Sprintf("≥ %.2f of its rows/s", least), verdict: notMeasured}
	if ours.measured() && theirs.measured() {
		mid, low, high := ratio(theirs, ours)
		out.figure = between("%.2f", mid, low, high)
		out.verdict = verdictOf(mid >= least)
	}
	return out
}

// time compares seconds.
func (f *figures) time(measure, goal string, most float64, ours, theirs *sample) finding {
	out := finding{measure: measure, goal: goal, verdict: notMeasured}
	if ours.measured() && theirs.measured() {
		mid, low, high := ratio(ours, theirs)
		out.figure = between("%.2f ×", mid, low, high)
		if strings.Contains(goal, "faster") {
			out.figure = between("%.1f × faster", 1/mid, 1/high, 1/low)
		}
		out.verdict = verdictOf(mid <= most)
	}
	return out
}

func (f *merging) transactions() finding {
	out := finding{
		measure: "longest transaction of that run against the longest of the usual way",
		goal:    "≤ 1/10 of its longest, or ≤ 0.3 s", verdict: notMeasured,
	}
	if len(f.merges) > 0 {
		ours := longest(f.merges)
		out.figure = fmt.Sprintf("%.2f s of %.2f s: 1/%.1f", ours, f.usualTransaction, f.usualTransaction/ours)
		out.verdict = verdictOf(ours <= max(goalShortest, goalTransaction*f.usualTransaction))
	}
	return out
}

func (f *figures) sizes() finding {
	out := finding{
		measure: fmt.Sprintf("%s changed rows in a table of %s against one of %s",
			scene.Number(int64(f.settings.incrementalRows())),
			scene.Number(int64(f.settings.bigRows())), scene.Number(int64(f.settings.smallRows()))),
		goal: "≤ 1.2 ×", verdict: notMeasured,
	}
	if f.large != nil {
		mid := f.large.incremental.median() / f.small.incremental.median()
		out.figure, out.verdict = fmt.Sprintf("%.2f ×", mid), verdictOf(mid <= goalSizes)
	}
	return out
}

func (f *figures) memory() finding {
	out := finding{measure: "worker's peak memory", goal: "≤ 200 MiB", verdict: notMeasured}
	if runs := f.allRuns(); len(runs) > 0 {
		peak := slices.Max(each(runs, func(r runFigures) float64 { return r.peakMiB }))
		out.figure, out.verdict = fmt.Sprintf("%.0f MiB", peak), verdictOf(peak <= goalMemory)
	}
	return out
}

func (f *figures) sameMemory() finding {
	out := finding{
		measure: fmt.Sprintf(
			"worker's peak memory with %s rows against %s",
			scene.Number(int64(f.settings.bigRows())),
			scene.Number(int64(f.settings.smallRows())),
		),
		goal: "equal within 10%", verdict: notMeasured,
	}
	if f.large != nil {
		more := f.large.peakMiB/f.small.peakMiB - 1
		out.figure = fmt.Sprintf("%.0f against %.0f MiB: %+.0f%%", f.large.peakMiB, f.small.peakMiB, 100*more)
		out.verdict = verdictOf(max(more, -more) <= goalSameMemory)
	}
	return out
}

func (f *figures) idleFirst() finding {
	out := finding{
		measure: "time the orchestration adds to a first load: no activity runs", goal: "≤ 5%",
		verdict: notMeasured,
	}
	if len(f.firstLoads) > 0 {
		share := median(each(f.firstLoads, func(r runFigures) float64 { return r.events.idle.Seconds() / r.seconds }))
		out.figure, out.verdict = fmt.Sprintf("%.1f%%", 100*share), verdictOf(share <= goalIdleFirst)
	}
	return out
}

func (f *figures) idleIncremental() finding {
	out := finding{
		measure: fmt.Sprintf("time the orchestration adds to an incremental run of %s rows",
			scene.Number(int64(f.settings.incrementalRows()))),
		goal: "≤ 1 s", verdict: notMeasured,
	}
	if f.small != nil {
		idle := median(each(f.small.runs[1:], func(r runFigures) float64 { return r.events.idle.Seconds() }))
		out.figure, out.verdict = fmt.Sprintf("%.2f s", idle), verdictOf(idle <= goalIdleSeconds)
	}
	return out
}

func (f *figures) nothingFound() finding {
	out := finding{measure: "an incremental run that finds nothing", goal: "≤ 0.25 s", verdict: notMeasured}
	if f.nothing.measured() {
		out.figure, out.verdict = fmt.Sprintf("%.2f s", f.nothing.median()),
			verdictOf(f.nothing.median() <= goalNothing)
	}
	return out
}

func (f *figures) staged() finding {
	out := finding{measure: "staged bytes per row against CSV", goal: "≤ 0.4", verdict: notMeasured}
	if len(f.firstLoads) > 0 && f.csvPerRow > 0 {
		r := f.firstLoads[0]
		ours := float64(r.result.StagedBytes) / float64(r.rows)
		out.figure = fmt.Sprintf("%.2f: %.0f of %.0f bytes", ours/f.csvPerRow, ours, f.csvPerRow)
		out.verdict = verdictOf(ours <= goalStaged*f.csvPerRow)
	}
	return out
}
