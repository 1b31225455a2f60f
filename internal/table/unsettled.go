package table

// Unsettled says where the order of cursors is not the order of versions.
//
// At or below the end of a window all work has ended: of two versions of a row the one with the larger cursor is the
// later one, and an equal cursor is an equal row. Above it that is not so. A statement that waits for a lock has its
// moment before it gets the lock: its version may be committed after one with a larger cursor, and carry a smaller one.
// Runs read above the end of their window, so the target may hold the version with the larger cursor, and the next run
// finds the later one with the smaller cursor below the end of its own window.
//
// So a row that was read up to Hi replaces one whose cursor is above After and up to Through:
// what lies there on the target was written by an earlier run, or by an earlier plan of the same
// run, which read the row earlier. A late chunk of theirs commits nothing: each plan has a fence
// of its own. A row that was read above Hi has no such right, and is no reason to refuse a chunk
// either.
type Unsettled struct {
	// Hi is the end of the run's window, inclusive. The zero Unsettled, without Hi, goes by the order of cursors alone.
	Hi string `json:"hi,omitempty"`
	// After is the watermark at which the run began, exclusive; empty is from the beginning.
	After string `json:"after,omitempty"`
	// Through is the source's clock when the run was planned, inclusive: earlier runs and plans read no row that
	// is above it. This plan may have, and what it wrote stays.
	Through string `json:"through,omitempty"`
}
