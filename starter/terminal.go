package main

import (
	"io"
	"os"

	"golang.org/x/term"
)

// terminal reports whether w is a terminal.
func terminal(w any) bool {
	if inner, ok := w.(*frame); ok {
		w = inner.out
	}
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// terminalWidth is the number of columns of w; 0 where w is no terminal.
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

// paint colours s on a terminal, unless NO_COLOR (no-color.org) is set or the terminal is dumb.
func (a *app) paint(w io.Writer, c colour, s string) string {
	if !terminal(w) || a.getenv("NO_COLOR") != "" || a.getenv("TERM") == "dumb" {
		return s
	}
	return "\x1b[" + string(c) + "m" + s + "\x1b[0m"
}
