package lineage

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/table"
)

// Stages of a replacement.
const (
	// ReplacementLoading: the table beside the target is being loaded, or what is left of a load that failed.
	ReplacementLoading = "loading"
	// ReplacementChecked: it holds what was read, and may take the target's place.
	ReplacementChecked = "checked"
	// ReplacementSwapped: it has the target's name, and the one before is kept.
	ReplacementSwapped = "swapped"
	// ReplacementUndoing: the former target gets its name back.
	ReplacementUndoing = "undoing"
	// ReplacementUndone: the former target has its name back, and no table is beside it.
	ReplacementUndone = "undone"
)

// Replacement says how far the replacement of a target is. It is kept in a row of the state table, under the name of
// the table that is loaded.
type Replacement struct {
	Stage string `json:"stage"`
	// Fence is that of the run that has begun it.
	Fence int64 `json:"fence"`
	// Rows is how many rows were loaded and checked.
	Rows int64 `json:"rows,omitempty"`
	// Writes is what was known of writes to the target when the load began; nil where there was no target.
	Writes *Writes `json:"writes,omitempty"`
	// Old is the table that the last swap has put aside; nil where none is kept.
	Old *OldTable `json:"old,omitempty"`
}

// OldTable is a former target that is kept for an undo.
type OldTable struct {
	// SwappedAt is when it was put aside, in seconds since 1970, and KeepSeconds how long it is kept, both by the
	// server's clock.
	SwappedAt   int64 `json:"swappedAt"`
	KeepSeconds int64 `json:"keepSeconds"`
	// Watermark is what the table's watermark was while it was the target.
	Watermark string `json:"watermark,omitempty"`
	// Written says that others have written the table in the moment of its swap. Their rows are nowhere else, so no run
	// drops it, however long it is kept.
	Written bool `json:"written,omitempty"`
}

// Writes is what a server knows of writes to a table; see swap.ReadWrites.
type Writes struct {
	// Rows is how many were written since the server's start, nil where it does not count them.
	Rows *int64 `json:"rows,omitempty"`
	// Last is when the last write was committed; "" where that is not known.
	Last string `json:"last,omitempty"`
	// Started is when the server was started, in seconds since 1970.
	Started int64 `json:"started"`
	// Structure is a digest of the table's definition.
	Structure string `json:"structure"`
}

// restartSlack is how many seconds two readings of one start may differ.
const restartSlack = 2

// Known reports whether writes that come later can be seen.
func (w Writes) Known() bool { return w.Rows != nil || w.Last != "" }

// Since reports whether the table was written between two readings, as far as the server knows.
func (w Writes) Since(before Writes) bool {
	if w.Started < before.Started-restartSlack || w.Started > before.Started+restartSlack {
		return w.Last != "" && w.Last != before.Last // counts begin again with the server
	}
	return w.Rows != nil && before.Rows != nil && *w.Rows > *before.Rows || w.Last != "" && w.Last != before.Last
}

// replacementID is the state id of the row of a replacement: it is no state workflow's.
const replacementID = "replacement"

// ReadReplacement reads a target's replacement; nil where none was begun.
func ReadReplacement(ctx context.Context, q mysqldb.Querier, names table.Replacement) (*Replacement, error) {
	var text string
	err := q.QueryRowContext(ctx, "SELECT done FROM "+stateTable(names.Target)+" WHERE target_table = ? AND "+
		"state_id = ?", names.Load.Table, replacementID).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) || mysqlerr.IsMissing(err) {
		return nil, nil
	}
	var r Replacement
	if err == nil {
		err = json.Unmarshal([]byte(text), &r)
	}
	if err != nil {
		return nil, fmt.Errorf("read the replacement of %s: %w", names.Target, stateError(err))
	}
	return &r, nil
}

// WriteReplacement writes a target's replacement. Repeating it is harmless.
func WriteReplacement(ctx context.Context, q mysqldb.Querier, names table.Replacement, r Replacement) error {
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("write the replacement of %s: %w", names.Target, err)
	}
	_, err = q.ExecContext(ctx, "INSERT INTO "+stateTable(names.Target)+" (target_table, state_id, keeper, fence, run,"+
		" watermark, done) VALUES (?, ?, '', ?, 0, '', ?) ON DUPLICATE KEY UPDATE fence = VALUES(fence), "+
		"done = VALUES(done), changed_at = NOW()", names.Load.Table, replacementID, r.Fence, string(text))
	if err != nil {
		return fmt.Errorf("write the replacement of %s: %w", names.Target, stateError(err))
	}
	return nil
}
