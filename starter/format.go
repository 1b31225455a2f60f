package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/dustin/go-humanize"
	"golang.org/x/term"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/human"
	domain "github.com/tablehaul/tablehaul/internal/table"
)

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// orNone is a watermark, or that there is none.
func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// terminal reports whether w is one.
func terminal(w any) bool {
	if inner, ok := w.(*frame); ok {
		w = inner.out
	}
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// terminalWidth is how many columns w has; 0 where it is no terminal.
func terminalWidth(w io.Writer) int {
	if inner, ok := w.(*frame); ok {
		w = inner.out
	}
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

type colour string

const (
	red    colour = "31"
	green  colour = "32"
	yellow colour = "33"
	bold   colour = "1"
)

// paint colours s on a terminal, unless NO_COLOR (no-color.org) or a dumb terminal forbids it.
func (a *app) paint(w io.Writer, c colour, s string) string {
	if !terminal(w) || a.getenv("NO_COLOR") != "" || a.getenv("TERM") == "dumb" {
		return s
	}
	return "\x1b[" + string(c) + "m" + s + "\x1b[0m"
}

// printResult prints what a run did.
func (a *app) printResult(r api.SyncTableResult) {
	about := ""
	if r.Approximate {
		about = "about "
	}
	total := seconds(r.Seconds[api.PhaseTotal])
	fmt.Fprintf(a.stdout, "%s → %s %s: %s in %s\n", r.Table, r.Target, a.paint(a.stdout, green, "done"), r.Mode, human.Duration(total))
	rate := ""
	if total > time.Second && r.RowsExtracted >= 1000 { // below that, it is the time that a run takes anyway
		rate = fmt.Sprintf(" (%s rows/s)", humanize.Comma(int64(float64(r.RowsExtracted)/total.Seconds())))
	}
	fmt.Fprintf(a.stdout, "  rows:       %s read%s; %s%s inserted, %s updated, %s unchanged\n",
		humanize.Comma(r.RowsExtracted), rate, about, humanize.Comma(r.Inserted), humanize.Comma(r.Updated), humanize.Comma(r.Unchanged))
	if r.NewerOnTarget > 0 {
		remedy := ""
		if r.Mode != api.ModeFirstLoad {
			remedy = ": tablehaul run " + r.Table + " --full makes them equal"
		}
		fmt.Fprintf(a.stdout, "  kept:       %s of the unchanged, newer on the target%s\n", human.Count(r.NewerOnTarget, "row"), remedy)
	}
	if r.Chunks > 0 {
		a.printFiles(r)
	}
	if r.Mode == api.ModeWhole {
		fmt.Fprintf(a.stdout, "  watermark:  none: the table has no cursor, every run reads it whole\n")
	} else {
		fmt.Fprintf(a.stdout, "  window:     %s\n  watermark:  %s\n", windowText(r.Window), orNone(r.Watermark))
	}
	if r.HeldBack != "" {
		fmt.Fprintf(a.stdout, "  held back:  %s\n", r.HeldBack)
	}
	a.printWarnings(r)
}

func (a *app) printWarnings(r api.SyncTableResult) {
	for _, text := range r.Warnings {
		fmt.Fprintf(a.stderr, "%s: %s: %s\n", r.Table, a.paint(a.stderr, yellow, "warning"), text)
	}
}

// windowText is a window, or that there is nothing in it.
func windowText(w domain.Window) string {
	if w.Lo == w.Hi && w.Lo != "" {
		return "empty: nothing above the watermark can be read yet"
	}
	return w.String()
}

func (a *app) printFiles(r api.SyncTableResult) {
	fmt.Fprintf(a.stdout, "  staged:     %s in %s\n", human.Size(r.StagedBytes), human.Count(r.Parts, "part"))
	fmt.Fprintf(a.stdout, "  chunks:     %s, the longest transaction %s\n", humanize.Comma(r.Chunks), human.Seconds(r.LongestTransaction))
}

// age is how long ago t was, to the second.
func age(t time.Time) string { return human.Duration(time.Since(t).Truncate(time.Second)) }
