package main

import (
	"fmt"
	"io"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/remote"
)

// display shows the progress of several tables. Its methods may be called from any goroutine.
type display interface {
	// update shows the progress of a run.
	update(table string, p remote.Progress)
	// message prints a line that is not progress.
	message(table, text string)
	// finish ends the progress of a table. rows counts only where the outcome is done.
	finish(table, outcome string, rows int64)
	// close returns when everything is printed.
	close()
}

// display returns bars on a terminal, and lines otherwise.
func (a *app) display(tables []string) display {
	switch {
	case a.quiet:
		return quiet{io.Discard}
	case a.json():
		return quiet{a.stderr}
	case terminal(a.stdout) && a.getenv("TERM") != "dumb":
		return newBars(a.stdout, tables)
	default:
		return newLines(a.stdout, a.stderr, len(tables) > 1, time.Now)
	}
}

// quiet prints messages only.
type quiet struct{ stderr io.Writer }

func (q quiet) update(string, remote.Progress) {}
func (q quiet) message(table, text string)     { fmt.Fprintf(q.stderr, "%s: %s\n", table, text) }
func (q quiet) finish(string, string, int64)   {}
func (q quiet) close()                         {}

// lineInterval is how often a line repeats within a phase, so that logs stay short.
const lineInterval = 5 * time.Second

// lines prints one line for each phase, and one every few seconds while rows move.
type lines struct {
	out, err io.Writer
	// several prints a line at the end of each table: the results follow when all tables have ended.
	several bool
	now     func() time.Time

	mu   sync.Mutex
	last map[string]*lastLine
}

type lastLine struct {
	meter meter
	phase string
	text  string
	at    time.Time
}

func newLines(out, err io.Writer, several bool, now func() time.Time) *lines {
	return &lines{out: out, err: err, several: several, now: now, last: map[string]*lastLine{}}
}

func (l *lines) update(table string, p remote.Progress) {
	l.mu.Lock()
	defer l.mu.Unlock()
	last := l.last[table]
	if last == nil {
		last = &lastLine{}
		l.last[table] = last
	}
	now := l.now()
	last.meter.add(now, p.RowsWritten)
	text := progressText(p, &last.meter) // waits are printed as messages
	same := p.Phase == last.phase && (text == last.text || now.Sub(last.at) < lineInterval)
	if same {
		return
	}
	last.phase, last.text, last.at = p.Phase, text, now
	fmt.Fprintf(l.out, "%s: %s\n", table, text)
}

func (l *lines) message(table, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(l.err, "%s: %s\n", table, text)
}

func (l *lines) finish(table, outcome string, _ int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.several {
		fmt.Fprintf(l.out, "%s: %s\n", table, outcome)
	}
}

func (l *lines) close() {}

// progressText is the progress of a run in one line.
func progressText(p remote.Progress, m *meter) string {
	s := p.Status
	parts := []string{s.Phase}
	if s.Mode != "" {
		parts[0] = s.Mode + ", " + s.Phase
	}
	if s.Ranges > 1 {
		current := humanize.Comma(min(s.RangesDone+1, s.Ranges))
		parts = append(parts, fmt.Sprintf("range %s of %s", current, humanize.Comma(s.Ranges)))
	}
	if s.RowsExtracted > 0 || s.RowsWritten > 0 {
		parts = append(parts, rowsText(s))
	}
	if s.ChunkRows > 0 {
		parts = append(parts, fmt.Sprintf("the target is slow: chunks of %s, %d at a time",
			human.Count(s.ChunkRows, "row"), s.WriteLimit))
	}
	if _, stalled := p.Stalled(); stalled {
		return strings.Join(parts, "; ") // the speed before the wait says nothing about the time left
	}
	if speed := speedText(s, m); speed != "" {
		parts = append(parts, speed)
	}
	return strings.Join(parts, "; ")
}

func rowsText(s api.Status) string {
	switch {
	case s.Mode == api.ModeVerify && s.RowsTotal > 0:
		return fmt.Sprintf("%s of about %s compared", humanize.Comma(s.RowsExtracted),
			human.Count(s.RowsTotal, "row"))
	case s.Mode == api.ModeVerify:
		return human.Count(s.RowsExtracted, "row") + " compared"
	}
	if s.RowsTotal > 0 {
		return fmt.Sprintf("%s of about %s written, %s read",
			humanize.Comma(s.RowsWritten), human.Count(s.RowsTotal, "row"), humanize.Comma(s.RowsExtracted))
	}
	return fmt.Sprintf("%s written, %s read", human.Count(s.RowsWritten, "row"), humanize.Comma(s.RowsExtracted))
}

func speedText(s api.Status, m *meter) string {
	rate := m.rate()
	if rate < 1 {
		return ""
	}
	text := humanize.Comma(int64(rate)) + " rows/s"
	if left := total(s) - s.RowsWritten; left > 0 {
		text += ", " + human.Seconds(math.Round(float64(left)/rate)) + " left"
	}
	return text
}

// total is the expected number of rows. An estimate may be too low.
func total(s api.Status) int64 { return max(s.RowsTotal, s.RowsExtracted, s.RowsWritten) }

// meterWindow is the time over which a rate is an average. It is longer than a chunk takes, and short enough to show
// that a run has stopped.
const meterWindow = 20 * time.Second

// meter measures rows per second over meterWindow.
type meter struct{ samples []sample }

type sample struct {
	at   time.Time
	rows int64
}

func (m *meter) add(at time.Time, rows int64) {
	if rows == 0 {
		m.samples = nil // the time before the first row does not count
	}
	m.samples = append(m.samples, sample{at, rows})
	for len(m.samples) > 2 && at.Sub(m.samples[1].at) >= meterWindow {
		m.samples = m.samples[1:]
	}
}

func (m *meter) rate() float64 {
	if len(m.samples) < 2 {
		return 0
	}
	first, last := m.samples[0], m.samples[len(m.samples)-1]
	elapsed := last.at.Sub(first.at).Seconds()
	if elapsed <= 0 {
		return 0
	}
	return float64(last.rows-first.rows) / elapsed
}
