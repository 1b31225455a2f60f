package api

import "time"

// Quarantine is what of a table is in quarantine: rows that the target refused, and that runs have set aside.
type Quarantine struct {
	// Open rows count towards the table's limits. Waiting rows do not: the row that they refer to is missing, and the
	// next runs try them again.
	Open    int64 `json:"open"`
	Waiting int64 `json:"waiting,omitempty"`
	// Oldest is when the oldest of them was set aside, First what the target said of one: names and a key's hash.
	Oldest time.Time `json:"oldest,omitzero"`
	First  string    `json:"first,omitempty"`
	// Queue is that of the host which has the files; empty where every worker sees them.
	Queue string `json:"queue,omitempty"`
}

// Rows are all rows in quarantine; 0 for nil.
func (q *Quarantine) Rows() int64 {
	if q == nil {
		return 0
	}
	return q.Open + q.Waiting
}
