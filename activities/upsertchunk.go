package activities

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"

	"go.temporal.io/sdk/activity"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/metrics"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// chunkProgress is what UpsertChunk heartbeats, and what its next attempt finds.
type chunkProgress struct {
	// Batches is how many statements were sent.
	Batches int64 `json:"batches"`
	// NothingWritten is the number of an attempt: it, and all before it, have not begun to write. It says nothing of a
	// later attempt, which may not have come to its first heartbeat.
	NothingWritten int32 `json:"clean,omitempty"`
}

// nothingWrittenSoFar reports whether no earlier attempt of this step can have written anything.
func nothingWrittenSoFar(ctx context.Context) bool {
	before := activity.GetInfo(ctx).Attempt - 1
	if before == 0 {
		return true
	}
	var last chunkProgress
	return activity.HasHeartbeatDetails(ctx) && activity.GetHeartbeatDetails(ctx, &last) == nil &&
		last.NothingWritten >= before
}

// sayNothingWritten heartbeats to the attempt's end that the attempt has not begun to write, nor those before if clean.
func sayNothingWritten(ctx context.Context, clean bool) {
	var progress chunkProgress
	if clean {
		progress.NothingWritten = activity.GetInfo(ctx).Attempt
	}
	beat(ctx, func() any { return progress })()
	activity.RecordHeartbeat(ctx, progress)
}

// UpsertChunkInput names the chunk to write.
type UpsertChunkInput struct {
	RangeInput
	ChunkRef
	// MayHaveRun says that an earlier attempt of the step may have run, on a host that did not report its outcome.
	MayHaveRun bool `json:"mayHaveRun,omitempty"`
}

// UpsertChunkResult is what one chunk's transaction did.
type UpsertChunkResult struct {
	Inserted  int64 `json:"inserted"`
	Updated   int64 `json:"updated"`
	Unchanged int64 `json:"unchanged"`
	// NewerOnTarget, DeletedConflicts and SkippedConflicts: see mysqldb.UpsertResult.
	NewerOnTarget    int64 `json:"newerOnTarget,omitempty"`
	DeletedConflicts int64 `json:"deletedConflicts,omitempty"`
	SkippedConflicts int64 `json:"skippedConflicts,omitempty"`
	// Existing counts rows, among Unchanged, whose key the target had: see table.WriteAppend.
	Existing int64 `json:"existing,omitempty"`
	// Changed counts rows of a repair or an undo that were not written: the target's row has changed meanwhile.
	// Of a fill it counts those that are another version on the target than was read.
	Changed int64 `json:"changed,omitempty"`
	// Missing counts rows of a fill that are not on the target.
	Missing int64 `json:"missing,omitempty"`
	// Approximate is set where a connection was lost at COMMIT: the rows are right, the three
	// counters may not be.
	Approximate bool `json:"approximate,omitempty"`
	// Seconds is the transaction that committed, from BEGIN to COMMIT.
	Seconds float64 `json:"seconds"`
	// Removed: see api.Counts.
	Removed int64 `json:"removed,omitempty"`
	// Quarantined rows were set aside, since the target refuses them; FirstBad says why, of the first.
	Quarantined int64  `json:"quarantined,omitempty"`
	FirstBad    string `json:"firstBad,omitempty"`
	// Loaded is the digest of the chunk's rows, where the run replaces its target.
	Loaded *verify.Digest `json:"loaded,omitempty"`
	// Tries is 1 unless a lock wait or a deadlock was met.
	Tries int `json:"tries"`
	// NextRows is how many rows the next chunks should have at most, since transactions took
	// too long or met lock conflicts; 0 is no limit.
	NextRows int64 `json:"nextRows,omitempty"`
	// WriteLimit is how many chunks of the table this worker writes at once at present.
	WriteLimit int `json:"writeLimit,omitempty"`
}

// MaxPieces is how many pieces a staged chunk is cut into at most, where its rows are too many for
// a transaction.
const MaxPieces = 8

// UpsertChunk writes the rows of one chunk to the target table in one transaction.
//
// Repeating it is harmless: a row is written only where it is at least as new as the row
// already there. A retry starts the chunk again; nothing of a failed try stays. It applies
// exactly the bytes whose hash the manifest holds, and heartbeats the batches sent.
func (a *Activities) UpsertChunk(ctx context.Context, in UpsertChunkInput) (UpsertChunkResult, error) {
	if err := a.requireLocalFiles(ctx, in.Queue); err != nil {
		return UpsertChunkResult{}, err
	}
	r, rows, err := a.chunkOf(ctx, in)
	if err != nil {
		return UpsertChunkResult{}, translate(ctx, err, where{doing: "read a chunk of " + in.Table})
	}
	defer rows.Return()
	logStep(ctx, "range", in.Range, "slice", in.Slice, "part", in.Part, "chunk", in.Chunk, "rows", rows.Len())
	s := r.plan.Settings
	at := where{connection: s.TargetConnection, doing: fmt.Sprintf("write a chunk of %s to %s", s.Table, s.Target)}
	db, err := a.deps.Target(ctx, s.TargetConnection)
	if err != nil {
		return UpsertChunkResult{}, translate(ctx, err, at)
	}
	clean := !in.MayHaveRun && nothingWrittenSoFar(ctx)
	if w, err := a.waitNow(ctx, db.DB, s); err != nil {
		return UpsertChunkResult{}, err
	} else if w.Reason != "" {
		sayNothingWritten(ctx, clean)
		a.deps.Metrics.Throttled(in.Table, w.For)
		return UpsertChunkResult{}, throttled(w)
	}
	var batches atomic.Int64
	defer beat(ctx, func() any { return chunkProgress{Batches: batches.Load()} })()
	if r.plan.Fill != nil {
		return a.fillChunk(ctx, db.DB, r, rows, clean, func() { batches.Add(1) })
	}
	pace := a.paceOf(r)
	spec := a.upsertSpec(db.DB, r, in.Range, pace)
	spec.OnBegin = a.checkChunk(db.DB, r, in)
	done, bad, err := a.upsert(ctx, db.DB, r, spec, rows, r.mostBadRows(), func() { batches.Add(1) })
	// What a repair cannot write is left, and counted there.
	if err == nil && r.plan.Settings.Quarantine != nil && r.plan.Expect == nil && (len(bad) > 0 || !clean) {
		if err := a.setAside(ctx, in, r, rows, bad); err != nil {
			return UpsertChunkResult{}, translate(ctx, err, where{doing: "set rows of " + in.Table + " aside"})
		}
	}
	if err != nil {
		if mysqlerr.IsLockConflict(err) {
			a.deps.Metrics.LockWaits(in.Table, upsert.MaxTries)
		}
		return UpsertChunkResult{}, translate(ctx, r.withRow(err), at)
	}
	// A key that is twice in the chunk was written once, as its newer version: the older one
	// changed nothing, and every row that was extracted is accounted for.
	logStep(
		ctx, "tries", done.Tries, "transactionSeconds", done.Seconds, "deletedConflicts", done.DeletedConflicts,
		"skippedConflicts", done.SkippedConflicts, "newerOnTarget", done.NewerOnTarget, "pace", pace.sizer.Rows(),
		"writeLimit", pace.limiter.Limit(),
	)
	superseded := int64(rows.Len()-len(bad)) - done.Inserted - done.Updated - done.Unchanged - done.Changed -
		done.Removed
	a.deps.Metrics.Wrote(in.Table, metrics.Chunk{
		Inserted: done.Inserted, Updated: done.Updated, Unchanged: done.Unchanged + superseded,
		NewerOnTarget: done.NewerOnTarget, Existing: done.Existing,
		Seconds: done.Seconds, Tries: done.Tries,
	})
	out := UpsertChunkResult{
		Inserted: done.Inserted, Updated: done.Updated, Unchanged: done.Unchanged + superseded,
		// What an earlier attempt of this step left behind is not known: it may have committed.
		Approximate:      done.Approximate || !clean,
		DeletedConflicts: done.DeletedConflicts, SkippedConflicts: done.SkippedConflicts,
		NewerOnTarget: done.NewerOnTarget, Existing: done.Existing, Changed: done.Changed,
		Seconds: done.Seconds, Tries: done.Tries, NextRows: int64(pace.sizer.Rows()),
		WriteLimit: pace.limiter.Limit(), Quarantined: int64(len(bad)),
	}
	a.deps.Metrics.RowsDeleted(in.Table, done.Removed)
	out.Removed = done.Removed
	out.Loaded = r.plan.Replacement.digest(rows, bad)
	if len(bad) > 0 {
		out.FirstBad = mysqlerr.NewError(bad[0].Problem).Error()
	}
	return out, nil
}

// upsertSpec says how the chunks of a range are written; the target is missing in it. order is that of the range.
func (a *Activities) upsertSpec(db *mysqldb.DB, r *openedRange, order int, pace *pace) upsert.Spec {
	s := r.plan.Settings
	spec := upsert.Spec{
		Tombstone: r.tombstone(),
		Columns:   r.plan.Columns, Cursor: s.Cursor, Unsettled: r.unsettled(),
		KeepExisting:   s.Write == table.WriteAppend,
		InOrder:        s.Files != nil,
		Conflicts:      upsert.ConflictPolicy(s.UniqueConflicts),
		MaxTransaction: s.MaxTransaction, Sizer: &pace.sizer, MinRows: s.ChunkRows / MaxPieces,
		// Ranges that took turns would all be read at the same time, and then all be written.
		Limiter: &pace.limiter, MaxInFlight: s.chunksAtOnce(db.IsFar()), Order: order,
		BulkLoad: s.BulkLoad, RefersToItself: r.plan.RefersToItself, OnBegin: a.checkTargetRow(db, r),
	}
	if r.plan.Expect != nil {
		at := len(r.plan.Columns) - 1
		spec.Columns, spec.Expect = r.plan.Columns[:at], &upsert.Expect{At: at, Columns: r.plan.Expect}
		spec.Overwrite, spec.KeepExisting = r.overwrites(), false // a row is written by what it replaces
	}
	if m := r.plan.Removal; m != nil {
		at := len(r.plan.Columns) - 1
		spec.Removal = &upsert.Removal{At: at, Mark: m.Mark}
		if m.Mark == "" {
			spec.Columns = r.plan.Columns[:at]
		}
	}
	return spec
}

// maxAlters bounds how often a chunk is begun again because the target was altered in between.
const maxAlters = 3

// mostBadRows is how many rows of a chunk may be set aside; 0: one that is refused fails the run.
func (r *openedRange) mostBadRows() int {
	if q := r.plan.Settings.Quarantine; q != nil {
		return q.MaxRows
	}
	return 0
}

// upsert writes the rows into the target as it is now; spec lacks the target only. Rows that the target refuses are
// returned, most of them at most; with 0 the first one is an error.
func (a *Activities) upsert(ctx context.Context, db *mysqldb.DB, r *openedRange, spec upsert.Spec, rows *table.Rows,
	most int, heartbeat func(),
) (done upsert.Result, bad []upsert.BadRow, err error) {
	name := r.plan.writesTo()
	for range maxAlters {
		// The run's own name: nothing that is remembered from before it was planned is used.
		spec.Target, err = a.schemas.TableOfRun(ctx, db, name, r.in.PlanSum+" "+strconv.FormatInt(r.in.Fence, 10))
		if check := a.checkTargetRow(db, r); schema.IsGone(err) && check != nil {
			err = cmp.Or(check(ctx, db), err) // on another server it need not be
		}
		if err != nil {
			return done, nil, err
		}
		if spec.Target, err = r.plan.onTarget(spec.Target); err != nil {
			return done, nil, err
		}
		if missing := missingColumn(spec.Columns, spec.Target); missing != "" {
			return done, nil, failure.New(
				failure.TableChanged, fmt.Sprintf("%s lost column %s after this run was planned", name, missing),
				"start the run again",
			)
		}
		if most == 0 {
			done, err = upsert.WriteChunk(ctx, db, spec, rows, heartbeat)
		} else {
			done, bad, err = upsert.WriteGoodRows(ctx, db, spec, rows, most, heartbeat)
		}
		if !errors.Is(err, schema.ErrStructureChanged) {
			return done, bad, err
		}
		a.schemas.Forget(db, name)
	}
	return done, nil, err
}

// chunkOf reads a chunk's rows. The manifest that this worker remembers may have been replaced
// by another attempt at extracting: it is read again before its files are called lost.
func (a *Activities) chunkOf(ctx context.Context, in UpsertChunkInput) (*openedRange, *table.Rows, error) {
	r, m, err := a.manifest(ctx, in.RangeInput)
	if err != nil {
		return nil, nil, err
	}
	rows, err := a.readChunk(ctx, r, m, in.ChunkRef)
	if !errors.Is(err, staging.ErrNotFound) && !errors.Is(err, staging.ErrCorrupt) {
		return r, rows, err
	}
	if r, m, err = a.freshManifest(ctx, in.RangeInput); err != nil {
		return nil, nil, err
	}
	rows, err = a.readChunk(ctx, r, m, in.ChunkRef)
	return r, rows, err
}

// missingColumn is the first carried column that dst does not have, or "".
func missingColumn(cols []table.Column, dst *schema.Table) string {
	for _, c := range cols {
		if dst.Column(c.Name) == nil {
			return c.Name
		}
	}
	return ""
}
