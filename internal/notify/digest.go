package notify

import "time"

// EventDigest is the event of a digest.
const EventDigest = "digest"

// A DigestMessage is what the receiver gets of all tables: Text for people, and the same for programs.
type DigestMessage struct {
	Text   string `json:"text"`
	Digest Digest `json:"tablehaul"`
}

// Digest is how all tables are. Its lists are sorted, the worst first.
type Digest struct {
	Version int    `json:"version"`
	Event   string `json:"event"`
	// Time is when it was made, Since the beginning of the time that Runs, Rows and Slowest are of.
	Time  time.Time `json:"time"`
	Since time.Time `json:"since"`
	// Tables counts all tables, Fresh those that are as fresh as their staleAfter asks for.
	Tables int `json:"tables"`
	Fresh  int `json:"fresh"`
	// Worker says that a worker runs. Without one nothing is known of the tables.
	Worker bool `json:"worker"`
	// Config says that the worker does not use what its file has become; empty where it does.
	Config string `json:"config,omitempty"`
	// Stale, Failed, Waiting and NeverLoaded are tables, with what is wrong.
	Stale       []DigestLine `json:"stale,omitempty"`
	Failed      []DigestLine `json:"failed,omitempty"`
	Waiting     []DigestLine `json:"waiting,omitempty"`
	NeverLoaded []DigestLine `json:"neverLoaded,omitempty"`
	// Differing are tables of which the last comparison found keys that differ, Quarantined those with rows in
	// quarantine; Count is how many.
	Differing   []DigestLine `json:"differing,omitempty"`
	Quarantined []DigestLine `json:"quarantined,omitempty"`
	// Runs and Rows count what has ended since Since. AtLeast says that a table has had more runs than are kept.
	Runs    int   `json:"runs"`
	Rows    int64 `json:"rows"`
	AtLeast bool  `json:"atLeast,omitempty"`
	// Slowest are the runs that took longest.
	Slowest []DigestLine `json:"slowest,omitempty"`
	// Link is the list of runs in the Web UI; empty where no Web UI is known.
	Link string `json:"link,omitempty"`
}

// DigestLine is a table in a digest.
type DigestLine struct {
	Table   string  `json:"table"`
	Text    string  `json:"text,omitempty"`
	Count   int64   `json:"count,omitempty"`
	Seconds float64 `json:"seconds,omitempty"`
	// Link is a run in the Web UI.
	Link string `json:"link,omitempty"`
}

// NewDigest is the message of a digest, with its text for people.
func NewDigest(text string, d Digest) DigestMessage {
	d.Version, d.Event = Version, EventDigest
	return DigestMessage{Text: escape.Replace(text), Digest: d}
}
