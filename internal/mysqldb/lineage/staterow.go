package lineage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// StateTable is the table of state rows in the schema of each target.
const StateTable = table.StateTable

// Row says which state a target table belongs to, and how far its rows are.
type Row struct {
	// StateID is the id of the state workflow that keeps the target, and Keeper where that runs:
	// namespace and workflow id.
	StateID string
	Keeper  string
	// Fence is that of the run that has begun to write last.
	Fence int64
	// Run is the fence of the last run that was written whole, 0 for none, and Watermark the table's when it was.
	Run       int64
	Watermark string
	// Done has a '1' for each range of an unfinished first load that is on the target.
	Done string
}

var (
	// ErrFenced is returned where a newer run has begun to write the target.
	ErrFenced = errors.New("a newer run writes the target")
	// ErrLate is returned where the target has a later chunk of the same run, which is written in order.
	ErrLate = errors.New("a later chunk of this run is on the target")
	// ErrNotBegun is returned where the target is not the one on which the run was begun: its state
	// row is missing, another's or an older one.
	ErrNotBegun = errors.New("the target is not the one on which this run was begun")
	// ErrNoStateTable is returned where the login may not create or use the state table.
	ErrNoStateTable = errors.New("the login may not keep a state row beside the target")
)

const (
	duplicateColumn = 1060 // ER_DUP_FIELDNAME
	duplicateEntry  = 1062 // ER_DUP_ENTRY
)

// chunkColumn has the place of the last chunk of a run that is written in order. State tables of before lack it.
const chunkColumn = "chunk VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '' " +
	"COMMENT 'the last one, where chunks are written in order'"

// createSQL makes the state table. Names and ids compare byte by byte.
const createSQL = "CREATE TABLE IF NOT EXISTS %s (\n" +
	"  target_table VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,\n" +
	"  state_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'run id of the state workflow',\n" +
	"  keeper VARCHAR(1000) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL COMMENT 'namespace and workflow id',\n" +
	"  fence BIGINT NOT NULL COMMENT 'of the run that began last',\n" +
	"  run BIGINT NOT NULL COMMENT 'fence of the last run that is whole',\n" +
	"  watermark VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,\n" +
	"  done MEDIUMTEXT CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'loaded ranges of a first load',\n" +
	"  " + chunkColumn + ",\n" +
	"  changed_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,\n" +
	"  PRIMARY KEY (target_table, state_id)\n" +
	") ENGINE=InnoDB COMMENT='Tablehaul: which run has written what; do not change it'"

// CreateStatement is the DDL of the state table beside a target, for people whose login may not create it.
func CreateStatement(target table.Name) string {
	return fmt.Sprintf(createSQL, stateTable(target))
}

func stateTable(target table.Name) string {
	return sqltext.Qualified(table.Name{Schema: target.Schema, Table: StateTable})
}

// Ref names a run's state row. It travels in the run's plan.
type Ref struct {
	Target  table.Name `json:"target"`
	StateID string     `json:"stateId"`
	Fence   int64      `json:"fence"`
	// Shared says that other tables write the target too, each with a state row of its own: theirs do not count.
	Shared bool `json:"shared,omitempty"`
	// Server is the digest of the server on which the run was begun, as mysqldb.Instance has it: no other one may hold
	// its rows. "" is any server; see Clustered.
	Server string `json:"server,omitempty"`
}

// name is the target's name as the state table has it.
func name(db *mysqldb.DB, target table.Name) string {
	if db.Server.FoldsNames {
		return strings.ToLower(target.Table)
	}
	return target.Table
}

// Read returns the target's state rows: none where no run has begun on it, one in good order.
func Read(ctx context.Context, db *mysqldb.DB, target table.Name) ([]Row, error) {
	rows, err := read(ctx, db, db, target, "")
	if mysqlerr.IsMissing(err) {
		return nil, nil // the table, or its schema, is not there yet
	}
	if err != nil {
		return nil, fmt.Errorf("read the state row of %s: %w", target, stateError(err))
	}
	return rows, nil
}

func read(ctx context.Context, db *mysqldb.DB, q mysqldb.Querier, target table.Name, lock string) (out []Row,
	err error,
) {
	rows, err := q.QueryContext(ctx, "SELECT state_id, keeper, fence, run, watermark, done FROM "+stateTable(target)+
		" WHERE target_table = ?"+lock, name(db, target))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var r Row
		if err := rows.Scan(&r.StateID, &r.Keeper, &r.Fence, &r.Run, &r.Watermark, &r.Done); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// stateError is ErrNoStateTable where the login is refused, and else safe to show.
func stateError(err error) error {
	if mysqlerr.IsAccessDenied(err) {
		return fmt.Errorf("%w: %w", ErrNoStateTable, mysqlerr.Safe(err))
	}
	return mysqlerr.Safe(err)
}

// BeginSpec is what Begin makes of a target's state row.
type BeginSpec struct {
	Ref
	Keeper string
	// Expected is the row's Run when the run was planned.
	Expected int64
	// Done are the ranges of a first load that need not be loaded again; "" outside of one.
	Done string
	// Ordered says that CheckChunk checks the run's chunks. No chunk of it is on the target yet.
	Ordered bool
	// Replaces are the ids of other states whose rows go: the target is taken over from them.
	Replaces []string
}

// Begin makes the state row that of a run that is about to write: its fence rises. It waits for
// chunks of earlier runs that are being written, and none of them can commit afterwards.
//
// Repeating it is harmless. ErrFenced: a newer run, or one of another state where the target is not shared, has begun.
// ErrNotBegun: the row has changed since the run was planned. ErrNoStateTable: the login may not.
func Begin(ctx context.Context, db *mysqldb.DB, spec BeginSpec) error {
	err := begin(ctx, db, spec)
	statement := ""
	switch {
	case mysqlerr.IsMissing(err):
		statement = CreateStatement(spec.Target)
	case mysqlerr.NumberOf(err) == mysqlerr.ErrBadField:
		statement = "ALTER TABLE " + stateTable(spec.Target) + " ADD COLUMN " + chunkColumn + " AFTER done"
	}
	if statement != "" {
		_, err = db.ExecContext(ctx, statement)
		if err == nil || mysqlerr.NumberOf(err) == duplicateColumn { // another run has added it
			err = begin(ctx, db, spec)
		}
	}
	if err != nil {
		return fmt.Errorf("begin on %s: %w", spec.Target, stateError(err))
	}
	return nil
}

func begin(ctx context.Context, db *mysqldb.DB, spec BeginSpec) error {
	forget, args := "", []any{
		spec.Keeper, spec.Fence, spec.Done, name(db, spec.Target), spec.StateID, spec.Fence, spec.Expected, spec.Fence,
	}
	if spec.Ordered { // a step that is repeated late forgets no chunk of its own run
		forget, args = "chunk = IF(fence < ?, '', chunk), ", append([]any{spec.Fence}, args...)
	}
	for range 2 { // the second time, the row is there
		result, err := db.ExecContext(ctx, "UPDATE "+stateTable(spec.Target)+" SET "+forget+"keeper = ?, fence = ?, "+
			"done = ?, changed_at = NOW() WHERE target_table = ? AND state_id = ? AND fence <= ? AND run IN (?, ?)",
			args...)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		if err != nil || n > 0 && len(spec.Replaces) == 0 {
			return err
		}
		rows, err := read(ctx, db, db, spec.Target, "")
		if err != nil {
			return err
		}
		if there, err := spec.settle(ctx, db, rows); err != nil || there {
			return err
		}
	}
	return ErrNotBegun
}

// settle makes the run's row the only one, beside those of others that share the target, and reports whether it is as
// the run wants it.
func (spec BeginSpec) settle(ctx context.Context, db *mysqldb.DB, rows []Row) (there bool, err error) {
	var own *Row
	var others []string
	for i, r := range rows {
		switch {
		case r.StateID == spec.StateID:
			own = &rows[i]
		case slices.Contains(spec.Replaces, r.StateID):
			others = append(others, r.StateID)
		case spec.Shared:
		default:
			return false, ErrFenced
		}
	}
	st, target := stateTable(spec.Target), name(db, spec.Target)
	switch {
	case own == nil && spec.Expected != 0:
		return false, ErrNotBegun
	case own == nil && len(others) > 0:
		// The other state's row becomes ours: that takes no DELETE privilege. Its fence has yet to rise to ours.
		_, err = db.ExecContext(ctx, "UPDATE "+st+" SET state_id = ?, run = 0, watermark = '', fence = LEAST(fence, "+
			"?) WHERE target_table = ? AND state_id = ?", spec.StateID, spec.Fence-1, target, others[0])
		others = others[1:]
	case own == nil:
		_, err = db.ExecContext(ctx, "INSERT INTO "+st+" (target_table, state_id, keeper, fence, run, watermark, done)"+
			" VALUES (?, ?, ?, ?, 0, '', ?)", target, spec.StateID, spec.Keeper, spec.Fence, spec.Done)
		if mysqlerr.NumberOf(err) == duplicateEntry {
			err = nil // an earlier try of this step, whose reply was lost
		}
	case own.Fence > spec.Fence:
		return false, ErrFenced
	case own.Run != spec.Expected && own.Run != spec.Fence:
		return false, ErrNotBegun
	default:
		there = own.Fence == spec.Fence
	}
	for _, id := range others {
		if err == nil {
			_, err = db.ExecContext(ctx, "DELETE FROM "+st+" WHERE target_table = ? AND state_id = ?", target, id)
		}
	}
	return there, err
}
