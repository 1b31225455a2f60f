package api

import "strings"

// Modes of deletes.
const (
	DeletesOff    = "off"
	DeletesReport = "report"
	DeletesSoft   = "soft"
	DeletesHard   = "hard"
)

// SweepDetails are the static details of a sweep.
const SweepDetails = "Looks for rows of the target that are not at the source any more, and does with them what the " +
	"table's deletes say."

const sweepPrefix = "tablehaul/deletes/"

// SweepTableID is the workflow id that the command line uses for a sweep of a table.
func SweepTableID(queue, tbl string) string { return OnQueue(queue, sweepPrefix+IDText(tbl)) }

// IsSweepID reports whether a workflow id is that of a sweep which the command line or a schedule has started.
func IsSweepID(id string) bool { return strings.HasPrefix(id, sweepPrefix) }

// TableOfComparisonID reads back what SweepTableID or VerifyTableID wrote, and a schedule has lengthened.
func TableOfComparisonID(queue, id string) string {
	id = strings.TrimPrefix(strings.TrimPrefix(unscheduledID(id), sweepPrefix), verifyPrefix)
	return TableOfID(queue, id)
}

// SweepResult is what a sweep did about the rows with the verdict deleted.
type SweepResult struct {
	// Mode is DeletesReport, DeletesSoft or DeletesHard.
	Mode string `json:"mode"`
	// Found is how many rows had the verdict. Those that a plan which was lost has deleted are among them.
	Found int64 `json:"found"`
	SweptRows
	// LongestTransaction is the longest one on the target, in seconds.
	LongestTransaction float64 `json:"longestTransaction,omitempty"`
}

// SweptRows counts what became of the rows that a sweep has found.
type SweptRows struct {
	// Deleted is how many were deleted, or marked by DeletesSoft.
	Deleted int64 `json:"deleted"`
	// Back were at the source again at the last look, Changed had other values on the target by then, Gone were not
	// there any more.
	Back    int64 `json:"back,omitempty"`
	Changed int64 `json:"changed,omitempty"`
	Gone    int64 `json:"gone,omitempty"`
	// Referenced stay because rows of other tables on the target refer to them.
	Referenced int64 `json:"referenced,omitempty"`
	// Waiting wait for the next sweep to find them too: the table has no cursor.
	Waiting int64 `json:"waiting,omitempty"`
}

// Total is how many rows were looked at.
func (r *SweptRows) Total() int64 {
	return r.Deleted + r.Back + r.Changed + r.Gone + r.Referenced + r.Waiting
}

// Add adds another batch's counts.
func (r *SweptRows) Add(o SweptRows) {
	r.Deleted += o.Deleted
	r.Back += o.Back
	r.Changed += o.Changed
	r.Gone += o.Gone
	r.Referenced += o.Referenced
	r.Waiting += o.Waiting
}

// Left is how many of the rows that were found are still on the target although they are not at the source.
func (r SweepResult) Left() int64 { return r.Found - r.Deleted - r.Back - r.Gone }
