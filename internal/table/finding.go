package table

import "slices"

// Level is how grave a finding is.
type Level string

const (
	// LevelRefuse forbids the run: rows could be lost or written wrongly.
	LevelRefuse Level = "refuse"
	// LevelWarn lets the run go on: something is slow, or a gap is left to the settings.
	LevelWarn Level = "warn"
	// LevelInfo is worth knowing.
	LevelInfo Level = "info"
)

// Finding is one thing that a preflight found. It never holds a row's value.
type Finding struct {
	Level Level  `json:"level"`
	Table string `json:"table"`
	// Column is the column that it is about; empty for the table or the server.
	Column string `json:"column,omitempty"`
	Text   string `json:"text"`
	// Remedy is what a person can do; empty where nothing needs to be done.
	Remedy string `json:"remedy,omitempty"`
	// Topic is what kind of thing it is, where that is one of those below.
	Topic Topic `json:"topic,omitempty"`
}

// Findings collects what the checks of a table find, in order.
type Findings []Finding

// Add appends a finding on a table and returns it. The pointer is valid until the next call.
func (f *Findings) Add(t Name, one Finding) *Finding {
	one.Table = t.String()
	*f = append(*f, one)
	return &(*f)[len(*f)-1]
}

// Refused reports whether a finding forbids the run.
func (f Findings) Refused() bool {
	return slices.ContainsFunc(f, func(one Finding) bool { return one.Level == LevelRefuse })
}

// Topic is what a finding is about, for code that looks for one kind.
type Topic string

// The topics that a plan shows by name.
const (
	TopicGrant     Topic = "grant"
	TopicKey       Topic = "key"
	TopicCursor    Topic = "cursor"
	TopicUnique    Topic = "unique key"
	TopicCascade   Topic = "cascade"
	TopicTrigger   Topic = "trigger"
	TopicCollation Topic = "collation"
	TopicGenerated Topic = "generated column"
	TopicIdentity  Topic = "identity"
	// TopicMapping is that of where and columns.
	TopicMapping Topic = "mapping"
	// TopicDurability is that of a server that may lose what it has confirmed.
	TopicDurability Topic = "durability"
)
