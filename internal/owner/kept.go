package owner

import "time"

// Kept is what staging keeps of a table beyond its runs: receipts and lists of comparisons, rows that a repair or a
// sweep has replaced, rows in quarantine. It is counted when a comparison or a sweep ends, on the host that ends it.
type Kept struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
	// At is when they were counted.
	At time.Time `json:"at"`
}
