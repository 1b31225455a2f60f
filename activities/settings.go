package activities

import (
	"time"

	"github.com/tablehaul/tablehaul/internal/mapping"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/throttle"
)

// Settings are a table's resolved settings: plain values, no secrets, safe to stage. A run
// uses those that PlanRun saw, even if the configuration changes later.
type Settings struct {
	// Table is the source table, Target where its rows go.
	Table  table.Name `json:"table"`
	Target table.Name `json:"target"`
	// SourceConnection and TargetConnection are names of connections, never DSNs.
	SourceConnection string `json:"sourceConnection"`
	TargetConnection string `json:"targetConnection"`
	// Files is set where the table is loaded from files, and SourceConnection is empty then.
	Files *FileSettings `json:"files,omitempty"`
	// Mapping is what rows become; nil where they stay as they are.
	Mapping *mapping.Settings `json:"mapping,omitempty"`
	// KeysDisjoint says that other tables have the same target, and that no key is in two of them.
	KeysDisjoint bool `json:"keysDisjoint,omitempty"`
	// Cursor is the column that grows with every change; empty: the table is read whole by every run. It has the
	// source's name, and in a staged plan the target's.
	Cursor string `json:"cursor,omitempty"`
	// CursorZone is the zone of the writers' local time for DATETIME and DATE cursors; empty
	// is the source's global time zone.
	CursorZone string `json:"cursorZone,omitempty"`
	// CursorUnit is what an integer cursor counts: see mysqldb.CursorUnit.
	CursorUnit string `json:"cursorUnit,omitempty"`
	// Overlap is re-read below the watermark; MinLag is never read; FixedLag > 0 replaces the
	// look at open transactions.
	Overlap time.Duration `json:"overlap,omitempty"`
	// OverlapSteps is the overlap of an integer cursor in its own steps, where it was given so.
	OverlapSteps int64         `json:"overlapSteps,omitempty"`
	MinLag       time.Duration `json:"minLag,omitempty"`
	FixedLag     time.Duration `json:"fixedLag,omitempty"`
	// TailRows is how many rows above a window's end every run reads; of more, it reads those that
	// came since the last run.
	TailRows int64 `json:"tailRows,omitempty"`
	// AllowReplica lets the source be a replica.
	AllowReplica bool `json:"allowReplica,omitempty"`
	// ChunkRows and ChunkBytes (values' bytes) bound a chunk; PartBytes (file bytes) a part.
	ChunkRows  int   `json:"chunkRows"`
	ChunkBytes int64 `json:"chunkBytes"`
	PartBytes  int64 `json:"partBytes"`
	// PageRows, PageBytes and PageTime bound one SELECT on the source.
	PageRows  int           `json:"pageRows"`
	PageBytes int64         `json:"pageBytes"`
	PageTime  time.Duration `json:"pageTime"`
	// ChunksInFlight bounds a run's chunks being written at once, RangesInFlight its ranges.
	ChunksInFlight int `json:"chunksInFlight"`
	// FarChunksInFlight is in its place where the target is far away; 0 is the same number.
	FarChunksInFlight int `json:"farChunksInFlight,omitempty"`
	RangesInFlight    int `json:"rangesInFlight"`
	// RangeRows is how many rows a range should hold, roughly; RangeBytes (file bytes) is what a
	// range stages at once, and a larger one is moved in slices.
	RangeRows  int64 `json:"rangeRows"`
	RangeBytes int64 `json:"rangeBytes"`
	// Throttle says when and up to which load both servers may be used.
	Throttle throttle.Limits `json:"throttle,omitzero"`
	// Key are the columns of the source's key that tells rows apart; nil is its primary key, or its first unique one.
	Key []string `json:"key,omitempty"`
	// Write is what a row does to the target; "" is upsert.
	Write table.WriteMode `json:"write,omitempty"`
	// UniqueConflicts is mysqldb's policy, "fail" (also for "") or "replace".
	UniqueConflicts string `json:"uniqueConflicts,omitempty"`
	// MaxTransaction is how long a transaction on the target should take; 0 is not bounded.
	MaxTransaction time.Duration `json:"maxTransaction,omitempty"`
	// BulkLoad lets rows that the target does not have be sent as files.
	BulkLoad bool `json:"bulkLoad,omitempty"`
	// IndexesAfterLoad says when a target that is created gets the indexes that its rows do not need. Plans of v0.1.0
	// have it as a truth value by another name, and what it has led to in IndexesLater.
	IndexesAfterLoad table.IndexTiming `json:"indexTiming,omitempty"`
	// Priority is 1 to 5: steps of a table with a lower number are taken first.
	Priority int `json:"priority,omitempty"`
	// StaleAfter is the freshness lag beyond which the target is stale; 0 is never. StaleByDefault says that the
	// configuration does not set it.
	StaleAfter     time.Duration `json:"staleAfter,omitempty"`
	StaleByDefault bool          `json:"staleByDefault,omitempty"`
	// Keep is how long kept files of each kind stay; of a kind that it lacks, staging.DefaultKeep.
	Keep map[staging.Kind]time.Duration `json:"keep,omitempty"`
	// UndoOff says that a repair and a sweep of deletes keep nothing of what they replace.
	UndoOff bool `json:"undoOff,omitempty"`
	// Replace puts a table that was loaded beside the target in its place; nil: rows are written into the target.
	Replace *ReplaceSettings `json:"replace,omitempty"`
	// CreateTarget lets a missing target be created, Schema says how it follows the source's structure.
	CreateTarget bool           `json:"createTarget"`
	Schema       table.Contract `json:"schema,omitzero"`
	// Quarantine sets rows aside that the target refuses; nil: the run fails.
	Quarantine *QuarantineSettings `json:"quarantine,omitempty"`
	// Deletes says what happens to rows that the source deletes.
	Deletes Deletes `json:"deletes,omitzero"`
	// Compression of staged files: snappy, zstd, gzip, lz4 or none.
	Compression string `json:"compression"`
}

// QuarantineSettings bound the rows of a table that may be set aside.
type QuarantineSettings struct {
	// MaxRows and MaxShare (0–1, of the rows read or there) are those of one run, and of all that is in quarantine.
	MaxRows  int     `json:"maxRows"`
	MaxShare float64 `json:"maxShare"`
}

// chunksAtOnce bounds the chunks of a run that are written at once.
func (s *Settings) chunksAtOnce(isFar bool) int {
	if isFar && s.FarChunksInFlight > 0 {
		return s.FarChunksInFlight
	}
	return s.ChunksInFlight
}
