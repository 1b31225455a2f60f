package owner

import (
	"time"

	"github.com/tablehaul/tablehaul/internal/verify"
)

// VerifyRecord is what a state keeps of the last comparison that ended.
type VerifyRecord struct {
	WorkflowID string `json:"workflowId"`
	RunID      string `json:"runId"`
	// At is when it ended.
	At    time.Time `json:"at"`
	Depth string    `json:"depth"`
	// Cursor and AsOf say which rows were compared; both are empty for a table without a cursor.
	Cursor string `json:"cursor,omitempty"`
	AsOf   string `json:"asOf,omitempty"`
	// Differs says that a verdict was found that makes the two sides differ. Verdicts counts keys.
	Differs  bool                     `json:"differs"`
	Verdicts map[verify.Verdict]int64 `json:"verdicts,omitempty"`
	// SourceRows is how many rows the source had; Pending of them, or of the target's, were not compared.
	SourceRows int64   `json:"sourceRows"`
	Pending    int64   `json:"pending,omitempty"`
	Seconds    float64 `json:"seconds"`
}

// Differing is how many keys differ.
func (r *VerifyRecord) Differing() (keys int64) {
	for _, v := range verify.Differences() {
		keys += r.Verdicts[v]
	}
	return keys
}

// VerifyRequest records a comparison that has ended. It needs no lease, and repeating it is harmless.
type VerifyRequest struct {
	// StateID is State.ID when the comparison was planned. A state workflow that was started again ignores the request.
	StateID string       `json:"stateId,omitempty"`
	Record  VerifyRecord `json:"record"`
	// Sweep is set where the comparison was a sweep of deletes: Record does not count then.
	Sweep *SweepRecord `json:"sweep,omitempty"`
	// Kept is what staging keeps of the table; nil where that is not known.
	Kept *Kept `json:"kept,omitempty"`
}
