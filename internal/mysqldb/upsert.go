package mysqldb

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/tablehaul/tablehaul/internal/table"
)

// WriteMode says what happens to a row whose key the target already has.
type WriteMode string

const (
	// ModeUpsert updates it, where the new row is at least as new. The zero value means the same.
	ModeUpsert WriteMode = "upsert"
	// ModeAppend leaves it as it is.
	ModeAppend WriteMode = "append"
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
	Target *Table
	// Columns are those of the rows, in their order; all are columns of the target.
	Columns []table.Column
	// Cursor is the column whose larger value is the newer row; "" writes every row as it comes.
	Cursor string
	Mode   WriteMode
	// Conflicts says what happens to another row of the target that holds a unique value of
	// a row to write.
	Conflicts UniqueConflicts
	// MaxTransaction is what a transaction should take at most; 0 is as long as it takes.
	// One batch is the least that a transaction writes.
	MaxTransaction time.Duration
	// Pace remembers between chunks how many rows a transaction can take; nil forgets.
	Pace *Pace
	// MaxBatchRows bounds the rows of one statement; 0 is 400.
	MaxBatchRows int
	// MaxBatchBytes bounds the text of one statement, in bytes; 0 is 4 MiB, and the
	// server's max_allowed_packet bounds both. A row larger than this goes alone.
	MaxBatchBytes int64
}

// UpsertResult is what a chunk's transactions did. Inserted + Updated + Unchanged is the
// number of distinct keys of the chunk.
type UpsertResult struct {
	Inserted  int64 `json:"inserted"`
	Updated   int64 `json:"updated"`
	Unchanged int64 `json:"unchanged"` // equal already, or newer on the target
	// Replaced counts rows of the target that were removed because they held a unique value
	// of a row that was written, whether or not they came back with a row of this chunk.
	Replaced int64 `json:"replaced,omitempty"`
	// Yielded counts rows, among Unchanged, that were not written because a newer row of the
	// target holds one of their unique values.
	Yielded int64 `json:"yielded,omitempty"`
	// Approximate says that the counters are not exact: another session wrote the same rows,
	// or a try whose COMMIT was never answered may have written them first.
	Approximate bool `json:"approximate,omitempty"`
	// Seconds is how long the longest transaction that committed took, begin to commit.
	Seconds float64 `json:"seconds"`
	// Tries counts the tries of the transaction that needed most, the one that committed included.
	Tries   int `json:"tries"`
	Batches int `json:"batches"`
	// Transactions were committed; the largest wrote TransactionRows rows.
	Transactions    int `json:"transactions"`
	TransactionRows int `json:"transactionRows"`
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
	// maxTries bounds the quick tries of a transaction after a lock conflict; what is left is
	// the caller's to retry, slowly.
	maxTries = 3
	// maxSmaller bounds the tries of a transaction that can get smaller with each: a lock wait
	// takes three seconds, and a step must end within two minutes.
	maxSmaller = 6
	// rollbackTimeout bounds the ROLLBACK after an error; without an answer the connection is dropped.
	rollbackTimeout = 3 * time.Second
)

// UpsertChunk writes rows into the target in one or more short transactions, each whole: of a
// chunk that fails, any number of its rows may have been written, and none halfway.
//
// Repeating it is harmless: a row is written only where it is at least as new as the one
// already there. It is one transaction, unless that takes longer than MaxTransaction or meets
// lock conflicts, after which transactions get smaller, see [Pace]. heartbeat, which may be
// nil, is called between statements. Every error is safe to show; a row's key is named by
// [KeyHash].
func (d *DB) UpsertChunk(ctx context.Context, spec UpsertSpec, rows *table.Rows, heartbeat func()) (UpsertResult, error) {
	res, err := d.upsertChunk(ctx, spec, rows, heartbeat)
	if err != nil {
		return UpsertResult{}, fmt.Errorf("upsert into %s: %w", spec.Target.Name, Safe(err))
	}
	return res, nil
}

func (d *DB) upsertChunk(ctx context.Context, spec UpsertSpec, rows *table.Rows, heartbeat func()) (UpsertResult, error) {
	if heartbeat == nil {
		heartbeat = func() {}
	}
	plan, err := newUpsertPlan(d.Server, spec)
	if err != nil {
		return UpsertResult{}, err
	}
	w := &chunkWriter{db: d, plan: plan, rows: rows, heartbeat: heartbeat, order: plan.orderRows(rows), pace: spec.Pace}
	if w.pace == nil {
		w.pace = &Pace{}
	}
	w.pace.begin(len(w.order))
	for w.from < len(w.order) {
		if err := w.transaction(ctx); err != nil {
			return UpsertResult{}, err
		}
	}
	return w.sum, nil
}

// transaction commits rows from position w.from on, moves w.from behind them and adds to w.sum.
func (w *chunkWriter) transaction(ctx context.Context) error {
	for try := 1; ; try++ {
		w.to = w.from + w.pace.limit(len(w.order)-w.from)
		res, err := w.once(ctx)
		if err == nil {
			w.pace.committed(w.done-w.from, time.Duration(res.Seconds*float64(time.Second)), w.plan.maxTime)
			res.Tries, res.TransactionRows = try, w.done-w.from
			w.sum.add(res)
			w.sum.Approximate = w.sum.Approximate || w.commitLost
			w.from = w.done
			return nil
		}
		again := false
		switch {
		case errors.Is(err, ErrOutcomeUnknown):
			again, w.commitLost = !w.commitLost, true
		case Classify(err) == ClassSplit:
			if w.plan.halve() {
				try-- // not the rows' fault, and bounded by itself
				continue
			}
		case IsLockConflict(err) || NumberOf(err) == errHandlerError:
			// A smaller transaction meets fewer rows of others, and holds its own for less time.
			again = w.pace.conflict(w.to-w.from) && try < maxSmaller || try < maxTries
		}
		if !again {
			if w.commitLost && !errors.Is(err, ErrOutcomeUnknown) {
				err = fmt.Errorf("%w, and then: %w", ErrOutcomeUnknown, Safe(err))
			}
			return err
		}
		w.heartbeat()
		if err := pause(ctx, try); err != nil {
			return err
		}
	}
}

// add adds a transaction that committed.
func (r *UpsertResult) add(t UpsertResult) {
	r.Inserted += t.Inserted
	r.Updated += t.Updated
	r.Unchanged += t.Unchanged
	r.Replaced += t.Replaced
	r.Yielded += t.Yielded
	r.Batches += t.Batches
	r.Transactions++
	r.Approximate = r.Approximate || t.Approximate
	r.Seconds = max(r.Seconds, t.Seconds)
	r.Tries = max(r.Tries, t.Tries)
	r.TransactionRows = max(r.TransactionRows, t.TransactionRows)
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
