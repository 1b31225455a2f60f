package owner

import (
	"fmt"

	"github.com/tablehaul/tablehaul/internal/mysqldb/lineage"
	"github.com/tablehaul/tablehaul/internal/table"
)

// Identity is what a table's watermark speaks of. It is bound by the run that raises the watermark,
// and each later run compares it with what is there.
type Identity struct {
	Source lineage.Server `json:"source"`
	Target TargetIdentity `json:"target"`
	// Cursor is the watermark's column, CursorType its COLUMN_TYPE, CursorZone the configured zone.
	Cursor     string `json:"cursor,omitempty"`
	CursorType string `json:"cursorType,omitempty"`
	CursorZone string `json:"cursorZone,omitempty"`
	// Key are the columns of the source's key, in key order.
	Key []string `json:"key"`
	// Mapping is the digest of what rows become on the target; empty where they stay as they are.
	Mapping string `json:"mapping,omitempty"`
	// Write is what rows do to the target: see table.WriteMode. "" is upsert.
	Write table.WriteMode `json:"write,omitempty"`
	// Columns are the source's, by their names on the target; see schema: narrowed and dropped. nil is not known.
	Columns []SourceColumn `json:"columns,omitempty"`
}

// SourceColumn is a column as a run has read it.
type SourceColumn struct {
	Name string `json:"n"`
	// Type is the COLUMN_TYPE of the column at the source; "" where that says nothing of the values (an added column, a
	// mask that hides all) or is long.
	Type string `json:"t,omitempty"`
	// MadeBy is that of table.Column; "" is not known.
	MadeBy string `json:"m,omitempty"`
}

// ColumnNames are the names of the source's columns; none where they are not known.
func (i *Identity) ColumnNames() (names []string) {
	if i == nil {
		return nil
	}
	for _, c := range i.Columns {
		names = append(names, c.Name)
	}
	return names
}

// String is for people.
func (i Identity) String() string {
	text := fmt.Sprintf("the target %s on %s", i.Target.Table, i.Target.Server)
	if i.Source.ID != "" { // files have none
		text = fmt.Sprintf("the source on %s; %s", i.Source, text)
	}
	if i.Cursor != "" {
		text += fmt.Sprintf("; the cursor %s, %s", i.Cursor, i.CursorType)
	}
	if !i.Target.Row {
		text += "; no state row is kept beside the target"
	}
	return text
}

// TargetIdentity is the target that a watermark speaks of.
type TargetIdentity struct {
	Table  string         `json:"table"`
	Server lineage.Server `json:"server"`
	// Row says that a state row is kept beside the target, and Run is the fence of the last run that
	// has written rows and was whole; 0 for none.
	Row bool  `json:"row,omitempty"`
	Run int64 `json:"run,omitempty"`
	// Owned says that the table was created for its rows, or had none, when they were first loaded: what it holds
	// came from the source, as far as no others write it.
	Owned bool `json:"owned,omitempty"`
}
