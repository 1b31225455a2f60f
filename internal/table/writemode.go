package table

// WriteMode says what a row of the source does to the target.
type WriteMode string

const (
	// WriteUpsert inserts a row, or updates the target's row of the same key where that is not newer. The zero value
	// means the same.
	WriteUpsert WriteMode = "upsert"
	// WriteAppend inserts a row whose key the target does not have, and leaves the target's row as it is otherwise.
	WriteAppend WriteMode = "append"
	// WriteReplace loads all rows into a table beside the target, which then takes its place.
	WriteReplace WriteMode = "replace"
	// WriteHistory keeps each version of a row that a run has seen, by the row's key and its cursor.
	WriteHistory WriteMode = "history"
)

// OrUpsert is the mode with its default written out.
func (m WriteMode) OrUpsert() WriteMode {
	if m == "" {
		return WriteUpsert
	}
	return m
}

// ReadsTail reports whether runs read rows above the end of their window. Those rows may still change, so only a mode
// that replaces them reads them.
func (m WriteMode) ReadsTail() bool { return m.OrUpsert() == WriteUpsert }

// Text says in a sentence what a row does.
func (m WriteMode) Text() string {
	switch m {
	case WriteReplace:
		return "replace: all rows are loaded into a table beside the target, which then takes its place by one RENAME"
	case WriteAppend:
		return "append: a row is inserted where its key is not there; an existing row of the same key stays as it is"
	case WriteHistory:
		return "history: each version of a row that a run has seen is kept, by the row's key and its cursor"
	default:
		return "upsert: a row is inserted, or updates the row of its key where that is not newer"
	}
}
