package remote

import (
	"time"

	"github.com/tablehaul/tablehaul/internal/api"
)

// Progress is how far a run is: what the run reports, and what Temporal knows of its pending steps.
type Progress struct {
	api.Status
	// Waits includes the waits of Status.
	Waits []Wait `json:"waits,omitempty"`
}

// Wait is something that delays a run.
type Wait struct {
	// Step is the activity that is tried again or does not end. It is empty where open transactions hold the run's
	// window back and the run itself goes on.
	Step string `json:"step,omitempty"`
	// Steps counts equal waits, such as chunks that wait for the same server.
	Steps int `json:"steps,omitempty"`
	// Type is the type of the last attempt's failure.
	Type   string `json:"type,omitempty"`
	Reason string `json:"reason"`
	// Attempt is the highest attempt of Steps, from 1.
	Attempt int `json:"attempt,omitempty"`
	// Since is when the first of Steps was scheduled; zero where that is unknown.
	Since time.Time `json:"since,omitzero"`
	// Next is when the next attempt begins; zero while one runs.
	Next time.Time `json:"next,omitzero"`
}

// Key is equal for two waits of the same step and failure type.
func (w Wait) Key() string { return w.Step + "\x00" + w.Type }

// Pending is what Temporal knows of a run's unfinished steps, those of its ranges included.
type Pending struct {
	Waits []Wait
	// Extracted counts rows that running extracts have read and that the run does not know of yet.
	Extracted int64
	// Closed is how the run has ended, such as "terminated"; empty while it runs.
	Closed string
	// Latest is the execution that goes on, of a run that may have continued as new.
	Latest Execution
}

// Add adds a wait, and joins it to one with the same key.
func (p *Pending) Add(w Wait) {
	w.Steps = max(1, w.Steps)
	for i := range p.Waits {
		same := &p.Waits[i]
		if same.Key() != w.Key() {
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

// earlier returns the earlier of two times. A zero time counts as none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// Join combines the status of a run with its pending steps.
func Join(s api.Status, p Pending) Progress {
	out := Progress{Status: s, Waits: p.Waits}
	out.RowsExtracted += p.Extracted
	for _, w := range s.Waits {
		out.Waits = append(out.Waits, Wait{Reason: w.Reason, Since: w.Since})
	}
	out.Status.Waits = nil
	return out
}

// Stalled returns the first wait of a step; false where no step waits.
func (p Progress) Stalled() (Wait, bool) {
	for _, w := range p.Waits {
		if w.Step != "" {
			return w, true
		}
	}
	return Wait{}, false
}
