package api

import (
	"time"

	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// SyncTableInput starts a run. Only Table is required.
type SyncTableInput struct {
	// Table is a configured source table, "schema.table".
	Table string `json:"table"`
	// Full starts over: the whole table is read again, and the watermark set again.
	Full bool `json:"full,omitempty"`
	// From (exclusive) and To (inclusive) make the run a bounded backfill by cursor, which
	// leaves the watermark alone. Either may be empty.
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
	// IfBusy says what to do when another run holds the table: "fail" (default), "wait" or "skip".
	IfBusy string `json:"ifBusy,omitempty"`
	// Files are the only files that a table of files is to load, by their names below its url, loaded before or not.
	// Force loads files also where their rows could undo newer ones.
	Files []string `json:"files,omitempty"`
	Force bool     `json:"force,omitempty"`
}

// SyncTableResult is what a run did.
type SyncTableResult struct {
	Table  string `json:"table"`
	Target string `json:"target,omitempty"`
	// Mode is one of Mode….
	Mode string `json:"mode,omitempty"`
	// Window is what was read, its overlap included; Watermark what the target holds now.
	Window    table.Window `json:"window"`
	Watermark string       `json:"watermark,omitempty"`
	Counts
	// Seconds is per phase: plan, extract, wait, upsert, cleanup, total. Phases of ranges that
	// run side by side add up, so their sum may exceed the total.
	Seconds map[string]float64 `json:"seconds"`
	// Skipped says that another run held the table, and HolderID which.
	Skipped  bool   `json:"skipped,omitempty"`
	HolderID string `json:"holderId,omitempty"`
	// HeldBack says what open work on the source kept the window's end back.
	HeldBack string   `json:"heldBack,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
	// Files is what was loaded of a table of files, nil for other tables.
	Files *FilesRead `json:"files,omitempty"`
	// KnownWarnings are those among Warnings that an earlier run has given, too.
	KnownWarnings []string `json:"knownWarnings,omitempty"`
	// Swap says how the target was replaced, nil where it was not.
	Swap *Swap `json:"swap,omitempty"`
	// Quarantine is what of the table is in quarantine after the run, nil where nothing is.
	Quarantine *Quarantine `json:"quarantine,omitempty"`
}

// Swap says how a loaded table took the place of its target.
type Swap struct {
	// Seconds is how long the swap has waited for older transactions and for locks, the RENAME included.
	Seconds float64 `json:"seconds"`
	// Rebuilt says that the table was rebuilt before, for the sake of transactions that were older than its rows.
	Rebuilt bool `json:"rebuilt,omitempty"`
	// KeptSeconds is how long the former table is kept; 0: it was dropped, or there was none.
	KeptSeconds int64 `json:"keptSeconds,omitempty"`
}

// Counts are rows and files of a run or a range.
type Counts struct {
	RowsExtracted int64 `json:"rowsExtracted"`
	Inserted      int64 `json:"inserted"`
	Updated       int64 `json:"updated"`
	Unchanged     int64 `json:"unchanged"`
	// NewerOnTarget rows, among Unchanged, were not written because the target's row is newer.
	NewerOnTarget int64 `json:"newerOnTarget,omitempty"`
	// Existing rows, among Unchanged, were not written because the target has their key: see write: append.
	Existing int64 `json:"existing,omitempty"`
	// DeletedConflicts counts rows of the target that were deleted because another row has their unique
	// value now, whether or not they came back. SkippedConflicts counts rows, among Unchanged, that were
	// not written because a newer row has their value. Both need uniqueConflicts: replace.
	DeletedConflicts int64 `json:"deletedConflicts,omitempty"`
	SkippedConflicts int64 `json:"skippedConflicts,omitempty"`
	// Removed rows are deletes of a maker of files: the target's row was deleted, or marked as deleted.
	Removed int64 `json:"removed,omitempty"`
	// Quarantined rows were set aside, since the target refuses them.
	Quarantined int64 `json:"quarantined,omitempty"`
	// Changed and Missing are of a repair, an undo or a backfill of columns: rows that were not written, since the
	// target's row was another one, or none.
	Changed int64 `json:"changed,omitempty"`
	Missing int64 `json:"missing,omitempty"`
	Chunks  int64 `json:"chunks"`
	Parts   int64 `json:"parts"`
	// StagedBytes is the sum of the parts' sizes.
	StagedBytes int64 `json:"stagedBytes"`
	// Loaded is the digest of the rows that were written beside the target, where the run replaces it.
	Loaded *verify.Digest `json:"loaded,omitempty"`
	// Approximate marks Inserted, Updated and Unchanged: a connection was lost at COMMIT.
	Approximate bool `json:"approximate,omitempty"`
	// LongestTransaction and LongestPage are the longest on target and source, in seconds.
	LongestTransaction float64 `json:"longestTransaction"`
	LongestPage        float64 `json:"longestPage"`
	// Retried counts chunks that met a lock wait or a deadlock.
	Retried int64 `json:"retried,omitempty"`
}

// Add adds the counts of another part of the run.
func (c *Counts) Add(o Counts) {
	c.RowsExtracted += o.RowsExtracted
	c.Inserted += o.Inserted
	c.Updated += o.Updated
	c.Unchanged += o.Unchanged
	c.NewerOnTarget += o.NewerOnTarget
	c.Existing += o.Existing
	c.DeletedConflicts += o.DeletedConflicts
	c.SkippedConflicts += o.SkippedConflicts
	c.Removed += o.Removed
	c.Quarantined += o.Quarantined
	c.Changed += o.Changed
	c.Missing += o.Missing
	c.Chunks += o.Chunks
	c.Parts += o.Parts
	c.StagedBytes += o.StagedBytes
	c.AddLoaded(o.Loaded)
	c.Approximate = c.Approximate || o.Approximate
	c.LongestTransaction = max(c.LongestTransaction, o.LongestTransaction)
	c.LongestPage = max(c.LongestPage, o.LongestPage)
	c.Retried += o.Retried
}

// AddLoaded adds the digest of further rows; nil adds nothing.
func (c *Counts) AddLoaded(o *verify.Digest) {
	if o == nil {
		return
	}
	sum := *o
	if c.Loaded != nil {
		sum.Merge(*c.Loaded)
	}
	c.Loaded = &sum
}

// Written is how many rows have reached the target, those that were there already included.
func (c *Counts) Written() int64 { return c.Inserted + c.Updated + c.Unchanged + c.Removed }

// Phases of a run, as Status and Seconds name them.
const (
	PhaseBegin   = "begin"
	PhasePlan    = "plan"
	PhaseExtract = "extract"
	PhaseWait    = "wait"
	PhaseUpsert  = "upsert"
	PhaseCleanup = "cleanup"
	PhaseIndexes = "indexes"
	PhaseFinish  = "finish"
	// PhaseCheck and PhaseSwap are those of a run that replaces its target.
	PhaseCheck = "check"
	PhaseSwap  = "swap"
	PhaseDone  = "done"
	PhaseTotal = "total"
	// PhaseRanges is the phase of a run whose ranges are child workflows.
	PhaseRanges = "ranges"
	// PhaseCompare and PhaseRecheck are those of a comparison.
	PhaseCompare = "compare"
	PhaseRecheck = "recheck"
	// PhaseRepair is that of a comparison that writes what differs.
	PhaseRepair = "repair"
	// PhaseDeletes is that of a sweep that deletes.
	PhaseDeletes = "deletes"
)

// Status answers the query "status".
type Status struct {
	Table  string       `json:"table"`
	Target string       `json:"target,omitempty"`
	Phase  string       `json:"phase"`
	Mode   string       `json:"mode,omitempty"`
	Window table.Window `json:"window"`
	// FreshAt is the moment whose rows the target holds: what the last run left, and what this
	// one has brought when it is done. Zero where it is not known.
	FreshAt time.Time `json:"freshAt,omitzero"`
	// Ranges and RangesDone count ranges, those of an earlier run included.
	Ranges     int64 `json:"ranges"`
	RangesDone int64 `json:"rangesDone"`
	// RowsTotal is an estimate for a first load and 0 while nothing is known.
	RowsTotal     int64 `json:"rowsTotal"`
	RowsExtracted int64 `json:"rowsExtracted"`
	RowsWritten   int64 `json:"rowsWritten"`
	Chunks        int64 `json:"chunks"`
	ChunksDone    int64 `json:"chunksDone"`
	// ChunkRows is how many rows a transaction has at most at present, where the target's
	// answers have made it fewer than configured, and 0 otherwise; WriteLimit is how many
	// chunks of the table a worker writes at once, as far as that makes it faster.
	ChunkRows  int64 `json:"chunkRows,omitempty"`
	WriteLimit int   `json:"writeLimit,omitempty"`
	// Running are the ranges that child workflows move at present. What they have reported is in
	// the sums above; they report rarely, and answer the query "status" themselves.
	Running []RunningRange `json:"running,omitempty"`
	Waits   []Wait         `json:"waits,omitempty"`
	// Failure is the type and message of what ended a run that is giving its lease back.
	Failure string    `json:"failure,omitempty"`
	Started time.Time `json:"started"`
}

// Lag is how far the target is behind the source, false where it is not known.
func (s *Status) Lag(now time.Time) (time.Duration, bool) {
	if s.FreshAt.IsZero() {
		return 0, false
	}
	return max(0, now.Sub(s.FreshAt)), true
}

// RunningRange is a range in flight, as far as its run knows.
type RunningRange struct {
	WorkflowID    string `json:"workflowId"`
	RowsExtracted int64  `json:"rowsExtracted"`
	RowsWritten   int64  `json:"rowsWritten"`
	Chunks        int64  `json:"chunks"`
	ChunksDone    int64  `json:"chunksDone"`
}

// Refine puts what a running range says of itself in the place of what it had reported to its run.
func (s *Status) Refine(reported RunningRange, now Status) {
	s.RowsExtracted += now.RowsExtracted - reported.RowsExtracted
	s.RowsWritten += now.RowsWritten - reported.RowsWritten
	s.Chunks += now.Chunks - reported.Chunks
	s.ChunksDone += now.ChunksDone - reported.ChunksDone
	s.KeepSlowest(now.ChunkRows, now.WriteLimit)
}

// KeepSlowest keeps the pace of the range that the target slows down most.
func (s *Status) KeepSlowest(chunkRows int64, writeLimit int) {
	if s.ChunkRows == 0 && writeLimit > 0 {
		s.WriteLimit = writeLimit
	}
	if chunkRows > 0 && (s.ChunkRows == 0 || chunkRows < s.ChunkRows) {
		s.ChunkRows, s.WriteLimit = chunkRows, writeLimit
	}
}

// Wait is something that a run waits for, or that holds it back.
type Wait struct {
	Reason string    `json:"reason"`
	Since  time.Time `json:"since"`
}
