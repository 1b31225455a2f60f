package api

import "time"

// UndoTableName is the workflow type that takes back what a repair, a sweep of deletes or a swap has done.
const UndoTableName = "UndoTable"

// UndoDetails are the static details of an undo.
const UndoDetails = "Takes back what a repair or a sweep of deletes has written, row by row. Rows that have changed " +
	"since stay. It pauses the table's deletes. Without a run, it gives the former table of a target that was " +
	"replaced its name back."

const undoPrefix = "tablehaul/undo/"

// UndoTableID is the workflow id that the command line uses for an undo.
func UndoTableID(queue, tbl string) string { return OnQueue(queue, undoPrefix+IDText(tbl)) }

// UndoTableInput starts an undo. Table is required, and Run but for the undo of a swap.
type UndoTableInput struct {
	// Table is a configured source table, "schema.table".
	Table string `json:"table"`
	// Run is what the receipt of the repair, or of the sweep, names. Empty for a table with write: replace, whose last
	// swap is undone.
	Run string `json:"run,omitempty"`
	// DryRun counts, and writes nothing.
	DryRun bool `json:"dryRun,omitempty"`
}

// UndoTableResult is what an undo did.
type UndoTableResult struct {
	Table  string `json:"table"`
	Target string `json:"target"`
	Run    string `json:"run"`
	DryRun bool   `json:"dryRun,omitempty"`
	// Restored counts rows that are now as they were before, those that were so already included. Of a dry run it is
	// how many would be.
	Restored int64 `json:"restored"`
	// Changed counts rows that stay: they are not what was left there.
	Changed int64 `json:"changed"`
	// DeletesPaused says that the table's deletes wait until they are resumed.
	DeletesPaused bool `json:"deletesPaused,omitempty"`
	// Swap is set where a swap was undone: there are no counts then.
	Swap    *UndoneSwap `json:"swap,omitempty"`
	Seconds float64     `json:"seconds"`
}

// UndoneSwap says which former table has the target's name again, or would have it.
type UndoneSwap struct {
	// At is when the swap was made.
	At time.Time `json:"at"`
	// Watermark is what the table's watermark is again; empty for none.
	Watermark string `json:"watermark,omitempty"`
	// KeptSeconds is how long the former table is still kept, as it was looked for.
	KeptSeconds int64 `json:"keptSeconds,omitempty"`
}
