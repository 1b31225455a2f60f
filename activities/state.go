package activities

import (
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/metrics"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/table"
)

// The owner of a table's watermark is a workflow (workflows.TableState); the messages that
// reach it through activities live here, since both sides speak them.

// TableStateName is the owner's registered workflow type.
const TableStateName = "TableState"

// Names of the owner's updates and of its query.
const (
	UpdateBeginRun       = "beginRun"
	UpdateRecordProgress = "recordProgress"
	UpdateFinishRun      = "finishRun"
	UpdateSetWatermark   = "setWatermark"
	QueryState           = "state"
)

// MemoTable is the key of a table's name in the memo of its workflows.
const MemoTable = "table"

// OwnerDetails explains an owner in the Web UI, for whoever starts one.
const OwnerDetails = "Keeps the watermark and says which run may write the target. It never ends and does no work: do not terminate it, or the next run is a first load."

// TableStateID is the fixed workflow id of a table's owner: it makes the owner unique.
func TableStateID(queue, tbl string) string { return OnQueue(queue, statePrefix+IDText(tbl)) }

// statePrefix begins the workflow id of a table's owner; the table's name follows.
const statePrefix = "tablehaul/state/"

// TableOfStateID is the table of an owner's workflow id.
func TableOfStateID(queue, id string) string {
	return TableOfID(queue, strings.TrimPrefix(id, statePrefix))
}

// Lease is the right to write a table's target. At most one is out at any time.
type Lease struct {
	WorkflowID string `json:"workflowId"`
	RunID      string `json:"runId"`
	// Fence rises with every lease, also where the state workflow was started anew: it is at least the
	// time, in milliseconds since 1970. A request that carries another one is refused.
	Fence int64     `json:"fence"`
	Since time.Time `json:"since"`
}

// FirstLoad is how far an unfinished first load is. Its plan, with the key ranges, is staged
// under Run.
type FirstLoad struct {
	Run string `json:"run"`
	// Done has one character per range, '1' where the range is loaded.
	Done string `json:"done"`
	// PlanSum is the SHA-256 of its plan; empty in states of earlier versions.
	PlanSum string `json:"planSum,omitempty"`
	// IndexesLater says that the load has created its target without all of its indexes.
	IndexesLater bool `json:"indexesLater,omitempty"`
	// Queue is that of the host which has the plan; empty where every worker sees it.
	Queue string `json:"queue,omitempty"`
}

// RunRecord is what the owner remembers of a finished run.
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
	NewerOnTarget int64     `json:"newerOnTarget,omitempty"`
	Seconds       float64   `json:"seconds"`
	Finished      time.Time `json:"finished"`
	// Failure is the failure's type and text, empty for a run that is done.
	Failure string `json:"failure,omitempty"`
}

// Outcomes of a run.
const (
	OutcomeDone      = "done"
	OutcomeFailed    = "failed"
	OutcomeCancelled = "cancelled"
)

// State is all that the owner keeps, carried through continue-as-new. Fields are added, never re-used.
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
	TailTop   string         `json:"tailTop,omitempty"`
	Fence     int64          `json:"fence"`
	Lease     *Lease         `json:"lease,omitempty"`
	FirstLoad *FirstLoad     `json:"firstLoad,omitempty"`
	Marks     []mysqldb.Mark `json:"marks,omitempty"`
	// ClockBack is by how much the source's clock was back, at most, in runs that failed for it since
	// the watermark was raised: the next window begins as much lower.
	ClockBack time.Duration `json:"clockBack,omitempty"`
	// Seen is what the run that raised the watermark saw of the source, nil where it was set by hand.
	Seen *mysqldb.Seen `json:"seen,omitempty"`
	// Loaded says that runs have read rows for the target since its watermark was last set by
	// hand or forgotten: a target without any row is then one that was lost.
	Loaded bool `json:"loaded,omitempty"`
	// HeldBack is set while open work on the source keeps the watermark from rising.
	HeldBack string `json:"heldBack,omitempty"`
	// HeldBackSeconds is how far it kept it back when the last run looked.
	HeldBackSeconds float64 `json:"heldBackSeconds,omitempty"`
	// FreshAt is the moment whose rows the target holds, by the workers' clocks: what is
	// committed later may be missing. Zero where nobody knows.
	FreshAt time.Time `json:"freshAt,omitzero"`
	// LastSuccess is when a run last ended well, FailedRuns how many have failed since.
	LastSuccess time.Time `json:"lastSuccess,omitzero"`
	FailedRuns  int       `json:"failedRuns,omitempty"`
	// Notices is nil where nobody is to be told.
	Notices *Notices `json:"notices,omitempty"`
	// Visibility is what the run that was begun last allows.
	Visibility Visibility  `json:"visibility,omitempty"`
	LastRuns   []RunRecord `json:"lastRuns,omitempty"`
}

// Observed is the state as metrics show it.
func (s State) Observed() metrics.TableState {
	out := metrics.TableState{
		Table: s.Table, FreshAt: s.FreshAt, LastSuccess: s.LastSuccess, Failed: s.FailedRuns,
		HeldBack: time.Duration(s.HeldBackSeconds * float64(time.Second)),
	}
	if n := len(s.LastRuns); n > 0 && strings.HasPrefix(s.LastRuns[n-1].Failure, TypeWatermarkAhead+":") {
		out.Ahead = true
	}
	if s.Lease != nil {
		out.RunningSince = s.Lease.Since
	}
	return out
}

// observe shows a state that the owner has just replied with.
func (a *Activities) observe(s State) { a.deps.Metrics.State(s.Observed()) }

// BeginRequest asks for the lease. Asking again for a lease that one holds is harmless.
type BeginRequest struct {
	WorkflowID string `json:"workflowId"`
	RunID      string `json:"runId"`
	// TakeOver is the fence of a lease whose holder is known to be closed; 0 takes nothing over.
	TakeOver int64 `json:"takeOver,omitempty"`
	// Notices says that somebody is to be told of the table, and is nil otherwise. What the
	// last run began with counts.
	Notices *NoticeSettings `json:"notices,omitempty"`
	// Visibility is what the owner may tell Temporal's lists.
	Visibility Visibility `json:"visibility,omitempty"`
}

// BeginReply grants the lease (Granted) or names its holder; State is as it is afterwards.
type BeginReply struct {
	Granted bool  `json:"granted"`
	State   State `json:"state"`
}

// ProgressRequest records progress of the lease's holder. Only what is set changes.
type ProgressRequest struct {
	Fence int64 `json:"fence"`
	// RunID is that of the lease: two state workflows of one id may have given the same fence.
	RunID string `json:"runId"`
	// Identity is what the plan of a first load speaks of.
	Identity  *Identity      `json:"identity,omitempty"`
	FirstLoad *FirstLoad     `json:"firstLoad,omitempty"`
	RangeDone *int           `json:"rangeDone,omitempty"`
	Marks     []mysqldb.Mark `json:"marks,omitempty"`
	HeldBack  *string        `json:"heldBack,omitempty"`
	// HeldBackSeconds goes with HeldBack.
	HeldBackSeconds float64 `json:"heldBackSeconds,omitempty"`
	// ForgetWatermark is set where the target was found without the rows that the watermark
	// promises.
	ForgetWatermark bool `json:"forgetWatermark,omitempty"`
}

// FinishRequest gives the lease back and records the run.
type FinishRequest struct {
	Fence int64 `json:"fence"`
	// RunID is that of the lease, as in ProgressRequest.
	RunID string `json:"runId"`
	// Identity is what the watermark speaks of from now on; nil changes nothing.
	Identity *Identity `json:"identity,omitempty"`
	// Watermark and Cursor replace those of the table; an empty Watermark changes nothing.
	Watermark string `json:"watermark,omitempty"`
	Cursor    string `json:"cursor,omitempty"`
	// ClockBack is of a run that failed since the watermark is ahead of the source: see State.
	ClockBack time.Duration `json:"clockBack,omitempty"`
	// Seen goes with Watermark: see State.
	Seen *mysqldb.Seen `json:"seen,omitempty"`
	// TailTop: see State; empty changes nothing.
	TailTop string `json:"tailTop,omitempty"`
	// FreshAt: see State; the zero time changes nothing.
	FreshAt time.Time `json:"freshAt,omitzero"`
	// ForgetFirstLoad drops the record of an unfinished first load.
	ForgetFirstLoad bool      `json:"forgetFirstLoad,omitempty"`
	Record          RunRecord `json:"record"`
}

// SetRequest moves the watermark by hand. It is refused while a run holds the lease.
type SetRequest struct {
	// Watermark is the exact text of a cursor value; empty forgets the watermark, so that the
	// next run is a first load.
	Watermark string `json:"watermark"`
	Cursor    string `json:"cursor,omitempty"`
	// Adopt leaves the watermark, and binds it to what the next run finds.
	Adopt bool `json:"adopt,omitempty"`
}
