package remote

import (
	"cmp"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/human"
)

const (
	// SchedulePrefix begins the ids of schedules that schedule apply makes.
	SchedulePrefix = "tablehaul-"
	// verifyPrefix begins the ids of schedules of comparisons. No schedule of runs has such an id: IDText writes no @.
	verifyPrefix = "tablehaul-verify@"
	// deletesPrefix begins the ids of schedules of sweeps.
	deletesPrefix = "tablehaul-deletes@"
	// DepthDeletes stands for the depth of a sweep of deletes.
	DepthDeletes = "deletes"
	// scheduleMemo is the key of the table's name in a schedule's memo.
	scheduleMemo = "tablehaulTable"
	// catchUpWindow is how late a run may begin whose time passed while Temporal was down. A run reads everything since
	// the last one, so missed runs need no replacement. One hour keeps a restart of Temporal from skipping a nightly
	// run.
	catchUpWindow = time.Hour

	// PausedByFile is the note of a pause that schedulePaused makes. Only such a pause ends when the key is removed; a
	// pause by hand stays.
	PausedByFile = "paused by schedulePaused in the configuration"
	// ResumedByFile is the note of the end of such a pause.
	ResumedByFile = "resumed: the configuration no longer has schedulePaused"
)

// ScheduleSpec is what the configuration says of a table's schedule.
type ScheduleSpec struct {
	Table  string
	When   config.Schedule
	Jitter time.Duration
	Paused bool
	// Depth is that of the comparisons that the schedule starts, DepthDeletes of sweeps; "" is a schedule that starts
	// runs.
	Depth string
	// Share is how much of the table a comparison of depth sample compares.
	Share float64
	// PausedNote is the note of a pause by hand with which the schedule is made, "" for none: see KeepPauses.
	PausedNote string
}

// FirstPause is the note with which the schedule begins paused; "" where it begins running.
func (s ScheduleSpec) FirstPause() string {
	if s.PausedNote == "" && s.Paused {
		return PausedByFile
	}
	return s.PausedNote
}

// KeepPauses lets schedules that are still to be made begin with the pause of their table. A table is paused by hand
// where all of its schedules are; have[i] is the schedule of wanted[i], nil where there is none.
func KeepPauses(wanted []ScheduleSpec, have []*Schedule) {
	notes := map[string]string{}
	running := map[string]bool{}
	for i, one := range have {
		switch {
		case one == nil:
		case one.Paused && one.Note != PausedByFile:
			notes[wanted[i].Table] = cmp.Or(one.Note, "paused")
		default:
			running[wanted[i].Table] = true
		}
	}
	for i, one := range have {
		if tbl := wanted[i].Table; one == nil && !running[tbl] {
			wanted[i].PausedNote = notes[tbl]
		}
	}
}

// ID is the id of the schedule.
func (s ScheduleSpec) ID(queue string) string {
	switch s.Depth {
	case "":
	case DepthDeletes:
		return DeletesScheduleID(queue, s.Table)
	default:
		return VerifyScheduleID(queue, s.Table)
	}
	return ScheduleID(queue, s.Table)
}

// Schedule is a Temporal Schedule that starts runs of SyncTable, or comparisons by VerifyTable.
type Schedule struct {
	ID string `json:"scheduleId"`
	// Table is the table of its runs; empty where its input cannot be read.
	Table string `json:"table"`
	// Ours says that schedule apply has made it for this task queue. Tablehaul shows other schedules and never changes
	// them.
	Ours bool `json:"ours"`
	// Elsewhere says that its runs go to another task queue: it is of another deployment.
	Elsewhere bool `json:"-"`
	// When is the times as the configuration writes them, or OtherCalendar.
	When string `json:"when"`
	// Depth is that of the comparisons that it starts; empty where it starts runs.
	Depth  string        `json:"verify,omitempty"`
	Share  float64       `json:"-"`
	Jitter time.Duration `json:"-"`
	// Unexpected is what else differs from a schedule that apply makes, such as "overlap AllowAll".
	Unexpected string    `json:"unexpected,omitempty"`
	Paused     bool      `json:"paused"`
	Note       string    `json:"note,omitempty"`
	Next       time.Time `json:"next,omitzero"`
	Last       time.Time `json:"last,omitzero"`
}

// ScheduleID is the id of a table's schedule.
func ScheduleID(queue, tbl string) string {
	return api.OnQueue(queue, SchedulePrefix+api.IDText(tbl))
}

// VerifyScheduleID is the id of the schedule of a table's comparisons.
func VerifyScheduleID(queue, tbl string) string {
	return api.OnQueue(queue, verifyPrefix+api.IDText(tbl))
}

// DeletesScheduleID is the id of the schedule of a table's sweeps.
func DeletesScheduleID(queue, tbl string) string {
	return api.OnQueue(queue, deletesPrefix+api.IDText(tbl))
}

// scheduleIDs are the ids of the schedules that a table may have.
func scheduleIDs(queue, tbl string) []string {
	return []string{ScheduleID(queue, tbl), VerifyScheduleID(queue, tbl), DeletesScheduleID(queue, tbl)}
}

// tableOfSchedule reads the table back from ScheduleID, VerifyScheduleID or DeletesScheduleID.
func tableOfSchedule(queue, id string) string {
	if text, ok := strings.CutPrefix(id, deletesPrefix); ok {
		return api.TableOfID(queue, text)
	}
	if text, ok := strings.CutPrefix(id, verifyPrefix); ok {
		return api.TableOfID(queue, text)
	}
	return api.TableOfID(queue, strings.TrimPrefix(id, SchedulePrefix))
}

// Text is what the schedule begins and when, such as "5m, up to 30s later" of runs.
func (s Schedule) Text() string { return whenText(s.When, s.Jitter, s.Depth) }

// Text is what the schedule begins and when, such as "verify by digest: 24h, up to 30s later" of comparisons.
func (s ScheduleSpec) Text() string { return whenText(s.When.String(), s.Jitter, s.Depth) }

func whenText(when string, jitter time.Duration, depth string) string {
	if jitter > 0 {
		when += ", up to " + human.Duration(jitter) + " later"
	}
	if depth == DepthDeletes {
		return "sweep deletes: " + when
	}
	if depth != "" {
		when = "verify by " + depth + ": " + when
	}
	return when
}

// Actions of a Change.
const (
	ChangeCreate = "create"
	ChangeUpdate = "update"
	ChangeDelete = "delete"
	ChangePause  = "pause"
	ChangeResume = "resume"
	ChangeNone   = "none"
)

// Change is one change that makes a schedule match the configuration.
type Change struct {
	Action string `json:"action"`
	Table  string `json:"table"`
	ID     string `json:"scheduleId"`
	// From is the schedule as it is, To as it will be; each is empty where there is none.
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
	// Applied says that the change was made, Error why it was not.
	Applied bool   `json:"applied"`
	Error   string `json:"error,omitempty"`
	// Want is the schedule that Create and Update make.
	Want ScheduleSpec `json:"-"`
}

// Changes returns what makes a table's schedule match; have is nil where the table has none. The times and the pause
// may change together.
func Changes(queue string, want ScheduleSpec, have *Schedule) []Change {
	c := Change{Table: want.Table, ID: want.ID(queue), Want: want, Action: ChangeNone}
	if have == nil {
		c.Action, c.To = ChangeCreate, want.Text()
		if want.FirstPause() != "" {
			c.To += ", paused"
		}
		return []Change{c}
	}
	var out []Change
	if have.When != want.When.String() || have.Jitter != want.Jitter || have.Depth != want.Depth ||
		have.Share != want.Share || have.Unexpected != "" {
		update := c
		update.Action, update.From, update.To = ChangeUpdate, have.Text(), want.Text()
		if have.Unexpected != "" {
			update.From += ", " + have.Unexpected
		}
		out = append(out, update)
	}
	switch byFile := have.Note == PausedByFile; {
	case want.Paused && !have.Paused:
		c.Action, c.From, c.To = ChangePause, "running", "paused"
		out = append(out, c)
	case !want.Paused && have.Paused && byFile:
		c.Action, c.From, c.To = ChangeResume, "paused", "running"
		out = append(out, c)
	}
	if len(out) == 0 {
		c.From, c.To = have.Text(), have.Text()
		out = append(out, c)
	}
	return out
}

// Deletion is the change that deletes a schedule.
func Deletion(s Schedule) Change {
	return Change{Action: ChangeDelete, Table: s.Table, ID: s.ID, From: s.Text()}
}
