package notify

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/human"
)

// Version is that of the structured half of a message. Fields are added, never re-used.
const Version = 1

// A Message is what the receiver gets: Text for people, in the field that Slack and its kin
// show, and the same in fields for programs.
type Message struct {
	Text   string `json:"text"`
	Fields Fields `json:"tablehaul"`
}

// Fields are the structured half of a message. Those that are not known are left out.
type Fields struct {
	Version int `json:"version"`
	// ID is the same for every try of one message.
	ID string `json:"id"`
	// Event is "failed", "stale", "recovered", "differs" or "equal".
	Event string    `json:"event"`
	Table string    `json:"table"`
	Time  time.Time `json:"time"`
	// FailedRuns counts the runs that failed since the last one that ended well.
	FailedRuns int      `json:"failedRuns"`
	Failure    *Failure `json:"failure,omitempty"`
	// FreshAt is the moment up to which the target holds what the source held, and LagSeconds its age at Time.
	FreshAt    *time.Time `json:"freshAt,omitempty"`
	LagSeconds float64    `json:"lagSeconds,omitempty"`
	// HeldBack is what keeps the watermark from rising.
	HeldBack string `json:"heldBack,omitempty"`
	// Verdicts counts the keys that differ, for the events of a comparison.
	Verdicts map[string]int64 `json:"verdicts,omitempty"`
	// Quarantine is missing where no row is in quarantine.
	Quarantine *Quarantine `json:"quarantine,omitempty"`
	WorkflowID string      `json:"workflowId,omitempty"`
	RunID      string      `json:"runId,omitempty"`
}

// Quarantine is what is in quarantine: how many rows, since when, and what the target said of the first.
type Quarantine struct {
	Rows   int64     `json:"rows"`
	Oldest time.Time `json:"oldest"`
	First  string    `json:"first,omitempty"`
}

// Failure is why the last run failed.
type Failure struct {
	Type    string `json:"type"`
	Message string `json:"message"`
}

// longestFailure bounds a failure's text in a message, in bytes: receivers refuse or cut long ones.
const longestFailure = 2000

// New writes the message of f. verb says in words what f.Event says.
func New(verb string, f Fields) Message {
	f.Version = Version
	var b strings.Builder
	fmt.Fprintf(&b, "Tablehaul: %s %s", f.Table, verb)
	if f.Failure != nil {
		f.Failure.Message = shorten(f.Failure.Message)
		fmt.Fprintf(&b, ": %s: %s", f.Failure.Type, f.Failure.Message)
	}
	b.WriteString(".")
	for i, verdict := range slices.Sorted(maps.Keys(f.Verdicts)) {
		b.WriteString([]string{" Rows by verdict: ", ", "}[min(i, 1)])
		fmt.Fprintf(&b, "%d %s", f.Verdicts[verdict], verdict)
	}
	if len(f.Verdicts) > 0 {
		b.WriteString(".")
	}
	if f.FreshAt != nil {
		fmt.Fprintf(&b, " The target is %s behind (as of %s).", human.Seconds(f.LagSeconds),
			f.FreshAt.UTC().Format("2006-01-02 15:04:05Z"))
	}
	if q := f.Quarantine; q != nil {
		fmt.Fprintf(&b, " In quarantine: %d since %s.", q.Rows, q.Oldest.UTC().Format("2006-01-02 15:04:05Z"))
	}
	if f.HeldBack != "" {
		fmt.Fprintf(&b, " Held back by %s.", f.HeldBack)
	}
	if f.WorkflowID != "" {
		fmt.Fprintf(&b, " Workflow %s.", f.WorkflowID)
	}
	switch f.Event {
	case "failed", "stale":
		fmt.Fprintf(&b, " What to do: tablehaul explain %s", human.Arg(f.Table))
	case "differs":
		fmt.Fprintf(&b, " What differs: tablehaul verify show %s", human.Arg(f.Table))
	}
	return Message{Text: escape.Replace(b.String()), Fields: f}
}

// escape keeps names and failures from being read as Slack's mark-up, such as <!channel>.
var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

func shorten(s string) string {
	if len(s) <= longestFailure {
		return s
	}
	return strings.ToValidUTF8(s[:longestFailure], "") + "…"
}

// encode is a message's JSON, with < and > as they are.
func encode(m any) ([]byte, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(m); err != nil {
		return nil, fmt.Errorf("encode the message: %w", err)
	}
	return []byte(b.String()), nil
}
