package owner

import (
	"strings"
	"time"
)

// Events of which the webhook is notified.
const (
	// EventFailed: a run failed, and the one before it had not.
	EventFailed = "failed"
	// EventStale: the target is further behind the source than the table's staleAfter.
	EventStale = "stale"
	// EventRecovered: neither of both any more, after the webhook was notified of one.
	EventRecovered = "recovered"
	// EventDiffers: a comparison found rows that differ, and the one before it had not.
	EventDiffers = "differs"
	// EventEqual: a comparison found none any more, after the webhook was notified of some.
	EventEqual = "equal"
	// EventQuarantined: rows are in quarantine, and none was before.
	EventQuarantined = "quarantined"
	// EventDeletesHeld: a guard has stopped a sweep of deletes, and had not stopped the one before it.
	EventDeletesHeld = "deletesHeld"
)

// EventText is what has become of a table, as a verb.
func EventText(event string) string {
	return map[string]string{
		EventFailed: "failed", EventStale: "is stale", EventRecovered: "has recovered",
		EventDiffers: "differs from its target", EventEqual: "equals its target again",
		EventQuarantined: "has rows in quarantine", EventDeletesHeld: "has deletes that a guard holds",
	}[event]
}

// NoticeSettings say that the webhook is notified of a table, and when the table is stale.
type NoticeSettings struct {
	// StaleAfter is the freshness lag beyond which the table is stale; 0 is never. StaleByDefault says that the
	// configuration does not set it: a table with a DATE cursor then has DateMargin more.
	StaleAfter     time.Duration `json:"staleAfter,omitempty"`
	StaleByDefault bool          `json:"staleByDefault,omitempty"`
}

// Notices is what a state keeps of the notified events, so that each event is sent once,
// however many runs fail and workers are restarted.
type Notices struct {
	NoticeSettings
	NotifiedFailed bool `json:"notifiedFailed,omitempty"`
	NotifiedStale  bool `json:"notifiedStale,omitempty"`
	// NotifiedDiffers: the webhook was notified that rows differ.
	NotifiedDiffers bool `json:"notifiedDiffers,omitempty"`
	// NotifiedQuarantine: the webhook was notified of rows in quarantine. It is forgotten when none is left.
	NotifiedQuarantine bool `json:"notifiedQuarantine,omitempty"`
	// NotifiedDeletes: the webhook was notified of a held sweep. It is forgotten when a sweep is not held.
	NotifiedDeletes bool `json:"notifiedDeletes,omitempty"`
}

// NoticesWith is n under new settings; nil settings forget the notified events.
func NoticesWith(n *Notices, settings *NoticeSettings) *Notices {
	if settings == nil {
		return nil
	}
	if n == nil {
		n = &Notices{}
	}
	next := *n
	next.NoticeSettings = *settings
	return &next
}

// Due is the event to send next, "" for none.
func (s State) Due(now time.Time) string {
	n := s.Notices
	if n == nil {
		return ""
	}
	failing, stale := s.FailedRuns > 0, s.stale(now)
	differs := s.LastVerify.IsOpen()
	switch {
	case failing && !n.NotifiedFailed:
		return EventFailed
	case stale && !n.NotifiedStale:
		return EventStale
	case differs && !n.NotifiedDiffers:
		return EventDiffers
	case !differs && n.NotifiedDiffers:
		return EventEqual
	case s.Quarantine.Rows() > 0 && !n.NotifiedQuarantine:
		return EventQuarantined
	case s.LastSweep != nil && s.LastSweep.Held != "" && !n.NotifiedDeletes:
		return EventDeletesHeld
	case !failing && !stale && (n.NotifiedFailed || n.NotifiedStale):
		return EventRecovered
	}
	return ""
}

// stale reports whether the target is too far behind. Where it is not known how far, nothing has changed since it was.
func (s State) stale(now time.Time) bool {
	at, known := s.StaleAt()
	if !known {
		return s.Notices.NotifiedStale && s.Notices.StaleAfter > 0
	}
	return !now.Before(at)
}

// StaleAt is when the table will be stale, or has become so, unless a run comes first; false
// where that is never, or not known, or nothing is sent.
func (s State) StaleAt() (time.Time, bool) {
	if s.Notices == nil {
		return time.Time{}, false
	}
	limit := s.StaleLimit(s.Notices.NoticeSettings)
	if limit == 0 || s.FreshAt.IsZero() {
		return time.Time{}, false
	}
	return s.FreshAt.Add(limit), true
}

// DateMargin is how far a table with a DATE cursor is behind at any time: today is read as a whole when it is over.
const DateMargin = 24 * time.Hour

// StaleLimit is the freshness lag beyond which the table is stale under the settings; 0 is never.
func (s State) StaleLimit(set NoticeSettings) time.Duration {
	if set.StaleAfter > 0 && set.StaleByDefault && s.HasDateCursor() {
		return set.StaleAfter + DateMargin
	}
	return set.StaleAfter
}

// HasDateCursor reports whether the table's watermark is a DATE.
func (s State) HasDateCursor() bool {
	return s.Identity != nil && strings.EqualFold(s.Identity.CursorType, "date")
}

// SetNotified records that an event was sent.
func (n *Notices) SetNotified(event string) {
	switch event {
	case EventFailed:
		n.NotifiedFailed = true
	case EventStale:
		n.NotifiedStale = true
	case EventDiffers:
		n.NotifiedDiffers = true
	case EventEqual:
		n.NotifiedDiffers = false
	case EventQuarantined:
		n.NotifiedQuarantine = true
	case EventDeletesHeld:
		n.NotifiedDeletes = true
	case EventRecovered:
		n.NotifiedFailed, n.NotifiedStale = false, false
	}
}
