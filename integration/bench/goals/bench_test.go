package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/integration/bench/machine"
	"github.com/tablehaul/tablehaul/integration/scene"
	"github.com/tablehaul/tablehaul/workflows"
)

func env(of map[string]string) func(string) string {
	return func(name string) string { return of[name] }
}

func TestSettingsAreReadAndRefused(t *testing.T) {
	s, err := readSettings(env(nil))
	require.NoError(t, err)
	require.Equal(t, settings{
		rows: 2_000_000, big: true, servers: allServers,
		report: "docs/benchmarks.md",
	}, s)
	require.Equal(t, 50_000, s.incrementalRows())
	require.Equal(t, 1_000_000, s.smallRows())
	require.Equal(t, 10_000_000, s.bigRows())

	s, err = readSettings(
		env(map[string]string{"ROWS": "105000", "BIG": "0", "FLAVOR": "mariadb", "GOALS": "strict"}),
	)
	require.NoError(t, err)
	require.Equal(t, settings{rows: 100_000, servers: allServers[2:], strict: true}, s)

	for name, value := range map[string]string{
		"ROWS": "many", "BIG": "yes", "FLAVOR": "oracle", "GOALS": "soft",
		"ONLY": "changes", "LOCAL_INFILE": "maybe",
	} {
		_, err = readSettings(env(map[string]string{name: value}))
		require.ErrorContains(t, err, name+"="+value)
	}
}

func TestRatiosCompareWhatWasMeasuredTogether(t *testing.T) {
	require.InDelta(t, 2.5, median([]float64{4, 1, 3, 2}), 0)
	a, b := &sample{rows: 100, seconds: []float64{2, 4, 3}}, &sample{rows: 100, seconds: []float64{1, 4, 2}}
	mid, low, high := ratio(a, b)
	require.InDelta(t, 1.5, mid, 0)
	require.InDelta(t, 1, low, 0)
	require.InDelta(t, 2, high, 0)
	once := &sample{seconds: []float64{6}}
	mid, low, high = ratio(once, b)
	require.InDelta(t, 3, mid, 0)
	require.InDelta(t, 1.5, low, 0)
	require.InDelta(t, 6, high, 0)
	require.InDelta(t, 50, b.rate(), 0)
	require.Equal(t, "1.00–4.00 s, 3 times", b.spread())
}

func TestAFileHoldsTheRows(t *testing.T) {
	path := t.TempDir() + "/rows.tsv"
	csv, err := writeOrders(path, 1, 25_000)
	require.NoError(t, err)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	require.Len(t, lines, 25_000)
	require.InDelta(t, len(text), csv, 3*25_000) // two quotes around a note, and no \N
	row := 0
	for o := range scene.Orders(1, 25_000) {
		for col, field := range strings.Split(lines[row], "\t") {
			if field == `\N` {
				require.Nil(t, o.Texts[col])
				continue
			}
			require.Equal(t, field, string(o.Texts[col]))
		}
		row++
	}
}

func sampleOf(rows int64, seconds ...float64) sample { return sample{rows: rows, seconds: seconds} }

func someFigures() *figures {
	counts := workflows.Counts{StagedBytes: 40 * 1000, LongestTransaction: 0.1}
	run := runFigures{
		name: "a run", rows: 1000, seconds: 10, result: workflows.SyncTableResult{Counts: counts},
		events: eventFigures{parent: 10, children: 20, ranges: 2, idle: 400 * time.Millisecond},
		cpu:    scene.CPUTimes{"worker": 5}, peakMiB: 100,
	}
	size := func(seconds, peak float64) *sizeFigures {
		return &sizeFigures{incremental: sampleOf(50, seconds), runs: []runFigures{run, run}, peakMiB: peak}
	}
	few := merging{
		merge: sampleOf(100, 1), usual: sampleOf(100, 3), merges: []runFigures{run}, usualTransaction: 2,
	}
	loaded := sampleOf(1000, 9)
	loaded.cpu = scene.CPUTimes{"worker": 2}
	return &figures{
		serverSettings: allServers[0], version: "9.7.0-debian", settings: settings{rows: fullRows, big: true},
		extract: sampleOf(1000, 1), discard: sampleOf(1000, 0.7),
		firstLoad: sampleOf(1000, 10), loadAll: loaded, copyAll: sampleOf(1000, 12),
		firstLoads: []runFigures{run}, csvPerRow: 120,
		few: [3]merging{few, few, few},
		many: merging{
			merge: sampleOf(500, 1), usual: sampleOf(500, 1.5), merges: []runFigures{run},
			usualTransaction: 0.5,
		},
		again: sampleOf(500, 0.01), agains: []runFigures{{peakMiB: 150}}, nothing: sampleOf(0, 0.5),
		nothings:     []runFigures{{cpu: scene.CPUTimes{"worker": 0.02, "Temporal server": 0.02}}},
		nothingBytes: 21 << 10, indexesBefore: sampleOf(1000, 10), indexesAfter: sampleOf(1000, 6),
		small: size(1, 100), large: size(1.5, 105),
	}
}

func TestGoalsAreJudgedByTheFigures(t *testing.T) {
	var got []string
	for _, f := range someFigures().findings() {
		got = append(got, f.figure+" "+string(f.verdict))
	}
	require.Equal(t, []string{
		"0.70 met", "1.11 × no goal with `local_infile` OFF", "0.83 × missed", "3.0 × faster met",
		"0.10 s of 2.00 s: 1/20.0 met", "3.0 × faster met", "0.10 s of 2.00 s: 1/20.0 met", "3.0 × faster met",
		"0.10 s of 2.00 s: 1/20.0 met", "1.5 × faster met", "0.10 s of 0.50 s: 1/5.0 met", "50,000 rows/s missed",
		"1.50 × missed",
		"150 MiB met", "105 against 100 MiB: +5% met",
		"4.0% met", "0.40 s met", "0.50 s missed", "40 ms met", "21 KiB missed",
		"0.60 × met", "0.33: 40 of 120 bytes met",
	}, got)
	none := (&figures{}).findings()
	require.Len(t, none, len(got))
	for _, f := range none {
		require.Equal(t, notMeasured, f.verdict, f.measure)
	}
}

func TestTheReportSaysWhatIsMissed(t *testing.T) {
	r := report{
		settings: settings{rows: fullRows}, machine: machine.Machine{CPU: "a processor", Cores: 2},
		servers: []*figures{someFigures()},
	}
	require.Equal(t, 5, r.missed())
	text := r.markdown()
	require.Contains(t, text, "- MySQL 9.7.0: an incremental run that finds nothing: 0.50 s; the goal is ≤ 0.25 s")
	require.Contains(t, text, "| MySQL 9.7.0 | a run, 1,000 rows | 5.00 | not known |")
	require.Contains(t, text, "| MySQL 9.7.0 | `LOAD DATA LOCAL` of the same, 1,000 rows | 2.00 | not known |")
	require.NotContains(t, text, "scanned into RawBytes", "it was not measured")
	require.Contains(t, text, "a processor, 2 cores")
	var printed strings.Builder
	r.print(&printed)
	require.Contains(t, printed.String(), "20 in 2")
}
