package upsert

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/table"
)

// UniqueConflicts is what is done about a row of the target that holds a unique value of an
// incoming row under another primary key.
type UniqueConflicts string

const (
	// ConflictsFail refuses the chunk and names the key. The zero value means the same.
	ConflictsFail UniqueConflicts = "fail"
	// ConflictsReplace removes that row where it is not newer; its own new version brings it back.
	ConflictsReplace UniqueConflicts = "replace"
)

// UpsertSpec says where and how the rows of a chunk are written.
type UpsertSpec struct {
	// Target is the table as introspected; it must have a primary key.
	Target *schema.Table
	// Columns are those of the rows, in their order; all are columns of the target.
	Columns []table.Column
	// Cursor is the column whose larger value is the newer row; "" writes every row as it comes.
	Cursor string
	// Unsettled says which rows of the target give way although their cursor is larger.
	Unsettled table.Unsettled
	// Conflicts says what happens to another row of the target that holds a unique value of
	// a row to write.
	Conflicts UniqueConflicts
	// MaxTransaction is what a transaction should take at most; 0 is as long as it takes. It
	// cuts nothing short: it is what Pace goes by.
	MaxTransaction time.Duration
	// Pace learns how many rows the next chunks should have; nil forgets.
	Pace *Pace
	// FewestRows is how many rows the smallest chunk has that whoever cuts them will cut, but for
	// the rest of a file.
	FewestRows int
	// Gate bounds the chunks that are written at once, AtOnce is its own bound; a nil Gate lets
	// everybody in. Of those that wait there, the one with the lowest Turn is next.
	Gate   *Gate
	AtOnce int
	Turn   int
	// BulkLoad lets a chunk that meets no row of the target travel as the file of a LOAD DATA
	// LOCAL statement, where the server allows it and the columns' types leave no doubt. What is
	// written, counted and refused is the same.
	BulkLoad bool
	// RefersToItself lets rows be written without looking at foreign keys, where all of the target's
	// still refer to itself: see [TargetPlan].RefersToItself.
	RefersToItself bool
	// OnBegin, which may be nil, runs on the transaction's connection before anything is written;
	// its error ends the transaction, and is returned as it is.
	OnBegin func(ctx context.Context, tx mysqldb.Querier) error
	// MaxBatchRows bounds the rows of one statement; 0 is 400.
	MaxBatchRows int
	// MaxBatchBytes bounds the text of one statement, in bytes; 0 is 4 MiB, and the
	// server's max_allowed_packet bounds both. A row larger than this goes alone.
	MaxBatchBytes int64
}

// UpsertResult is what a chunk's transaction did. Inserted + Updated + Unchanged is the
// number of distinct keys of the chunk.
type UpsertResult struct {
	Inserted  int64 `json:"inserted"`
	Updated   int64 `json:"updated"`
	Unchanged int64 `json:"unchanged"` // equal already, or newer on the target
	// NewerOnTarget counts rows, among Unchanged, that were not written because the target's row is
	// newer. Rows that met another row's unique value are not looked at.
	NewerOnTarget int64 `json:"newerOnTarget,omitempty"`
	// Replaced counts rows of the target that were removed because they held a unique value
	// of a row that was written, whether or not they came back with a row of this chunk.
	Replaced int64 `json:"replaced,omitempty"`
	// Yielded counts rows, among Unchanged, that were not written because a newer row of the
	// target holds one of their unique values.
	Yielded int64 `json:"yielded,omitempty"`
	// Approximate says that the counters are not exact: another session wrote the same rows,
	// a try whose COMMIT was never answered may have written them first, or a column with a
	// default holds NULL, where servers count rows that stay as they are.
	Approximate bool `json:"approximate,omitempty"`
	// Seconds is how long the transaction that committed took, begin to commit.
	Seconds float64 `json:"seconds"`
	// Tries counts transactions, the one that committed among them.
	Tries   int `json:"tries"`
	Batches int `json:"batches"`
}

// ErrOutcomeUnknown is wrapped where the connection was lost during COMMIT: the chunk may be
// on the target. Writing it again is right, but then the counters do not tell what was new.
var ErrOutcomeUnknown = errors.New("the commit was not answered")

const (
	// defaultBatchRows is where throughput is flat (from 200 rows on, within noise, on both servers),
	// while a single statement still takes milliseconds.
	defaultBatchRows = 400
	// defaultBatchBytes keeps the memory that a statement takes on both sides small.
	defaultBatchBytes = 4 << 20
	// packetMargin is what a packet holds beside the statement's text.
	packetMargin = 64
	// rollbackTimeout bounds the ROLLBACK after an error; without an answer the connection is dropped.
	rollbackTimeout = 3 * time.Second
)

// MaxTries bounds the quick tries of a transaction after a lock conflict; what is left is the
// caller's to retry, slowly.
const MaxTries = 3

// UpsertChunk writes rows into the target in one transaction, all or none.
//
// Repeating it is harmless: a row is written only where it is at least as new as the one
// already there. After a lock conflict the whole transaction is tried again, three times at
// most. What it learns about how many rows a transaction can take goes into the spec's Pace.
// heartbeat, which may be nil, is called between statements. Every error is safe to show; a
// row's key is named by [KeyHash].
func UpsertChunk(ctx context.Context, d *mysqldb.DB, spec UpsertSpec, rows *table.Rows, heartbeat func()) (UpsertResult, error) {
	res, err := upsertChunk(ctx, d, spec, rows, heartbeat)
	if err != nil {
		return UpsertResult{}, fmt.Errorf("upsert into %s: %w", spec.Target.Name, mysqlerr.Safe(err))
	}
	return res, nil
}

func upsertChunk(ctx context.Context, d *mysqldb.DB, spec UpsertSpec, rows *table.Rows, heartbeat func()) (UpsertResult, error) {
	if heartbeat == nil {
		heartbeat = func() {}
	}
	plan, err := newUpsertPlan(d.Server, spec)
	if err != nil {
		return UpsertResult{}, err
	}
	w := &chunkWriter{
		db: d, plan: plan, rows: rows, heartbeat: heartbeat, order: plan.orderRows(rows), onBegin: spec.OnBegin,
	}
	if len(w.order) == 0 {
		return UpsertResult{}, nil
	}
	pace := spec.Pace
	if pace == nil {
		pace = &Pace{}
	}
	pace.begin(len(w.order))
	return w.transaction(ctx, pace, spec)
}

// once is one try through the gate, which nobody holds between two tries: a chunk whose rows
// somebody has locked must not keep the others out.
func (w *chunkWriter) once(ctx context.Context, pace *Pace, spec UpsertSpec) (UpsertResult, error) {
	gate := spec.Gate
	if gate == nil {
		res, err := w.try(ctx)
		if err == nil {
			w.learn(pace, spec, res)
		}
		return res, err
	}
	gate.beginBeside(func() bool { return w.db.OtherTrafficActive(ctx) })
	pass, err := gate.enter(ctx, spec.Turn, spec.AtOnce)
	if err != nil {
		return UpsertResult{}, err
	}
	res, err := w.try(ctx)
	if err != nil {
		gate.leave(pass, 0, spec.AtOnce)
		return res, err
	}
	if w.learn(pace, spec, res) {
		gate.calm(pass)
	}
	gate.leave(pass, len(w.order), spec.AtOnce)
	// The look at the server is nobody's wait: the next chunk has been let in.
	gate.felt(w.reply, w.db.OtherTrafficActive(ctx))
	return res, nil
}

// learn tells the pace of a transaction that was committed; true says that it was too long, and
// that fewer rows are no way to make it shorter.
func (w *chunkWriter) learn(pace *Pace, spec UpsertSpec, res UpsertResult) bool {
	return pace.committed(finished{
		rows: len(w.order), took: time.Duration(res.Seconds * float64(time.Second)), trip: w.reply,
		longest: w.plan.maxTime, fewest: spec.FewestRows,
	})
}

// transaction tries until the chunk is committed or it is of no use.
func (w *chunkWriter) transaction(ctx context.Context, pace *Pace, spec UpsertSpec) (UpsertResult, error) {
	commitLost := false
	for try := 1; ; try++ {
		var watch *lockWatch
		if try == MaxTries { // whoever holds the lock has held it for a while
			watch = watchLocks(ctx, w.db, w.plan.target.Name)
		}
		res, err := w.once(ctx, pace, spec)
		holder := watch.stop()
		if err == nil {
			res.Tries = try
			res.Approximate = res.Approximate || commitLost
			return res, nil
		}
		again := false
		switch {
		case errors.Is(err, errLoadRefused):
			w.plan.load = "" // nothing has been written, and this happens once
			try--
			continue
		case errors.Is(err, ErrOutcomeUnknown):
			again, commitLost = !commitLost, true
		case mysqlerr.Classify(err) == mysqlerr.ClassSplit:
			if w.plan.halve() {
				try-- // not the rows' fault, and bounded by itself
				continue
			}
		case (IsUniqueConflict(err) || mysqlerr.NumberOf(err) == mysqlerr.ErrForeignKey) && w.leaveTail():
			if len(w.order) == 0 {
				return UpsertResult{Tries: try}, nil
			}
			try-- // not a try of these rows, and it happens once
			continue
		case mysqlerr.IsLockConflict(err) || mysqlerr.NumberOf(err) == mysqlerr.ErrHandlerError:
			// Smaller chunks meet fewer rows of others, and hold their own for less time.
			pace.conflict(len(w.order))
			again = true
		}
		if !again || try >= MaxTries {
			if commitLost && !errors.Is(err, ErrOutcomeUnknown) {
				err = fmt.Errorf("%w, and then: %w", ErrOutcomeUnknown, mysqlerr.Safe(err))
			}
			return UpsertResult{}, waitedFor(w.db, err, holder)
		}
		w.heartbeat()
		if err := pause(ctx, try); err != nil {
			return UpsertResult{}, err
		}
	}
}

// pause waits 50 to 150 ms times the number of tries, so that two writers that met once do
// not meet again.
func pause(ctx context.Context, try int) error {
	d := time.Duration(try) * (50*time.Millisecond + rand.N(100*time.Millisecond))
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
