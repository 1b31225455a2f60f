package owner

import (
	"time"

	"github.com/tablehaul/tablehaul/internal/api"
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
	// Partial says that it looked at a part of the rows: a sample, or what had changed since another comparison.
	Partial bool `json:"partial,omitempty"`
	// Earlier counts keys that a comparison before found to differ, the first of them at EarlierAt, and that none has
	// looked at since, as far as is known.
	Earlier   map[verify.Verdict]int64 `json:"earlier,omitempty"`
	EarlierAt time.Time                `json:"earlierAt,omitzero"`
}

// Differing is how many keys it found to differ.
func (r *VerifyRecord) Differing() int64 { return differing(r.Verdicts) }

// Open is how many keys it, or a comparison before, found to differ, by verdict; every verdict is there.
func (r *VerifyRecord) Open() map[verify.Verdict]int64 {
	out := map[verify.Verdict]int64{}
	for _, v := range verify.Differences() {
		out[v] = r.Verdicts[v] + r.Earlier[v]
	}
	return out
}

// IsOpen reports whether a key differs, as far as is known.
func (r *VerifyRecord) IsOpen() bool { return r != nil && (r.Differs || len(r.Earlier) > 0) }

// Follow keeps what the comparison before has found and this one has not looked at: rows outside of its part, and with
// DepthKeys other values under the same cursor.
func (r *VerifyRecord) Follow(last *VerifyRecord) {
	r.Earlier, r.EarlierAt = nil, time.Time{}
	if last == nil {
		return
	}
	open := last.Open()
	for _, v := range verify.Differences() {
		keys, seen := open[v], !r.Partial && (r.Depth != api.DepthKeys || v != verify.Silent)
		if keys -= r.Verdicts[v]; seen || keys <= 0 {
			continue
		}
		if r.Earlier == nil {
			r.Earlier, r.EarlierAt = map[verify.Verdict]int64{}, last.At
		}
		r.Earlier[v] = keys
	}
	if r.Earlier != nil && !last.EarlierAt.IsZero() {
		r.EarlierAt = last.EarlierAt
	}
}

func differing(verdicts map[verify.Verdict]int64) (keys int64) {
	for _, v := range verify.Differences() {
		keys += verdicts[v]
	}
	return keys
}

// DifferingEarlier is how many keys Earlier counts.
func (r *VerifyRecord) DifferingEarlier() int64 { return differing(r.Earlier) }

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
