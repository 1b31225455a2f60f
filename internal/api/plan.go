package api

import (
	"github.com/tablehaul/tablehaul/internal/table"
)

// Verdicts of a preview.
const (
	VerdictReady   = "ready"
	VerdictRefused = "refused"
)

// PlanTableInput asks what a run would do; its fields mean what those of SyncTableInput do.
type PlanTableInput struct {
	Table string `json:"table"`
	Full  bool   `json:"full,omitempty"`
	From  string `json:"from,omitempty"`
	To    string `json:"to,omitempty"`
}

// PlanTableResult is what a run would do now. Statements are DDL for the target; Findings
// are all that preflight has to say, refusals first.
type PlanTableResult struct {
	Table     string       `json:"table"`
	Target    string       `json:"target"`
	Mode      string       `json:"mode,omitempty"`
	Window    table.Window `json:"window"`
	Watermark string       `json:"watermark,omitempty"`
	// AboveWatermark says that a backfill begins above the watermark.
	AboveWatermark bool `json:"aboveWatermark,omitempty"`
	// RowsEstimate and BytesEstimate are the server's guess of the whole table.
	RowsEstimate  int64 `json:"rowsEstimate"`
	BytesEstimate int64 `json:"bytesEstimate"`
	Ranges        int   `json:"ranges"`
	// Reads is what the run itself would do.
	Reads Estimate `json:"reads"`
	// Index is what the reads go by; empty where they filter a scan by key.
	Index      string   `json:"index,omitempty"`
	HeldBack   string   `json:"heldBack,omitempty"`
	Statements []string `json:"statements"`
	// Creates says that Statements create the target table.
	Creates  bool            `json:"creates,omitempty"`
	Findings []table.Finding `json:"findings"`
	// Write says in a sentence what a row does to the target.
	Write string `json:"write,omitempty"`
	// Where is the filter of rows, empty for none. Columns is the mapping of columns, empty where all travel as they
	// are.
	Where   string         `json:"where,omitempty"`
	Columns []MappedColumn `json:"columns,omitempty"`
	// Deletes says in a sentence what becomes of rows that the source deletes.
	Deletes string `json:"deletes,omitempty"`
	Verdict string `json:"verdict"`
	// Files is what the run would load of a table of files, nil for other tables; FileColumns are its columns.
	Files       *FilesRead `json:"files,omitempty"`
	FileColumns []string   `json:"fileColumns,omitempty"`
	// Resumes says how far a run is that has not ended, with which the run would go on; empty for none.
	Resumes string `json:"resumes,omitempty"`
	// Identity is what the run would bind the watermark to.
	Identity IdentityShown `json:"identity,omitzero"`
}

// MappedColumn is a column of the target and what it comes from.
type MappedColumn struct {
	// Source is the source's column, or the expression of an added one.
	Source string `json:"source"`
	// Target and Type are empty for a column that is left out.
	Target string `json:"target,omitempty"`
	Type   string `json:"type,omitempty"`
	// How is "mask …", "added", "computed" or "left out"; empty for a value as it is.
	How string `json:"how,omitempty"`
}

// Estimate is what a run would read and write, as far as servers and earlier runs show. It is
// for people: half or twice as much is normal.
type Estimate struct {
	// Known is false where the server has no estimate of the table's rows.
	Known  bool  `json:"known"`
	Rows   int64 `json:"rows"`
	Bytes  int64 `json:"bytes"`
	Chunks int64 `json:"chunks"`
	// Seconds is at the pace of Basis: "earlier runs" of the table, or "a guess".
	Seconds float64 `json:"seconds"`
	Basis   string  `json:"basis"`
}

// What Estimate.Seconds goes by.
const (
	BasisEarlier = "earlier runs"
	BasisGuess   = "a guess"
)

// IdentityShown is an identity in words, for people.
type IdentityShown struct {
	Source string `json:"source,omitempty"`
	Target string `json:"target,omitempty"`
	// Row is what the target's state row says, or why there is none.
	Row string `json:"row,omitempty"`
}
