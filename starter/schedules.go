package main

import (
	"context"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/human"
)

// schedules is what the commands ask of Temporal's Schedules.
type schedules interface {
	// listSchedules are all that start SyncTable, ours and others; one made just now may be
	// missing. In short it is fast and leaves out Odd.
	listSchedules(ctx context.Context, inShort bool) ([]schedule, error)
	// describeSchedule is one of them as it is now; false where there is none.
	describeSchedule(ctx context.Context, id string) (schedule, bool, error)
	createSchedule(ctx context.Context, want scheduleSpec) error
	// updateSchedule gives a schedule what is wanted, and leaves its pause alone.
	updateSchedule(ctx context.Context, want scheduleSpec) error
	deleteSchedule(ctx context.Context, id string) error
	pauseSchedule(ctx context.Context, id, note string) error
	resumeSchedule(ctx context.Context, id, note string) error
	// triggerSchedule starts a run now.
	triggerSchedule(ctx context.Context, id string) error
}

// scheduleSpec is what the configuration wants of a table's schedule.
type scheduleSpec struct {
	table  string
	when   config.Schedule
	jitter time.Duration
	paused bool
}

// schedule is a Temporal Schedule that starts runs.
type schedule struct {
	ID string `json:"scheduleId"`
	// Table is what it runs; empty where its input cannot be read.
	Table string `json:"table"`
	// Ours says that schedule apply has made it for workers of our task queue: others are shown,
	// and never touched.
	Ours bool `json:"ours"`
	// When is as the configuration writes it, or words where it cannot.
	When   string        `json:"when"`
	Jitter time.Duration `json:"-"`
	// Odd is what else is not as schedule apply makes it, such as "overlap AllowAll".
	Odd    string    `json:"odd,omitempty"`
	Paused bool      `json:"paused"`
	Note   string    `json:"note,omitempty"`
	Next   time.Time `json:"next,omitzero"`
	Last   time.Time `json:"last,omitzero"`
}

const (
	// schedulePrefix begins the ids of our schedules; scheduleMemo is the key of their memo.
	schedulePrefix = "tablehaul-"
	scheduleMemo   = "tablehaulTable"
	// scheduleCatchUp is how late a run may begin whose time came while Temporal was down. A run
	// reads all that its predecessors did not, so there is nothing to catch up with but time; an
	// hour, so that a nightly run is not left out by a restart of Temporal.
	scheduleCatchUp = time.Hour
	// pausedByFile is the note of a pause that schedulePaused made: only such a one ends when
	// the key goes. A pause by hand stays until somebody ends it.
	pausedByFile  = "paused by schedulePaused in the configuration"
	resumedByFile = "resumed: schedulePaused is gone from the configuration"
)

// scheduleID is the id of a table's schedule.
func scheduleID(queue, tbl string) string {
	return api.OnQueue(queue, schedulePrefix+api.IDText(tbl))
}

// tableOfSchedule reads back what scheduleID wrote.
func tableOfSchedule(queue, id string) string {
	return api.TableOfID(queue, strings.TrimPrefix(id, schedulePrefix))
}

// text is when a schedule begins runs, in one cell.
func (s schedule) text() string { return whenText(s.When, s.Jitter) }

func (w scheduleSpec) text() string { return whenText(w.when.String(), w.jitter) }

func whenText(when string, jitter time.Duration) string {
	if jitter > 0 {
		return when + ", up to " + human.Duration(jitter) + " later"
	}
	return when
}

// What schedule apply does.
const (
	changeCreate = "create"
	changeUpdate = "update"
	changeDelete = "delete"
	changePause  = "pause"
	changeResume = "resume"
	changeNone   = "none"
)

// change is one line of schedule apply's diff.
type change struct {
	Action string `json:"action"`
	Table  string `json:"table"`
	ID     string `json:"scheduleId"`
	// From is how it is, To how it will be; each is empty where there is nothing.
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
	// Applied says that it has been done, Error why it could not be.
	Applied bool   `json:"applied"`
	Error   string `json:"error,omitempty"`

	want scheduleSpec
}

// changesOf is what makes one schedule match; have is nil where there is none. A change of times
// and one of the pause may come together.
func changesOf(queue string, want scheduleSpec, have *schedule) []change {
	c := change{Table: want.table, ID: scheduleID(queue, want.table), want: want, Action: changeNone}
	if have == nil {
		c.Action, c.To = changeCreate, want.text()
		if want.paused {
			c.To += ", paused"
		}
		return []change{c}
	}
	var out []change
	if have.When != want.when.String() || have.Jitter != want.jitter || have.Odd != "" {
		up := c
		up.Action, up.From, up.To = changeUpdate, have.text(), want.text()
		if have.Odd != "" {
			up.From += ", " + have.Odd
		}
		out = append(out, up)
	}
	switch byFile := have.Note == pausedByFile; {
	case want.paused && !have.Paused:
		c.Action, c.From, c.To = changePause, "running", "paused"
		out = append(out, c)
	case !want.paused && have.Paused && byFile:
		c.Action, c.From, c.To = changeResume, "paused", "running"
		out = append(out, c)
	}
	if len(out) == 0 {
		c.From, c.To = have.text(), have.text()
		out = append(out, c)
	}
	return out
}
