package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"

	"github.com/tablehaul/tablehaul/internal/clock"
)

// minWatch keeps --watch from becoming a load: every look asks each table's owner.
const minWatch = 500 * time.Millisecond

// frame collects what is shown at once; colours and widths are those of the writer behind it.
type frame struct {
	bytes.Buffer
	out io.Writer
}

// watch shows something anew until ctx ends: in place on a terminal, one below the other
// elsewhere. An error is shown, and the next look may be better.
func (a *app) watch(ctx context.Context, every time.Duration, show func(ctx context.Context, a *app) error) error {
	place := terminal(a.stdout) && !a.json() && a.getenv("TERM") != "dumb"
	lines := 0
	for {
		f := &frame{out: a.stdout}
		inner := *a
		inner.stdout, inner.stderr = f, f
		if a.json() {
			inner.stderr = a.stderr
		} else {
			fmt.Fprintf(f, "every %s; %s; Ctrl-C ends it\n", every, time.Now().Format("15:04:05"))
		}
		begun := time.Now()
		err := show(ctx, &inner)
		took := time.Since(begun)
		if ctx.Err() != nil {
			return &exitError{code: exitStopped}
		}
		if err != nil {
			fmt.Fprintf(inner.stderr, "%s\n", err.Error())
		}
		shown := f.String()
		if place {
			shown, lines = a.inPlace(shown, lines)
		} else if !a.json() {
			shown += "\n"
		}
		fmt.Fprint(a.stdout, shown)
		if clock.Sleep(ctx, max(every, 3*took)) != nil { // many tables, or a busy Temporal: less often
			return &exitError{code: exitStopped}
		}
	}
}

// inPlace makes shown take the place of the lines before it, and returns how many it has. What
// does not fit on the screen is left out, since a terminal cannot go up beyond its first line.
func (a *app) inPlace(shown string, before int) (string, int) {
	width, height := screen(a.stdout)
	var out []string
	rows := 0
	all := strings.Split(strings.TrimSuffix(shown, "\n"), "\n")
	for i, line := range all {
		need := 1
		if n := text.StringWidthWithoutEscSequences(line); width > 0 && n > width {
			need = (n + width - 1) / width
		}
		if height > 0 && rows+need > height-2 && i < len(all)-1 {
			out, rows = append(out, fmt.Sprintf("… %d lines more", len(all)-i)), rows+1
			break
		}
		out, rows = append(out, line), rows+need
	}
	back := ""
	if before > 0 {
		back = fmt.Sprintf("\x1b[%dA\r\x1b[J", before)
	}
	return back + strings.Join(out, "\n") + "\n", rows
}

// screen is the size of the terminal that w is; 0 where it is none.
func screen(w io.Writer) (width, height int) {
	f, ok := w.(*os.File)
	if !ok {
		return 0, 0
	}
	width, height, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0, 0
	}
	return width, height
}
