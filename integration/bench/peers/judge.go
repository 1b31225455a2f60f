package main

import (
	"fmt"

	"github.com/tablehaul/tablehaul/integration/bystanders"
)

// Goals beside the best of the others: the tool whose sides are equal afterwards and that took the least time.
const (
	// goalTime is how much of its time ours may take.
	goalTime = 0.7
	// goalOverIdle is how many times as long as alone the other clients may wait beside us, by their p99.
	goalOverIdle = 3.0
	// p99Noise is how many times the other clients' p99 beside the best of the others that beside ours may be. Of eight
	// first loads by ours, all the same, the p99 was 0.88 to 1.24 times its median.
	p99Noise = 1.25
)

// goals are those of [goals], and how far apart two turns of ours were.
func (p pass) goals() []string {
	lines := goals(p.results, p.idle)
	our := ours(p.results)
	if our == nil || !p.again.counts() {
		return lines
	}
	for i, first := range our.runs {
		again := p.again.runs[i]
		lines = append(lines, fmt.Sprintf("%s: ours once more, after all others: %.2f × the time, %.2f × the other "+
			"clients' p99", phase(i), again.seconds/first.seconds,
			milliseconds(again.fared.All.P99)/max(milliseconds(first.fared.All.P99), 0.1)))
	}
	return lines
}

// goals says for each run how we stand beside the best of the others, and what the other clients notice. Only tools
// that did the whole job count.
func goals(results []result, idle bystanders.Report) (lines []string) {
	our := ours(results)
	if our == nil {
		return nil
	}
	say := func(verdict, format string, args ...any) {
		lines = append(lines, fmt.Sprintf(format, args...)+": "+verdict)
	}
	for i, mine := range our.runs {
		p := phase(i)
		noticed := milliseconds(mine.fared.All.P99)
		if best := bestOfOthers(results, p); best != nil {
			theirs := best.runs[p]
			share := mine.seconds / theirs.seconds
			say(verdict(share, goalTime, goalTime), "%s: %.2f × the time of the best of the others (%s, %.1f s); goal "+
				"≤ %.1f ×", p, share, best.name, theirs.seconds, goalTime)
			if beside := milliseconds(theirs.fared.All.P99); beside > 0 {
				say(verdict(noticed/beside, 1, p99Noise), "%s: the other clients' p99 is %.1f ms, beside %s %.1f ms, "+
					"%.2f ×; goal ≤ 1 ×, and two runs of one tool differ by up to %.2f ×",
					p, noticed, best.name, beside, noticed/beside, p99Noise)
			}
		}
		if alone := milliseconds(idle.All.P99); alone > 0 {
			say(verdict(noticed/alone, goalOverIdle, goalOverIdle), "%s: the other clients' p99 is %.1f times that "+
				"alone; goal ≤ %.0f ×", p, noticed/alone, goalOverIdle)
		}
	}
	return lines
}

// verdict is the word for a figure beside its goal. A figure above it by less than two runs differ is neither.
func verdict(figure, goal, noise float64) string {
	switch {
	case figure <= goal:
		return "reached"
	case figure <= noise:
		return "within what two runs differ"
	}
	return "missed"
}

// bestOfOthers is the fastest tool besides ours that did the whole job, nil for none.
func bestOfOthers(results []result, p phase) (best *result) {
	for i, r := range results {
		if r.command != nil && r.counts() && (best == nil || r.runs[p].seconds < best.runs[p].seconds) {
			best = &results[i]
		}
	}
	return best
}
