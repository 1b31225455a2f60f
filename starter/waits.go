package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/remote"
)

// waitText says what a run waits for, since when, and why.
func waitText(w remote.Wait, now time.Time) string {
	if w.Step == "" {
		return "held back: " + w.Reason
	}
	var b strings.Builder
	b.WriteString("waiting")
	if !w.Since.IsZero() {
		fmt.Fprintf(&b, " for %s", human.Duration(now.Sub(w.Since)))
	}
	fmt.Fprintf(&b, ": %s", w.Step)
	if w.Steps > 1 {
		fmt.Fprintf(&b, " × %d", w.Steps)
	}
	if w.Attempt > 1 {
		fmt.Fprintf(&b, ", try %d", w.Attempt)
		switch left := w.Next.Sub(now); {
		case w.Next.IsZero():
			b.WriteString(" is under way")
		case left < time.Second:
			b.WriteString(" begins now")
		default:
			fmt.Fprintf(&b, " in %s", human.Duration(left.Round(time.Second)))
		}
	}
	b.WriteString("; ")
	if w.Type != "" {
		b.WriteString(w.Type + ": ")
	}
	b.WriteString(w.Reason)
	return b.String()
}

// waitCell is a wait in a few words, for a line that has more to say.
func waitCell(w remote.Wait, now time.Time) string {
	why := w.Type
	if why == "" {
		why = w.Step
	}
	if w.Since.IsZero() {
		return "waiting: " + why
	}
	return fmt.Sprintf("waiting %s: %s", human.Duration(now.Sub(w.Since)), why)
}

const (
	// minWait is how long a step waits before that gets a line of its own. Most waits end with the second attempt.
	minWait = 5 * time.Second
	// waitInterval is how often a wait that goes on is printed again.
	waitInterval = time.Minute
)

// waitPrinter prints the waits of a followed run: each when it begins, once a minute while it lasts, and when it ends.
type waitPrinter struct {
	print   func(text string)
	printed map[string]time.Time
}

func newWaitPrinter(print func(string)) *waitPrinter {
	return &waitPrinter{print: print, printed: map[string]time.Time{}}
}

// short reports whether a wait is likely to end before a person has read about it.
func short(w remote.Wait, now time.Time) bool {
	switch {
	case w.Step == "" || w.Type == failure.OpenTransactions || w.Type == failure.FilesIncomplete:
		return false
	case w.Since.IsZero():
		return w.Attempt == 2
	}
	return now.Sub(w.Since) < minWait
}

// update takes the run's waits as they are now.
func (p *waitPrinter) update(now time.Time, waits []remote.Wait) {
	current := map[string]bool{}
	for _, w := range waits {
		key := w.Key()
		current[key] = true
		last, known := p.printed[key]
		switch {
		case !known && short(w, now):
			delete(current, key)
		case !known, w.Step != "" && now.Sub(last) >= waitInterval:
			p.printed[key] = now
			p.print(waitText(w, now))
		}
	}
	for key := range p.printed {
		if current[key] {
			continue
		}
		delete(p.printed, key)
		if step, _, _ := strings.Cut(key, "\x00"); step != "" {
			p.print(step + " no longer waits; the run goes on")
		}
	}
}
