package owner

import (
	"time"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
)

// Names of the state workflow's updates and of its query.
const (
	UpdateBeginRun       = "beginRun"
	UpdateRecordProgress = "recordProgress"
	UpdateFinishRun      = "finishRun"
	UpdateRecordEmptyRun = "recordEmptyRun"
	UpdateSetWatermark   = "setWatermark"
	UpdateReleaseLease   = "releaseLease"
	UpdateRecordVerify   = "recordVerify"
	UpdatePauseDeletes   = "pauseDeletes"
	UpdateAckWarnings    = "ackWarnings"
	UpdatePutFilesAway   = "putFilesAway"
	QueryState           = "state"
)

// BeginRequest asks for the lease. It is refused with TableBusy while another run holds the lease. Asking again for a
// lease that the run holds is harmless.
type BeginRequest struct {
	WorkflowID string `json:"workflowId"`
	RunID      string `json:"runId"`
	// TakeOver is the fence of a lease whose holder is known to be closed; 0 takes nothing over.
	TakeOver int64 `json:"takeOver,omitempty"`
	// Slice says that the lease is for one slice of a comparison, and no run: see Lease.
	Slice bool `json:"slice,omitempty"`
	// Notices is set if the webhook is notified of the table, and nil otherwise. Each run sets it again.
	Notices *NoticeSettings `json:"notices,omitempty"`
	// Visibility is what the state workflow may show in Temporal's lists.
	Visibility Visibility `json:"visibility,omitempty"`
}

// ProgressRequest records progress of the lease's holder. Only what is set changes.
type ProgressRequest struct {
	Fence int64 `json:"fence"`
	// RunID is that of the lease: two state workflows of one id may have given the same fence.
	RunID string `json:"runId"`
	// Identity is what the plan of a first load, or of a run of files, speaks of.
	Identity  *Identity  `json:"identity,omitempty"`
	FirstLoad *FirstLoad `json:"firstLoad,omitempty"`
	// RangeDone is a range that is loaded, of the plan of PlanSum: it says nothing of another plan's ranges.
	RangeDone *int                  `json:"rangeDone,omitempty"`
	PlanSum   string                `json:"planSum,omitempty"`
	Samples   []source.CursorSample `json:"samples,omitempty"`
	HeldBack  *string               `json:"heldBack,omitempty"`
	// HeldBackSeconds goes with HeldBack.
	HeldBackSeconds float64 `json:"heldBackSeconds,omitempty"`
	// Quarantine replaces that of the state; nil changes nothing.
	Quarantine *api.Quarantine `json:"quarantine,omitempty"`
	// ForgetWatermark is set where the watermark is void: see activities.PlanRunResult.TargetLost.
	ForgetWatermark bool `json:"forgetWatermark,omitempty"`
	// LostLoads is set where the target has lost loads of files, or gets them again.
	LostLoads *LostLoads `json:"lostLoads,omitempty"`
}

// FinishRequest gives the lease back and records the run.
type FinishRequest struct {
	Fence int64 `json:"fence"`
	// RunID is that of the lease, as in ProgressRequest.
	RunID string `json:"runId"`
	// Identity is what the watermark speaks of from now on; nil changes nothing.
	Identity *Identity `json:"identity,omitempty"`
	// Watermark and Cursor replace those of the table; an empty Watermark changes nothing. Lowered says that Watermark
	// is the one before, as far as it still holds: what is known of the source's clock stays.
	Watermark string `json:"watermark,omitempty"`
	Cursor    string `json:"cursor,omitempty"`
	Lowered   bool   `json:"lowered,omitempty"`
	// ClockBack and ClockUntil are of a run that found the source's clock back: see State. A new
	// Watermark without them forgets what earlier runs have found.
	ClockBack  time.Duration `json:"clockBack,omitempty"`
	ClockUntil string        `json:"clockUntil,omitempty"`
	// Seen goes with Watermark: see State.
	Seen *source.Seen `json:"seen,omitempty"`
	// TailTop: see State; empty changes nothing.
	TailTop string `json:"tailTop,omitempty"`
	// FreshAt: see State; the zero time changes nothing.
	FreshAt time.Time `json:"freshAt,omitzero"`
	// ForgetFirstLoad drops the record of an unfinished first load, or run of files.
	ForgetFirstLoad bool `json:"forgetFirstLoad,omitempty"`
	// Quarantine replaces that of the state; nil changes nothing.
	Quarantine *api.Quarantine `json:"quarantine,omitempty"`
	// Files is what a run has loaded of a table of files; nil changes nothing.
	Files *FilesDone `json:"files,omitempty"`
	// Warnings are those of a run that is done: they replace those of the state.
	Warnings []string  `json:"warnings,omitempty"`
	Record   RunRecord `json:"record"`
	// Refused says that the run failed because of its own arguments: that says nothing about the table, so the state
	// keeps no record of it.
	Refused bool `json:"refused,omitempty"`
}

// EmptyRunRequest records a run that found nothing to read: it gives the run the lease, and takes it back, by one
// update. It is refused with TableBusy where the state is not the one by which the run was planned, or a run has the
// lease. Repeating it is harmless.
type EmptyRunRequest struct {
	Begin BeginRequest `json:"begin"`
	// StateID and Revision are those of the state by which the run was planned.
	StateID  string `json:"stateId"`
	Revision int64  `json:"revision"`
	// Finish has no Fence, since the lease is given by the same update.
	Finish FinishRequest `json:"finish"`
}

// EmptyRunReply is what the state says after an empty run.
type EmptyRunReply struct {
	Watermark   string    `json:"watermark,omitempty"`
	FreshAt     time.Time `json:"freshAt,omitzero"`
	LastSuccess time.Time `json:"lastSuccess,omitzero"`
	// KnownWarnings are those of the run's warnings that an earlier run has given, too.
	KnownWarnings []string `json:"knownWarnings,omitempty"`
}

// ReleaseRequest gives the lease of a slice back. It is no run: the state keeps no record of it. It is refused with
// LeaseLost where the slice does not hold the lease any more; repeating it is harmless.
type ReleaseRequest struct {
	Fence int64  `json:"fence"`
	RunID string `json:"runId"`
}

// PauseDeletesRequest pauses the table's deletes, or resumes them. It needs no lease; repeating it is harmless.
type PauseDeletesRequest struct {
	Paused bool `json:"paused"`
	// Reason says why they are paused, for people.
	Reason string `json:"reason,omitempty"`
}

// SetRequest moves the watermark by hand. It is refused while a run holds the lease.
type SetRequest struct {
	// Watermark is the exact text of a cursor value; empty forgets the watermark, so that the next run is a first load.
	Watermark string `json:"watermark"`
	Cursor    string `json:"cursor,omitempty"`
	// Adopt leaves the watermark, and binds it to what the next run finds.
	Adopt bool `json:"adopt,omitempty"`
}
