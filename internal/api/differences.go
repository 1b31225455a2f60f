package api

// ShowDifferencesName is the workflow type that reads a page of the list of differences for one command line.
const ShowDifferencesName = "ShowDifferences"

// ShowDetails are the static details of such a workflow.
const ShowDetails = "Reads a page of the list of differences. The result is encrypted for who has asked."

// ShowDifferencesID is the workflow id of one question; id tells questions apart.
func ShowDifferencesID(queue, tbl, id string) string {
	return OnQueue(queue, "tablehaul/differences/"+IDText(tbl)+"/"+id)
}

// ShowDifferencesInput asks for a page of a list of differences.
type ShowDifferencesInput struct {
	Table string `json:"table"`
	// Run is the comparison's, as its receipt has it; "" is the last one.
	Run string `json:"run,omitempty"`
	// Queue is that of the host which has the files, as the receipt has it.
	Queue string `json:"queue,omitempty"`
	// Verdict selects differences; "" is all.
	Verdict string `json:"verdict,omitempty"`
	// After is how many differences of the list to pass over, of all verdicts; Limit, 1 to 5,000, how many to return.
	After int64 `json:"after,omitempty"`
	Limit int   `json:"limit"`
	// PublicKey is the one that the page is encrypted for: see package sealed.
	PublicKey []byte `json:"publicKey"`
}

// ShowDifferencesResult is a page.
type ShowDifferencesResult struct {
	Run string `json:"run"`
	// Shown is how many differences the page has.
	Shown int `json:"shown"`
	// Next is the After of the next page, 0 where the list has ended.
	Next int64 `json:"next,omitempty"`
	// Sealed is a DifferencePage as JSON, encrypted.
	Sealed []byte `json:"sealed"`
}

// DifferencePage is the content of a page. No history has it in clear text.
type DifferencePage struct {
	Columns     []DifferenceColumn `json:"columns"`
	Differences []Difference       `json:"differences"`
}

// DifferenceColumn is a column of the key.
type DifferenceColumn struct {
	Name string `json:"name"`
	// Binary says that values are bytes and no text.
	Binary bool `json:"binary,omitempty"`
}

// Difference is one key of which the sides differ.
type Difference struct {
	Key     [][]byte `json:"key"`
	Verdict string   `json:"verdict"`
	// SourceCursor and TargetCursor are "" where the side has no such row, or no cursor.
	SourceCursor string `json:"sourceCursor,omitempty"`
	TargetCursor string `json:"targetCursor,omitempty"`
}
