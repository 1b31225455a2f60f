package failure

import (
	"time"

	"go.temporal.io/sdk/temporal"
)

// Details travel in a failure beside its message, which holds the same words in one line for the Web UI: the command
// line shows what, where and remedy apart. Fields are added, never re-used.
type Details struct {
	// Doing is the operation, such as "write a chunk of shop.orders to dw.orders".
	Doing string `json:"doing,omitempty"`
	// Connection is the configured name of the server that was asked.
	Connection string `json:"connection,omitempty"`
	// What is the message without the operation and the remedy.
	What string `json:"what,omitempty"`
	// Remedy is what a person can do about it.
	Remedy string `json:"remedy,omitempty"`
	// Attempt is set where it matters to the workflow which attempt of the step failed.
	Attempt int32 `json:"attempt,omitempty"`
	// ClockBack and ClockUntil are of WatermarkAhead: see State.
	ClockBack  time.Duration `json:"clockBack,omitempty"`
	ClockUntil string        `json:"clockUntil,omitempty"`
}

// New is a failure that no retry can mend: what is wrong, and what to do.
func New(typ, what, remedy string) error {
	msg := what
	if remedy != "" {
		msg += ": " + remedy
	}
	return temporal.NewApplicationErrorWithOptions(msg, typ, temporal.ApplicationErrorOptions{
		NonRetryable: true, Details: []any{Details{What: what, Remedy: remedy}},
	})
}

// RemedyTooManyBadRows is what to do about rows that the target refuses.
const RemedyTooManyBadRows = "so many have one cause: correct it at the source or on the target (tablehaul " +
	"quarantine list names it) and run again, or raise maxBadRows and maxBadShare"
