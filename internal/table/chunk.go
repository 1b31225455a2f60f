package table

// Span is a piece of a staged file and the hash that proves it.
type Span struct {
	// Offset is where the piece begins, Size how many bytes it has.
	Offset int64 `json:"offset"`
	Size   int64 `json:"size"`
	// SHA256 is of exactly these bytes, in lower-case hex.
	SHA256 string `json:"sha256"`
}

// Chunk is one row group of a part: the unit of retry and one target transaction.
type Chunk struct {
	// FirstRow is the number of rows of the part before this chunk.
	FirstRow int64 `json:"firstRow"`
	Rows     int64 `json:"rows"`
	Span
}

// Part is one staged file, immutable once its manifest is published.
type Part struct {
	// Key is the file's key in the staging store.
	Key string `json:"key"`
	// Rows is the sum over Chunks.
	Rows   int64  `json:"rows"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
	// Stored is the checksum that the store itself keeps of the file, in the store's own form;
	// empty where it keeps none.
	Stored string `json:"stored,omitempty"`
	// Footer is the piece that a reader needs beside a chunk's own.
	Footer Span    `json:"footer"`
	Chunks []Chunk `json:"chunks"`
}
