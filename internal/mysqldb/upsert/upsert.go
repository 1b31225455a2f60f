package upsert

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

// ConflictPolicy says what happens to a row of the target that has a unique value of a row to write,
// under another primary key: a conflicting row.
type ConflictPolicy string

const (
	// FailOnConflict refuses the chunk and names the key. The zero value means the same.
	FailOnConflict ConflictPolicy = "fail"
	// DeleteConflicts deletes a conflicting row that is not newer. A later chunk brings it back with
	// its new values.
	DeleteConflicts ConflictPolicy = "replace"
)

// Spec says where and how the rows of a chunk are written.
type Spec struct {
	// Target is the table as the server describes it. It has a primary key.
	Target *schema.Table
	// Columns are those of the rows, in their order. All are columns of the target.
	Columns []table.Column
	// Cursor is the column whose larger value is the newer row; "" writes all rows as they come.
	Cursor string
	// Unsettled says which rows of the target are replaced although their cursor is larger.
	Unsettled table.Unsettled
	Conflicts ConflictPolicy
	// Removal, which may be nil, says which rows are deletes.
	Removal *Removal
	// Tombstone is set where the target marks rows that the source has deleted.
	Tombstone *Tombstone
	// MaxTransaction is how long a transaction should take at most; 0 is no limit. It interrupts
	// nothing: Sizer and Limiter go by it.
	MaxTransaction time.Duration
	// Sizer learns how many rows the next chunks should have; nil learns nothing.
	Sizer *ChunkSizer
	// MinRows is how many rows the smallest chunk has that the caller cuts, except the last of a file.
	MinRows int
	// Limiter and MaxInFlight bound the chunks that are written at the same time; a nil Limiter is no
	// bound. Of the chunks that wait, the one with the lowest Order is next.
	Limiter     *Limiter
	MaxInFlight int
	Order       int
	// BulkLoad allows LOAD DATA LOCAL for a chunk whose keys the target does not have, where the
	// server allows it and the types of the columns are safe in a file. The results are the same.
	BulkLoad bool
	// Expect, which may be nil, says what each row replaces: rows whose target row is another are not written.
	Expect *Expect
	// Overwrite replaces rows of the target that are newer by cursor too.
	Overwrite bool
	// InOrder says that of two rows of one key the later one counts, also where the target alone takes their keys for
	// one: 'AA' and 'aa'. A cursor goes before it.
	InOrder bool
	// KeepExisting leaves rows of the target as they are whose key a row of the chunk has.
	KeepExisting bool
	// RefersToItself allows writing without foreign key checks, where all foreign keys of the target
	// still refer to the target itself. The plan of the target decides.
	RefersToItself bool
	// OnBegin, which may be nil, runs on the transaction's connection before anything is written. Its
	// error ends the transaction, and is returned unchanged.
	OnBegin func(ctx context.Context, tx mysqldb.Querier) error
	// MaxBatchRows bounds the rows of one statement; 0 is 400.
	MaxBatchRows int
	// MaxBatchBytes bounds the text of one statement, in bytes; 0 is 4 MiB. The server's
	// max_allowed_packet bounds it too. A larger row has a statement of its own.
	MaxBatchBytes int64
}

// Result is what the transaction of a chunk did. Inserted + Updated + Unchanged + Changed + Removed is the number of
// distinct keys of the chunk.
type Result struct {
	Inserted  int64
	Updated   int64
	Unchanged int64 // equal already, or newer on the target
	// NewerOnTarget counts rows, among Unchanged, that were not written because the target's row is
	// newer. Rows with a conflict are not counted here.
	NewerOnTarget int64
	// Existing counts rows, among Unchanged, that were not written because of KeepExisting.
	Existing int64
	// DeletedConflicts counts conflicting rows that were deleted. Some may have come back with a row of
	// this chunk.
	DeletedConflicts int64
	// SkippedConflicts counts rows, among Unchanged, that were not written because a conflicting row
	// is newer.
	SkippedConflicts int64
	// Changed counts rows that were not written because the target's row is not the one that Expect says.
	Changed int64
	// Removed counts rows of Removal whose row of the target was deleted or marked. Where there was none, or a newer
	// one, they are Unchanged.
	Removed int64
	// Approximate says that the counters are not exact. Another session wrote the same rows, or an
	// earlier try with an unknown outcome did, or a column with a default has a NULL, where servers
	// count rows that they do not change.
	Approximate bool
	// Seconds is how long the committed transaction took, from begin to commit.
	Seconds float64
	// Tries counts transactions, the committed one included.
	Tries int
	// Batches counts statements that wrote rows.
	Batches int
}

// ErrOutcomeUnknown is [txn.ErrOutcomeUnknown]. To write the chunk again is safe, but the counters then do not tell
// what was new.
var ErrOutcomeUnknown = txn.ErrOutcomeUnknown

// MaxTries is [txn.MaxTries].
const MaxTries = txn.MaxTries

// WriteChunk writes rows into the target in one transaction, all or none.
//
// To repeat it is harmless: a row is written only where it is at least as new as the target's row.
// After a lock conflict it tries the whole transaction again, MaxTries times at most. It calls
// heartbeat, which may be nil, between statements. All errors are safe to show: a hash stands for a
// row's key. Besides errors of the server it returns [ErrOutcomeUnknown] and [schema.ErrStructureChanged].
func WriteChunk(ctx context.Context, d *mysqldb.DB, spec Spec, rows *table.Rows, heartbeat func()) (Result, error) {
	res, err := writeChunk(ctx, d, spec, rows, heartbeat)
	if err != nil {
		return Result{}, fmt.Errorf("upsert into %s: %w", spec.Target.Name, mysqlerr.Safe(err))
	}
	return res, nil
}

func writeChunk(ctx context.Context, d *mysqldb.DB, spec Spec, rows *table.Rows, heartbeat func()) (Result, error) {
	if heartbeat == nil {
		heartbeat = func() {}
	}
	if spec.Sizer == nil {
		spec.Sizer = &ChunkSizer{}
	}
	p, err := newPlan(d.Server, spec)
	if err != nil {
		return Result{}, err
	}
	w := &writer{db: d, spec: spec, plan: p, rows: rows, order: p.orderRows(rows), heartbeat: heartbeat}
	w.inOrder = p.mayRespell(rows, w.order)
	if len(w.order) == 0 {
		return Result{}, nil
	}
	spec.Sizer.onBegin(len(w.order))
	return w.withRetries(ctx)
}
