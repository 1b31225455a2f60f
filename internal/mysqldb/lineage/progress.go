package lineage

import (
	"context"
	"fmt"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
)

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
