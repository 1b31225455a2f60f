package fill

import (
	"context"
	"fmt"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/txn"
	"github.com/tablehaul/tablehaul/internal/table"
)

// Spec says which columns of which rows are written.
type Spec struct {
	// Target is the table as the server describes it. It has a primary key.
	Target *schema.Table
	// Columns are those of the rows, in their order: the whole primary key, the cursor, and those that are written.
	// All are columns of the target.
	Columns []table.Column
	// Cursor is the column by which a row is known to be the same version. It is no column of Fill.
	Cursor string
	// Fill names the columns to write.
	Fill []string
	// DryRun counts, and neither locks nor writes.
	DryRun bool
	// MaxTransaction is after how long a transaction begins no further statement, and commits; 0 is no limit.
	MaxTransaction time.Duration
	// OnBegin, which may be nil, runs on the transaction's connection before anything is read. Its error
	// ends the transaction, and is returned unchanged.
	OnBegin func(ctx context.Context, tx mysqldb.Querier) error
}

// Result is what was done. Its counts add up to the rows.
type Result struct {
	// Filled rows have the values now. Equal ones had them before.
	Filled, Equal int64
	// Newer rows are of another version than was read: a run has written them, or will.
	Newer int64
	// Missing rows are not on the target.
	Missing int64
	// Committed is of the longest transaction, and Tries the most of any. Where it is Approximate, an earlier try may
	// have filled rows that are Equal now.
	txn.Committed
}

// Rows fills columns of rows, all of those that are still what was read: in one transaction, or in several where
// Spec.MaxTransaction passes.
//
// It locks the rows first, by their keys and no others. To repeat it is harmless, also after an error: the result is
// then that of the transactions before. After a lock conflict it tries the whole transaction again, txn.MaxTries times
// at most. It calls heartbeat, which may be nil, between statements. All errors are safe to show. Besides errors of the
// server it returns [txn.ErrOutcomeUnknown] and [schema.ErrStructureChanged].
func Rows(ctx context.Context, d *mysqldb.DB, spec Spec, rows *table.Rows, heartbeat func()) (Result, error) {
	res, err := fillAll(ctx, d, spec, rows, heartbeat)
	if err != nil {
		err = fmt.Errorf("fill columns of %s: %w", spec.Target.Name, mysqlerr.Safe(err))
	}
	return res, err
}

func fillAll(ctx context.Context, d *mysqldb.DB, spec Spec, rows *table.Rows, heartbeat func()) (Result, error) {
	f, err := newFiller(d, spec, rows, heartbeat)
	if err != nil {
		return Result{}, err
	}
	for len(f.left) > 0 {
		done, err := txn.Run(ctx, d, spec.Target.Name, f.transaction)
		if err != nil {
			return f.res, err
		}
		f.onCommit(done)
	}
	return f.res, nil
}

// onCommit adds what the last transaction did, and leaves what it did not come to.
func (f *filler) onCommit(done txn.Committed) {
	f.res.Filled += f.now.Filled
	f.res.Equal += f.now.Equal
	f.res.Newer += f.now.Newer
	f.res.Missing += f.now.Missing
	f.res.Approximate = f.res.Approximate || done.Approximate
	f.res.Seconds, f.res.Tries = max(f.res.Seconds, done.Seconds), max(f.res.Tries, done.Tries)
	f.left = f.rest
}
