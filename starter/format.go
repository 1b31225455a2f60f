package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/tablehaul/tablehaul/internal/api"
	domain "github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/workflows"
)

// number is n with commas: 1,000,000.
func number(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// size is n bytes to three digits.
func size(n int64) string {
	if n < 1<<10 {
		return number(n) + " B"
	}
	f, unit := float64(n), ""
	for _, unit = range []string{"KiB", "MiB", "GiB", "TiB"} {
		if f /= 1 << 10; f < 1<<10 {
			break
		}
	}
	return strconv.FormatFloat(f, 'f', 1, 64) + " " + unit
}

// span is a duration as people say it: 350ms, 4.2s, 3m10s, 2h5m.
func span(d time.Duration) string {
	switch {
	case d < 0:
		return "0s"
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < 10*time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d < time.Hour:
		return d.Round(time.Second).String()
	default:
		return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
	}
}

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
func (a *app) printResult(r workflows.SyncTableResult) {
	about := ""
	if r.Approximate {
		about = "about "
	}
	total := seconds(r.Seconds[workflows.PhaseTotal])
	fmt.Fprintf(a.stdout, "%s → %s %s: %s in %s\n", r.Table, r.Target, a.paint(a.stdout, green, "done"), r.Mode, span(total))
	rate := ""
	if total > time.Second && r.RowsExtracted >= 1000 { // below that, it is the time that a run takes anyway
		rate = fmt.Sprintf(" (%s rows/s)", number(int64(float64(r.RowsExtracted)/total.Seconds())))
	}
	fmt.Fprintf(a.stdout, "  rows:       %s read%s; %s%s inserted, %s updated, %s unchanged\n",
		number(r.RowsExtracted), rate, about, number(r.Inserted), number(r.Updated), number(r.Unchanged))
	if r.NewerOnTarget > 0 {
		remedy := ""
		if r.Mode != api.ModeFirstLoad {
			remedy = ": tablehaul run " + r.Table + " --full makes them equal"
		}
		fmt.Fprintf(a.stdout, "  kept:       %s of the unchanged, newer on the target%s\n", plural(r.NewerOnTarget, "row"), remedy)
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

func (a *app) printWarnings(r workflows.SyncTableResult) {
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

func (a *app) printFiles(r workflows.SyncTableResult) {
	fmt.Fprintf(a.stdout, "  staged:     %s in %s\n", size(r.StagedBytes), plural(r.Parts, "part"))
	fmt.Fprintf(a.stdout, "  chunks:     %s, the longest transaction %s\n", number(r.Chunks), span(seconds(r.LongestTransaction)))
}

func plural(n int64, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return number(n) + " " + word + "s"
}
