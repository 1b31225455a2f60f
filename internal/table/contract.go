package table

// Contract says how a target follows changes of its source's structure. The zero Contract follows none, and keeps
// columns that the source has dropped.
type Contract struct {
	// NewColumns is ContractAdd, ContractIgnore, or ContractFail (also for "").
	NewColumns string `json:"newColumns,omitempty"`
	// Widened is ContractAlter, or ContractFail (also for "").
	Widened string `json:"widened,omitempty"`
	// Dropped is ContractKeep (also for ""), or ContractFail.
	Dropped string `json:"dropped,omitempty"`
	// Narrowed is ContractFail, also for "".
	Narrowed string `json:"narrowed,omitempty"`
	// MaxCopyRows is how many rows a target may have, by the server's estimate, where an ALTER copies it.
	MaxCopyRows int64 `json:"maxCopyRows,omitempty"`
}

// Words of a Contract.
const (
	ContractAdd    = "add"
	ContractIgnore = "ignore"
	ContractAlter  = "alter"
	ContractKeep   = "keep"
	ContractFail   = "fail"
)
