package api

// UndoTableName is the workflow type that takes back what a repair or a sweep of deletes has written.
const UndoTableName = "UndoTable"

// UndoDetails are the static details of an undo.
const UndoDetails = "Takes back what a repair or a sweep of deletes has written, row by row. Rows that have changed " +
	"since stay. It pauses the table's deletes."

const undoPrefix = "tablehaul/undo/"

// UndoTableID is the workflow id that the command line uses for an undo.
func UndoTableID(queue, tbl string) string { return OnQueue(queue, undoPrefix+IDText(tbl)) }

// UndoTableInput starts an undo. Table and Run are required.
type UndoTableInput struct {
	// Table is a configured source table, "schema.table".
	Table string `json:"table"`
	// Run is what the receipt of the repair, or of the sweep, names.
	Run string `json:"run"`
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
	DeletesPaused bool    `json:"deletesPaused,omitempty"`
	Seconds       float64 `json:"seconds"`
}
