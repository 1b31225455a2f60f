package owner

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/table"
)

// Lease is the right to write a table's target. At most one is out at any time.
type Lease struct {
	WorkflowID string `json:"workflowId"`
	RunID      string `json:"runId"`
	// Fence rises with every lease, also if the state workflow was started again: it is at least the
	// time, in milliseconds since 1970. A request that carries another one is refused.
	Fence int64     `json:"fence"`
	Since time.Time `json:"since"`
	// Slice says that a comparison holds the lease for some seconds. Sync runs wait for it, and are neither refused nor
	// skipped because of it.
	Slice bool `json:"slice,omitempty"`
}

// BelongsTo reports whether the lease is that of the run which asks.
func (l *Lease) BelongsTo(req BeginRequest) bool {
	return l.WorkflowID == req.WorkflowID && l.RunID == req.RunID
}

// FirstLoad is how far an unfinished first load is, or a run that loads files. Its plan, with the ranges, is staged
// under Run.
type FirstLoad struct {
	Run string `json:"run"`
	// Files is what a run of files loads in all; nil for a first load of a source.
	Files *api.FilesRead `json:"files,omitempty"`
	// Fence is that of the run of files which has begun last on the plan: a target whose state row is older was
	// restored.
	Fence int64 `json:"fence,omitempty"`
	// Snapshots are what of it are dumps: a run that starts over finds their rows on the target, and knows whose they
	// are.
	Snapshots Loads `json:"snapshots,omitempty"`
	// Done has one character per range, '1' where the range is loaded.
	Done string `json:"done"`
	// PlanSum is the SHA-256 of its plan.
	PlanSum string `json:"planSum,omitempty"`
	// IndexesLater says that the load has created its target without all of its indexes.
	IndexesLater bool `json:"indexesLater,omitempty"`
	// Queue is that of the host which has the plan; empty where every worker sees it.
	Queue string `json:"queue,omitempty"`
}

// String is for people: "2 of 5 ranges loaded".
func (f *FirstLoad) String() string {
	return fmt.Sprintf("%d of %s loaded", strings.Count(f.Done, "1"), human.Count(len(f.Done), "range"))
}

// HasRanges reports whether a range is loaded. f may be nil.
func (f *FirstLoad) HasRanges() bool { return f != nil && strings.Contains(f.Done, "1") }

// RunRecord is what a state keeps of a finished run.
type RunRecord struct {
	WorkflowID string `json:"workflowId"`
	RunID      string `json:"runId"`
	Mode       string `json:"mode"`
	// Outcome is OutcomeDone, OutcomeFailed or OutcomeCancelled.
	Outcome string       `json:"outcome"`
	Window  table.Window `json:"window"`
	// Rows is how many were read from the source.
	Rows int64 `json:"rows"`
	// NewerOnTarget is how many of them were not written because the target's row is newer.
	NewerOnTarget int64 `json:"newerOnTarget,omitempty"`
	// Existing is how many of them were not written because the target has their key: see write: append.
	Existing int64     `json:"existing,omitempty"`
	Seconds  float64   `json:"seconds"`
	Finished time.Time `json:"finished"`
	// Failure is the failure's type and text, empty for a run that is done.
	Failure string `json:"failure,omitempty"`
	// Remedy is what to do about it, with which Failure ends; empty where the failure does not say.
	Remedy string `json:"remedy,omitempty"`
}

// Outcomes of a run.
const (
	OutcomeDone      = "done"
	OutcomeFailed    = "failed"
	OutcomeCancelled = "cancelled"
)

// StateVersion is that of the states written here. A state of a later one stays as it is: a worker that does not know
// all of it would carry over the rest only.
const StateVersion = 1

// LaterVersion is why a worker leaves a state alone that a later version has written.
func LaterVersion(s State) string {
	return fmt.Sprintf("the state of %s is of version %d, and this worker reads up to %d%s", s.Table, s.Version,
		StateVersion, laterRemedy)
}

const laterRemedy = ": start workers of the version that wrote it"

// IsLaterVersion reports whether a text is what LaterVersion returns.
func IsLaterVersion(text string) bool { return strings.HasSuffix(text, laterRemedy) }

// State is all that a state workflow keeps, carried through continue-as-new. Fields are added, never re-used.
type State struct {
	Version int    `json:"version"`
	Table   string `json:"table"`
	// ID tells this state workflow from an earlier one of the same workflow id: its run id when the first run began.
	ID string `json:"id,omitempty"`
	// Identity is what the watermark speaks of; nil where no run has bound it yet.
	Identity *Identity `json:"identity,omitempty"`
	// Adopt says that a person vouches for what is there now: the next run binds the watermark to it.
	// SetByHand says that a person has set the watermark before a run has bound one.
	Adopt     bool `json:"adopt,omitempty"`
	SetByHand bool `json:"setByHand,omitempty"`
	// Watermark is the upper end of what the target is known to hold; empty before the first load.
	Watermark string `json:"watermark,omitempty"`
	// Cursor is the column that Watermark is a value of.
	Cursor string `json:"cursor,omitempty"`
	// TailTop is up to where the last run that was done had read above its window's end, in the
	// cursor's exact text; empty where that is not known.
	TailTop string `json:"tailTop,omitempty"`
	Fence   int64  `json:"fence"`
	Lease   *Lease `json:"lease,omitempty"`
	// Revision rises with every update that may have changed the state; 0 where a worker of an older version keeps it.
	Revision int64 `json:"revision,omitempty"`
	// Released is the fence of the slice that has given the lease back last.
	Released  int64                 `json:"released,omitempty"`
	FirstLoad *FirstLoad            `json:"firstLoad,omitempty"`
	Samples   []source.CursorSample `json:"samples,omitempty"`
	// ClockBack is by how much the source's clock was back, at most, since the run that Seen is of.
	// ClockUntil, in the cursor's exact text, is where a window has to end before that is forgotten:
	// all transactions have ended then that were open before. See source.UpperBoundSpec.
	ClockBack  time.Duration `json:"clockBack,omitempty"`
	ClockUntil string        `json:"clockUntil,omitempty"`
	// Seen is what the run that raised the watermark saw of the source, nil where it was set by hand.
	Seen *source.Seen `json:"seen,omitempty"`
	// Loaded says that runs have read rows for the target since its watermark was last set by
	// hand or forgotten: a target without any row is then one that was lost.
	Loaded bool `json:"loaded,omitempty"`
	// HeldBack is set while open work on the source keeps the watermark from rising.
	HeldBack string `json:"heldBack,omitempty"`
	// HeldBackSeconds is how far it kept it back when the last run looked.
	HeldBackSeconds float64 `json:"heldBackSeconds,omitempty"`
	// FreshAt is the moment whose rows the target holds, by the workers' clocks: what is
	// committed later may be missing. Zero where it is not known.
	FreshAt time.Time `json:"freshAt,omitzero"`
	// LastSuccess is when a run last ended well, FailedRuns how many have failed since.
	LastSuccess time.Time `json:"lastSuccess,omitzero"`
	FailedRuns  int       `json:"failedRuns,omitempty"`
	// Quarantine is what is in quarantine, nil where nothing is.
	Quarantine *api.Quarantine `json:"quarantine,omitempty"`
	// DeletesPaused says that no sweep deletes rows until a person resumes it, and DeletesPausedReason why.
	DeletesPaused       bool   `json:"deletesPaused,omitempty"`
	DeletesPausedReason string `json:"deletesPausedReason,omitempty"`
	// Notices is nil where the webhook is not notified.
	Notices *Notices `json:"notices,omitempty"`
	// Visibility is what the run that was begun last allows.
	Visibility Visibility  `json:"visibility,omitempty"`
	LastRuns   []RunRecord `json:"lastRuns,omitempty"`
	// Warnings are those of the last run that was done.
	Warnings []Warning `json:"warnings,omitempty"`
	// LastVerify is the last comparison of both sides that ended; nil before the first one.
	LastVerify *VerifyRecord `json:"lastVerify,omitempty"`
	// LastSweep is the last sweep of deletes that ended; nil before the first one.
	LastSweep *SweepRecord `json:"lastSweep,omitempty"`
	// Files is what a table of files has loaded; nil before its first run, and for other tables.
	Files *Files `json:"files,omitempty"`
	// PutAway is nil where no files of the table are being put away.
	PutAway *PutAway `json:"putAway,omitempty"`
	// MovedTo are digests of the folders that files of the table were moved into. Runs do not see what is there.
	MovedTo []string `json:"movedTo,omitempty"`
	// FilesGone says that files were put away, and that no run has left those of its loads since: where files of a
	// load are missing, that says nothing of their maker.
	FilesGone bool `json:"filesGone,omitempty"`
	// Kept is what staging kept of the table when the last of both ended; nil where that is not known.
	Kept *Kept `json:"kept,omitempty"`
}

// Raise takes over the watermark that the state has after a run, and what the run has seen of the source's clock.
func (s *State) Raise(req FinishRequest) {
	if req.Watermark != "" {
		s.Watermark, s.Cursor = req.Watermark, req.Cursor
	}
	if req.Watermark != "" && !req.Lowered {
		s.Seen, s.ClockBack, s.ClockUntil = req.Seen, 0, ""
	}
	s.ClockBack = max(s.ClockBack, req.ClockBack)
	s.ClockUntil = cmp.Or(req.ClockUntil, s.ClockUntil)
}

// Visibility is what workflows may write of themselves where Temporal lists them. It is looked
// up once per run and travels in histories, since a workflow that sets a search attribute
// which the namespace does not have makes no progress.
type Visibility string

const (
	// VisibilityNone is that before a run has looked.
	VisibilityNone Visibility = ""
	// VisibilityMemo allows a memo, which every namespace takes.
	VisibilityMemo Visibility = "memo"
	// VisibilitySearch allows a memo and search attributes.
	VisibilitySearch Visibility = "search"
)
