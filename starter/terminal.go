package main

import (
	"io"
	"os"
	"strings"
	"unicode/utf8"

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

// wrap breaks a text at spaces for the columns of a terminal; further lines are indented by so many columns. Elsewhere
// the text stays one line, for programs that read it.
func (a *app) wrap(text string, indent int) string {
	if width := terminalWidth(a.stdout); width > 0 {
		return wrapped(text, width, indent)
	}
	return text
}

// minWrapped is the fewest columns that a wrapped text has beside its indentation.
const minWrapped = 40

func wrapped(text string, width, indent int) string {
	var out strings.Builder
	at := 0
	for i, word := range strings.Split(text, " ") {
		size := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case at+1+size > max(width-indent, minWrapped):
			out.WriteString("\n" + strings.Repeat(" ", indent))
			at = 0
		default:
			out.WriteByte(' ')
			at++
		}
		out.WriteString(word)
		at += size
	}
	return out.String()
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
