package lineage

import (
	"context"
	"fmt"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
)

// Check fails in a transaction that writes the target unless the run is the one that has begun last
// on it, of its own table where the target is shared. No later run can begin before the transaction has ended.
//
// A replica that has taken the server's place has the row, and may lack chunks that were committed since. It fails
// there with ErrNotBegun as well.
func Check(ctx context.Context, db *mysqldb.DB, tx mysqldb.Querier, ref Ref) error {
	_, err := check(ctx, db, tx, ref, "''", "LOCK IN SHARE MODE")
	return err
}

// CheckChunk is Check for a chunk of a run that was begun as Ordered. place says where the chunk is in the order of the
// run: places are compared as texts of ASCII, and a chunk that is repeated has its place again. ErrLate: a later chunk
// has been written. No other chunk of the run can be written before the transaction has ended.
func CheckChunk(ctx context.Context, db *mysqldb.DB, tx mysqldb.Querier, ref Ref, place string) error {
	last, err := check(ctx, db, tx, ref, "chunk", "FOR UPDATE")
	switch {
	case err != nil || last == place:
		return err
	case last > place:
		return fmt.Errorf("write %s: %w", ref.Target, ErrLate)
	}
	_, err = tx.ExecContext(ctx, "UPDATE "+stateTable(ref.Target)+" SET chunk = ? WHERE target_table = ? AND "+
		"state_id = ?", place, name(db, ref.Target), ref.StateID)
	if err != nil {
		return fmt.Errorf("record a chunk in the state row of %s: %w", ref.Target, err)
	}
	return nil
}

// check locks the state row, compares it, and returns the text of one of its columns.
func check(
	ctx context.Context, db *mysqldb.DB, tx mysqldb.Querier, ref Ref, column, lock string,
) (text string, err error) {
	which, args := "target_table = ?", []any{name(db, ref.Target)}
	if ref.Shared {
		which, args = which+" AND state_id = ?", append(args, ref.StateID)
	}
	rows, err := tx.QueryContext(ctx, "SELECT state_id, fence, "+db.InstanceSQL()+", "+column+" FROM "+
		stateTable(ref.Target)+" WHERE "+which+" "+lock, args...)
	if err != nil {
		return "", fmt.Errorf("check the state row of %s: %w", ref.Target, gone(err))
	}
	defer func() { _ = rows.Close() }() // an error of it follows from one of Next
	outcome := ErrNotBegun
	for rows.Next() {
		var id, server string
		var fence int64
		if err := rows.Scan(&id, &fence, &server, &text); err != nil {
			return "", err
		}
		switch {
		case id != ref.StateID || fence > ref.Fence:
			return "", fmt.Errorf("write %s: %w", ref.Target, ErrFenced)
		case fence == ref.Fence && (ref.Server == "" || ref.Server == server):
			outcome = nil
		}
	}
	if err := rows.Err(); err != nil {
		return "", fmt.Errorf("check the state row of %s: %w", ref.Target, gone(err))
	}
	if outcome != nil {
		return "", fmt.Errorf("write %s: %w: %w", ref.Target, outcome, mysqldb.ErrOtherServer)
	}
	return text, nil
}

// gone takes a state table that is missing, or lacks a column, for that of another target.
func gone(err error) error {
	if mysqlerr.IsMissing(err) || mysqlerr.NumberOf(err) == mysqlerr.ErrBadField {
		return fmt.Errorf("%w: %w", ErrNotBegun, mysqldb.ErrOtherServer)
	}
	return err
}

// MarkRange records that a range of a first load is on the target. Repeating it is harmless.
func MarkRange(ctx context.Context, db *mysqldb.DB, ref Ref, i int) error {
	return update(ctx, db, ref, fmt.Sprintf("mark a range of %s", ref.Target), "done = INSERT(done, ?, 1, '1')", i+1)
}

// Finish records that a run is on the target whole. Repeating it is harmless.
func Finish(ctx context.Context, db *mysqldb.DB, ref Ref, watermark string) error {
	return update(ctx, db, ref, fmt.Sprintf("finish on %s", ref.Target), "run = fence, watermark = ?", watermark)
}

// update changes the run's own state row, and fails where it is not there any more.
func update(ctx context.Context, db *mysqldb.DB, ref Ref, doing, set string, arg any) error {
	where, args := "target_table = ? AND state_id = ? AND fence = ?",
		[]any{arg, name(db, ref.Target), ref.StateID, ref.Fence}
	if ref.Server != "" {
		where, args = where+" AND "+db.InstanceSQL()+" = ?", append(args, ref.Server)
	}
	result, err := db.ExecContext(ctx, "UPDATE "+stateTable(ref.Target)+" SET "+set+", changed_at = NOW() WHERE "+where,
		args...)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, mysqlerr.Safe(gone(err)))
	}
	if n, err := result.RowsAffected(); err != nil || n > 0 {
		return err
	}
	// Unchanged rows are not counted: it may have been done within this second.
	if err := Check(ctx, db, db, ref); err != nil {
		return fmt.Errorf("%s: %w", doing, mysqlerr.Safe(err))
	}
	return nil
}
