package api

import "github.com/tablehaul/tablehaul/internal/verify"

// VerifyTableName is the workflow type that compares both sides of a table.
const VerifyTableName = "VerifyTable"

// Depths of a comparison.
const (
	// DepthDigest compares all values of each row.
	DepthDigest = "digest"
	// DepthKeys compares the key and the cursor of each row.
	DepthKeys = "keys"
	// DepthSample compares all values of a share of the rows, and goes on from where the last sample ended.
	DepthSample = "sample"
)

// Depths are all of them.
func Depths() []string { return []string{DepthDigest, DepthKeys, DepthSample} }

// VerifyDetails are the static details of a comparison.
const VerifyDetails = "Compares both sides of the table, up to the watermark less the overlap. It writes to neither."

// RepairDetails are those of a comparison that repairs.
const RepairDetails = "Compares both sides of the table, up to the watermark less the overlap, and writes the rows " +
	"that differ as the source has them now."

// ReplayDetails are those of a replay.
const ReplayDetails = "Compares the rows whose keys a kept run has staged, and writes those that differ as the " +
	"source has them now."

const verifyPrefix = "tablehaul/verify/"

// VerifyTableID is the workflow id that the command line uses for a comparison.
func VerifyTableID(queue, tbl string) string { return OnQueue(queue, verifyPrefix+IDText(tbl)) }

// VerifyDryRunID is the workflow id that the command line uses for an estimate.
func VerifyDryRunID(queue, tbl string) string {
	return OnQueue(queue, "tablehaul/verify-dry-run/"+IDText(tbl))
}

// VerifyTableInput starts a comparison. Only Table is required.
type VerifyTableInput struct {
	// Table is a configured source table, "schema.table".
	Table string `json:"table"`
	// Depth is DepthDigest (also for ""), DepthKeys or DepthSample.
	Depth string `json:"depth,omitempty"`
	// Share is how much of the table a sample compares, above 0 and up to 1; 0 is a thirtieth.
	Share float64 `json:"share,omitempty"`
	// Since compares only rows whose cursor has risen since the last comparison. Rows that were deleted, and changes
	// that left the cursor as it was, are not seen.
	Since bool `json:"since,omitempty"`
	// DryRun asks for an estimate, and compares nothing.
	DryRun bool `json:"dryRun,omitempty"`
	// Deletes makes the comparison a sweep: it looks for deleted rows, by key, and does with them what the table's
	// deletes say. Depth is then left out.
	Deletes bool `json:"deletes,omitempty"`
	// Approve, for a sweep, names one that a guard has stopped: its list is acted on, once and however long it is.
	Approve string `json:"approve,omitempty"`
	// Repair writes the rows that differ as the source has them now. Rows that are not at the source any more stay.
	Repair bool `json:"repair,omitempty"`
	// OverwriteNewer lets a repair write over rows that are newer on the target.
	OverwriteNewer bool `json:"overwriteNewer,omitempty"`
	// Replay compares only rows whose keys a run has staged that staging.keep has kept: its name, or "last". A replay
	// is not recorded as a comparison of the table.
	Replay string `json:"replay,omitempty"`
}

// SampleResult is the part of the key space that a sample has compared, in percent of the rows. The next one goes on at
// To, and begins again at 0 where To is 100.
type SampleResult struct {
	From float64 `json:"from"`
	To   float64 `json:"to"`
}

// VerifyEstimate says what a comparison would read.
type VerifyEstimate struct {
	// SourceRows and TargetRows are the servers' estimates, 0 where they have none, and Bytes is the sum of both sides.
	SourceRows int64 `json:"sourceRows"`
	TargetRows int64 `json:"targetRows"`
	Bytes      int64 `json:"bytes"`
	// Seconds is how long it would take; Basis is BasisEarlier or BasisGuess.
	Seconds float64 `json:"seconds"`
	Basis   string  `json:"basis"`
}

// VerifyTableResult is the receipt of a comparison.
type VerifyTableResult struct {
	Table  string `json:"table"`
	Target string `json:"target"`
	Depth  string `json:"depth"`
	// KeysOnly says that neither values nor cursors are compared: the target keeps the first version of each row.
	KeysOnly bool `json:"keysOnly,omitempty"`
	// Sample says which part of the key space a sample has compared; nil for other depths.
	Sample *SampleResult `json:"sample,omitempty"`
	// Cursor and AsOf say which rows were compared: those up to AsOf, in the cursor's exact text. Both
	// are empty for a table without a cursor, of which all rows are compared.
	Cursor string `json:"cursor,omitempty"`
	AsOf   string `json:"asOf,omitempty"`
	// Since is where the compared rows begin, exclusive, of a comparison of what has changed; empty for others.
	Since string `json:"since,omitempty"`
	// Replay is the run whose keys were compared, of a replay; empty for others.
	Replay string `json:"replay,omitempty"`
	// Differs says that a verdict was found that makes the two sides differ.
	Differs bool `json:"differs"`
	// Verdicts counts keys by what a second look found; verdicts without a key are left out.
	Verdicts map[verify.Verdict]int64 `json:"verdicts,omitempty"`
	// Repaired counts keys that a repair has made equal, by what they were. Left counts those that differ still, by
	// what they are now; "pending" ones have changed since, and come with the next run, "settled" ones are on neither
	// side any more. Differs is about what is left.
	Repaired map[verify.Verdict]int64 `json:"repaired,omitempty"`
	Left     map[verify.Verdict]int64 `json:"left,omitempty"`
	// Undo names what `tablehaul undo` takes back of a repair or a sweep; empty where nothing was written or nothing is
	// kept. It has several names where the table was planned again, in their order: undo the last one first.
	Undo []string `json:"undo,omitempty"`
	verify.Tally
	// Digest sums the rows that are equal: one for both sides, in any order of rows and ranges. A later comparison of
	// the same depth that finds the same equal rows has the same.
	Digest verify.Digest `json:"digest"`
	Ranges int           `json:"ranges"`
	// Run is the name of the comparison's kept files.
	Run string `json:"run"`
	// Queue is that of the host which has these files; empty where every worker sees them.
	Queue string `json:"queue,omitempty"`
	// Differences is the key of the staged file that lists the keys that differ, empty where there is none.
	Differences string `json:"differences,omitempty"`
	// Sweep is what a sweep did, nil for another comparison.
	Sweep *SweepResult `json:"sweep,omitempty"`
	// Files is what was read of a table of files; nil for other tables.
	Files *FilesRead `json:"files,omitempty"`
	// Estimate is what a dry run has found; nil where rows were compared.
	Estimate *VerifyEstimate `json:"estimate,omitempty"`
	// LongestPage is the longest SELECT on either side, in seconds.
	LongestPage float64  `json:"longestPage"`
	Seconds     float64  `json:"seconds"`
	Warnings    []string `json:"warnings,omitempty"`
}
