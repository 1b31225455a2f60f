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

// minWatch is the shortest interval of --watch. Each status asks the state workflow of every table.
const minWatch = 500 * time.Millisecond

// frame collects the output of one status. Colours and widths are those of the writer behind it.
type frame struct {
	bytes.Buffer
	out io.Writer
}

// watch calls show again and again until ctx ends. On a terminal each output replaces the one before. An error is part
// of the output, and does not end watch.
func (a *app) watch(ctx context.Context, every time.Duration, show func(ctx context.Context, a *app) error) error {
	inPlace := terminal(a.stdout) && !a.json() && a.getenv("TERM") != "dumb"
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
		if inPlace {
			shown, lines = a.inPlace(shown, lines)
		} else if !a.json() {
			shown += "\n"
		}
		fmt.Fprint(a.stdout, shown)
		if clock.Sleep(ctx, max(every, 3*took)) != nil { // longer where there are many tables, or Temporal is busy
			return &exitError{code: exitStopped}
		}
	}
}

// inPlace makes shown replace the lines before it, and returns the number of its lines. It leaves out what does not fit
// on the screen, because a terminal cannot move up beyond its first line.
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
			out, rows = append(out, fmt.Sprintf("… %d more lines", len(all)-i)), rows+1
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

// screen is the size of the terminal w; 0 where w is no terminal.
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
