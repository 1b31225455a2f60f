package workflows

import (
	"github.com/tablehaul/tablehaul/activities"
)

// movePhases are those of a range.
var movePhases = []string{PhaseExtract, PhaseWait, PhaseUpsert, PhaseCleanup}

// SyncRangeInput starts a range as a child, or goes on with one.
type SyncRangeInput struct {
	// Range names the range, and the slice to begin with.
	Range          activities.RangeInput `json:"range"`
	Ranges         int                   `json:"ranges"`
	ChunksInFlight int                   `json:"chunksInFlight"`
	// ChunkRows is the most rows of a staged chunk.
	ChunkRows int64 `json:"chunkRows,omitempty"`
	// Pinned: see hostRouter. Priority is the table's.
	Pinned   bool `json:"pinned,omitempty"`
	Priority int  `json:"priority,omitempty"`
	// ReadStep is the step that stages a slice; "" is ExtractIncremental.
	ReadStep string `json:"readStep,omitempty"`
	// MaxBadRows is how many rows the range may set aside; 0 is no limit.
	MaxBadRows int64 `json:"maxBadRows,omitempty"`
	// Signals is how often the range may still report its progress to its run.
	Signals int `json:"signals,omitempty"`

	// The following fields come from an execution that ended between two slices: the slice that it has extracted, and
	// the counts and seconds of the slices before.
	Extracted *activities.ExtractResult `json:"extracted,omitempty"`
	Counts    Counts                    `json:"counts,omitzero"`
	FirstBad  string                    `json:"firstBad,omitempty"`
	Seconds   map[string]float64        `json:"seconds,omitempty"`
}

// SyncRangeResult is what a range did.
type SyncRangeResult struct {
	Counts
	Seconds map[string]float64 `json:"seconds"`
	// FirstBad is why the first row was set aside that was.
	FirstBad string `json:"firstBad,omitempty"`
	// Pinned: see hostRouter.
	Pinned bool `json:"pinned,omitempty"`
}

// rangeProgress is what a child reports to its parent while it runs, a bounded number of times.
type rangeProgress struct {
	Range      int   `json:"range"`
	Extracted  int64 `json:"extracted"`
	Written    int64 `json:"written"`
	Chunks     int64 `json:"chunks"`
	ChunksDone int64 `json:"chunksDone"`
	// ChunkRows and WriteLimit: see Status.
	ChunkRows  int64 `json:"chunkRows,omitempty"`
	WriteLimit int   `json:"writeLimit,omitempty"`
}
