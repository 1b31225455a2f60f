package api

import "strings"

// FillColumnsName is the workflow type that fills columns of rows that are on the target.
const FillColumnsName = "FillColumns"

// FillDetails are the static details of a backfill of columns.
const FillDetails = "Fills columns of rows that are on the target, where they still are the version that was read at " +
	"the source. Runs go on meanwhile, and win."

// ModeFill is Status.Mode of a backfill of columns.
const ModeFill = "fill"

const fillPrefix = "tablehaul/backfill/"

// FillColumnsID is the workflow id that the command line uses for a backfill of columns.
func FillColumnsID(queue, tbl string) string { return OnQueue(queue, fillPrefix+IDText(tbl)) }

// IsFillID reports whether a workflow id is that of a backfill of columns which the command line has started.
func IsFillID(id string) bool { return strings.Contains(id, fillPrefix) }

// FillColumnsInput starts a backfill of columns. Table and Columns are required.
type FillColumnsInput struct {
	// Table is a configured source table, "schema.table".
	Table string `json:"table"`
	// Columns are columns of the target, neither of its key nor the cursor.
	Columns []string `json:"columns"`
	// DryRun counts, and writes nothing.
	DryRun bool `json:"dryRun,omitempty"`
}

// FillColumnsResult is the receipt of a backfill of columns.
type FillColumnsResult struct {
	Table   string   `json:"table"`
	Target  string   `json:"target"`
	Columns []string `json:"columns"`
	DryRun  bool     `json:"dryRun,omitempty"`
	// Cursor and Through say which rows of the source were read: those up to the watermark.
	Cursor  string `json:"cursor"`
	Through string `json:"through"`
	// Rows is how many they were. The four counts add up to it, unless the backfill was planned again meanwhile.
	Rows int64 `json:"rows"`
	// Filled rows have the values now; of a dry run it is how many would get them. Equal ones had them before.
	Filled int64 `json:"filled"`
	Equal  int64 `json:"equal"`
	// Newer rows were another version on the target than was read: a run has written them, or will.
	Newer int64 `json:"newer"`
	// Missing rows are not on the target.
	Missing int64 `json:"missing"`
	// Approximate says that a step was repeated: rows that it had filled before count as Equal.
	Approximate bool `json:"approximate,omitempty"`
	// LongestTransaction is the longest on the target, in seconds.
	LongestTransaction float64  `json:"longestTransaction"`
	Seconds            float64  `json:"seconds"`
	Warnings           []string `json:"warnings,omitempty"`
}
