package owner

import "time"

// SweepRecord is what a state keeps of the last sweep of the table's deletes.
type SweepRecord struct {
	WorkflowID string `json:"workflowId"`
	RunID      string `json:"runId"`
	// At is when it ended.
	At time.Time `json:"at"`
	// Mode is that of the table's deletes. Found is how many rows were not at the source any more, and Deleted how many
	// of them were deleted or marked.
	Mode    string `json:"mode"`
	Found   int64  `json:"found"`
	Deleted int64  `json:"deleted"`
	// Held says which guard has stopped it before its first delete, and what to do; "" for none.
	Held string `json:"held,omitempty"`
}
