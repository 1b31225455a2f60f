package api

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

// SweepResult is what a sweep did about the rows with the verdict deleted.
type SweepResult struct {
	// Mode is DeletesReport, DeletesSoft or DeletesHard.
	Mode string `json:"mode"`
	// Found is how many rows had the verdict.
	Found int64 `json:"found"`
	// Deleted is how many were deleted, or marked by DeletesSoft.
	Deleted int64 `json:"deleted"`
}
