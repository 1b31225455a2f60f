package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/tablehaul/tablehaul/internal/remote"
)

const (
	barWidth   = 28
	barRefresh = 200 * time.Millisecond
)

// bars shows one progress bar for each table.
type bars struct {
	container *mpb.Progress
	byTable   map[string]*tableBar // not changed after newBars
}

// tableBar is one bar. The library reads it to draw, while update writes it.
type tableBar struct {
	bar *mpb.Bar

	mu     sync.Mutex
	status remote.Progress
	meter  meter
	phase  string
	// narrow shows a percentage instead of numbers of rows.
	narrow bool
}

// narrowTerminal is the number of columns below which numbers of rows would be cut off.
const narrowTerminal = 64

func newBars(out io.Writer, tables []string) *bars {
	b := &bars{
		container: mpb.New(mpb.WithOutput(out), mpb.WithRefreshRate(barRefresh), mpb.WithAutoRefresh()),
		byTable:   map[string]*tableBar{},
	}
	width := terminalWidth(out)
	for _, name := range tables {
		t := &tableBar{phase: "starting", narrow: width > 0 && width < narrowTerminal}
		t.bar = b.container.AddBar(0, mpb.BarWidth(barWidth), mpb.PrependDecorators(decor.Name(name,
			decor.WCSyncSpaceR), decor.Any(t.text((*tableBar).phaseText), decor.WCSyncSpaceR)),
			mpb.AppendDecorators(decor.Any(t.text((*tableBar).rowsText), decor.WCSyncSpace), decor.Name("  "),
				decor.Any(t.text((*tableBar).speedText))))
		b.byTable[name] = t
	}
	return b
}

func (t *tableBar) text(f func(*tableBar) string) decor.DecorFunc {
	return func(decor.Statistics) string {
		t.mu.Lock()
		defer t.mu.Unlock()
		return f(t)
	}
}

func (t *tableBar) phaseText() string { return t.phase }

func (t *tableBar) rowsText() string {
	if t.status.RowsTotal == 0 && t.status.RowsExtracted == 0 {
		return ""
	}
	if t.narrow {
		return fmt.Sprintf("%d%%", 100*t.status.RowsWritten/max(1, total(t.status.Status)))
	}
	return fmt.Sprintf("%s/%s rows", humanize.Comma(t.status.RowsWritten), humanize.Comma(total(t.status.Status)))
}

func (t *tableBar) speedText() string {
	if w, ok := t.status.Stalled(); ok {
		return waitCell(w, time.Now()) // the full text is above the bars
	}
	if t.narrow {
		return ""
	}
	return speedText(t.status.Status, &t.meter)
}

func (b *bars) update(table string, p remote.Progress) {
	t := b.byTable[table]
	t.mu.Lock()
	t.status, t.phase = p, p.Phase
	t.meter.add(time.Now(), p.RowsWritten)
	t.mu.Unlock()
	t.bar.SetTotal(total(p.Status), false)
	t.bar.SetCurrent(p.RowsWritten)
}

// message prints a line above the bars, which stay at the bottom.
func (b *bars) message(table, text string) {
	fmt.Fprintf(b.container, "%s: %s\n", table, text)
}

func (b *bars) finish(table, outcome string, rows int64) {
	t := b.byTable[table]
	t.mu.Lock()
	if outcome == outcomeDone {
		// the exact number, no estimate
		t.status.RowsTotal, t.status.RowsExtracted, t.status.RowsWritten = rows, rows, rows
	}
	t.phase, t.meter, t.status.Waits = outcome, meter{}, nil
	t.mu.Unlock()
	if outcome == outcomeDone {
		t.bar.SetCurrent(max(rows, 1)) // an empty bar would look as if it had not begun
		t.bar.SetTotal(-1, true)       // a full bar, even where the estimate was higher
		return
	}
	t.bar.Abort(false)
}

func (b *bars) close() { b.container.Wait() }
