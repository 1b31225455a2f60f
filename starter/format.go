package main

import (
	"fmt"
	"time"

	"github.com/tablehaul/tablehaul/internal/human"
)

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// orNone is a watermark, or "none".
func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// age is how long ago t was, to the second.
func age(t time.Time) string { return human.Duration(time.Since(t).Truncate(time.Second)) }

// printLine prints a line of a receipt: what it is about, and the text.
func (a *app) printLine(key, format string, args ...any) {
	fmt.Fprintf(a.stdout, "  %-10s %s\n", key, fmt.Sprintf(format, args...))
}
