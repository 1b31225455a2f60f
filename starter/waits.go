package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/workflows"
)

// progress is all that can be said of a run that is going on: what it says of itself, and what
// Temporal says of its steps.
type progress struct {
	workflows.Status
	// Waits takes the place of the status's own, which are among them.
	Waits []wait `json:"waits,omitempty"`
}

// wait is something that a run waits for, or that holds it back.
type wait struct {
	// Step is the activity that is tried again or does not end; empty where the run as a whole
	// is held back, and goes on.
	Step string `json:"step,omitempty"`
	// Steps counts equal waits, such as chunks that wait for the same server.
	Steps int `json:"steps,omitempty"`
	// Type is the failure's type, where the last try failed.
	Type   string `json:"type,omitempty"`
	Reason string `json:"reason"`
	// Attempt counts from 1 and is the highest of Steps.
	Attempt int `json:"attempt,omitempty"`
	// Since is when the first of Steps was asked for; zero where that is not known.
	Since time.Time `json:"since,omitzero"`
	// Next is when the next try begins; zero while one is under way.
	Next time.Time `json:"next,omitzero"`
}

// key is what makes two waits the same one, whatever time has passed.
func (w wait) key() string { return w.Step + "\x00" + w.Type }

// text says what is waited for, and why.
func (w wait) text(now time.Time) string {
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

// short is the wait in a few words, for a line that has more to say.
func (w wait) short(now time.Time) string {
	why := w.Type
	if why == "" {
		why = w.Step
	}
	if w.Since.IsZero() {
		return "waiting: " + why
	}
	return fmt.Sprintf("waiting %s: %s", human.Duration(now.Sub(w.Since)), why)
}

// pending is what Temporal says of a run's unfinished steps, those of its ranges included.
type pending struct {
	// Waits are those of steps.
	Waits []wait
	// Extracted counts rows that running extracts have read and that the run does not know of yet.
	Extracted int64
	// Closed is how the run has ended, such as "terminated"; empty while it runs.
	Closed string
}

// slow is how long a step that is not known to take long runs before that is worth a word.
const slow = 30 * time.Second

// slowSteps take long where there is much to do, so their age alone means nothing.
var slowSteps = map[string]bool{"ExtractIncremental": true, "WaitForFiles": true}

// add joins a wait to its like.
func (p *pending) add(w wait) {
	w.Steps = max(1, w.Steps)
	for i := range p.Waits {
		same := &p.Waits[i]
		if same.key() != w.key() {
			continue
		}
		same.Steps += w.Steps
		same.Attempt = max(same.Attempt, w.Attempt)
		same.Since = earlier(same.Since, w.Since)
		same.Next = earlier(same.Next, w.Next)
		return
	}
	p.Waits = append(p.Waits, w)
}

// earlier is the earlier of two times of which zero is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// join makes one answer of a run's own and of Temporal's.
func join(s workflows.Status, p pending) progress {
	out := progress{Status: s, Waits: p.Waits}
	out.RowsExtracted += p.Extracted
	for _, w := range s.Waits {
		out.Waits = append(out.Waits, wait{Reason: w.Reason, Since: w.Since})
	}
	out.Status.Waits = nil
	return out
}

// stalled is the first wait of a step, if any.
func (p progress) stalled() (wait, bool) {
	for _, w := range p.Waits {
		if w.Step != "" {
			return w, true
		}
	}
	return wait{}, false
}

const (
	// waitPatience is how long a step may wait before that is worth a line of its own: most
	// waits are over with the second try, and a short lock wait is everyday life.
	waitPatience = 5 * time.Second
	// waitInterval is how often a wait that goes on is repeated.
	waitInterval = time.Minute
)

// waitTeller decides which waits are told while a run is followed: each when it begins, once a
// minute while it lasts, and when it is over.
type waitTeller struct {
	say  func(text string)
	told map[string]time.Time
}

// young says that a wait may well be over before somebody has read of it.
func (w wait) young(now time.Time) bool {
	switch {
	case w.Step == "" || w.Type == failure.OpenTransactions:
		return false
	case w.Since.IsZero():
		return w.Attempt == 2
	}
	return now.Sub(w.Since) < waitPatience
}

func newWaitTeller(say func(string)) *waitTeller {
	return &waitTeller{say: say, told: map[string]time.Time{}}
}

func (t *waitTeller) tell(now time.Time, waits []wait) {
	seen := map[string]bool{}
	for _, w := range waits {
		key := w.key()
		seen[key] = true
		last, known := t.told[key]
		switch {
		case !known && w.young(now):
			delete(seen, key)
		case !known, w.Step != "" && now.Sub(last) >= waitInterval:
			t.told[key] = now
			t.say(w.text(now))
		}
	}
	for key := range t.told {
		step, _, _ := strings.Cut(key, "\x00")
		if seen[key] {
			continue
		}
		delete(t.told, key)
		if step != "" {
			t.say("goes on: " + step + " waits no more")
		}
	}
}
