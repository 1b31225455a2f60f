package table

import "fmt"

// Window is the half-open interval (Lo, Hi] of cursor values that a run reads.
//
// Bounds are the exact texts that MySQL printed for a value of the cursor's type (UTC for a
// TIMESTAMP, the writers' local time for a DATETIME). Reformatting a bound can lose rows. An empty Lo
// is "from the beginning"; an empty Hi is "no bound", which only a table without a cursor has.
type Window struct {
	Lo string `json:"lo,omitempty"`
	Hi string `json:"hi,omitempty"`
}

// String prints the window as (lo, hi], with -∞ and ∞ for open ends.
func (w Window) String() string {
	lo, hi := w.Lo, w.Hi+"]"
	if lo == "" {
		lo = "-∞"
	}
	if w.Hi == "" {
		hi = "∞)"
	}
	return fmt.Sprintf("(%s, %s", lo, hi)
}
