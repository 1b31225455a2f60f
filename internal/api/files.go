package api

// FilesRead says what a run loads of a table of files.
type FilesRead struct {
	// Loads are what their maker wrote in one go; Files and Bytes are those of all of them.
	Loads int   `json:"loads"`
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
	// Ignored counts loads that are being written, or were left unfinished: nothing says which.
	Ignored int `json:"ignored,omitempty"`
}
