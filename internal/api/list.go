package api

import "time"

// ListTablesResult is the tables of the worker's configuration at this time.
type ListTablesResult struct {
	Tables   []ListedTable  `json:"tables"`
	Families []ListedFamily `json:"families,omitempty"`
	// Refused says that the worker has not taken over what its file has become; nil where it has.
	Refused *RefusedConfig `json:"refused,omitempty"`
}

// RefusedConfig is a configuration that a worker has not taken over: it goes on with the one before.
type RefusedConfig struct {
	// Since is when the worker refused it.
	Since time.Time `json:"since"`
	// Restart names what only a worker that starts takes over; empty where the file has problems.
	Restart string `json:"restart,omitempty"`
}

// ListedTable is a table that the worker would run.
type ListedTable struct {
	Table string `json:"table"`
	// Family is the entry that it belongs to; empty where the configuration names it exactly.
	Family string `json:"family,omitempty"`
	// Settings is the digest of its settings; see config.Config.Digest.
	Settings string `json:"settings"`
}

// ListedFamily is an entry with a *, and its number of tables at this time.
type ListedFamily struct {
	Name       string `json:"name"`
	Connection string `json:"connection"`
	Tables     int    `json:"tables"`
	// LeftOut are tables that the name would match, which belong to a tool for online schema
	// changes; at most ten of them, LeftOutCount are all.
	LeftOut      []string `json:"leftOut,omitempty"`
	LeftOutCount int      `json:"leftOutCount,omitempty"`
}
