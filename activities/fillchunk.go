package activities

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/metrics"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/fill"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/txn"
	"github.com/tablehaul/tablehaul/internal/table"
)

// fillChunk is UpsertChunk of a fill: it writes some columns of rows that are there, where they are what was read.
func (a *Activities) fillChunk(
	ctx context.Context, db *mysqldb.DB, r *openedRange, rows *table.Rows, clean bool, heartbeat func(),
) (UpsertChunkResult, error) {
	s := r.plan.Settings
	at := where{s.TargetConnection, fmt.Sprintf("fill columns of %s", s.Target)}
	pace := a.paces.of(paceKey{tableKey{s.TargetConnection, s.Target}, false})
	var done fill.Result
	err := pace.limiter.Do(ctx, r.in.Range, s.ChunksInFlight, rows.Len(), func() (err error) {
		done, err = a.fill(ctx, db, r, rows, heartbeat)
		return err
	})
	if mysqlerr.IsLockConflict(err) {
		a.deps.Metrics.LockWaits(r.in.Table, txn.MaxTries)
	}
	if err != nil {
		return UpsertChunkResult{}, translate(ctx, err, at)
	}
	logStep(ctx, "filled", done.Filled, "equal", done.Equal, "newer", done.Newer, "missing", done.Missing,
		"transactionSeconds", done.Seconds)
	a.deps.Metrics.Wrote(r.in.Table, metrics.Chunk{
		Updated: done.Filled, Unchanged: done.Equal + done.Newer + done.Missing, Seconds: done.Seconds,
		Tries: done.Tries,
	})
	return UpsertChunkResult{
		Updated: done.Filled, Unchanged: done.Equal, Changed: done.Newer, Missing: done.Missing,
		Approximate: done.Approximate || !clean, Seconds: done.Seconds, Tries: done.Tries,
		WriteLimit: pace.limiter.Limit(),
	}, nil
}

// fill writes into the target as it is now.
func (a *Activities) fill(
	ctx context.Context, db *mysqldb.DB, r *openedRange, rows *table.Rows, heartbeat func(),
) (done fill.Result, err error) {
	name := r.plan.Settings.Target
	spec := fill.Spec{
		Columns: r.plan.Columns, Cursor: r.plan.Settings.Cursor, Fill: r.plan.Fill.Columns,
		DryRun: r.plan.Fill.DryRun, MaxTransaction: r.plan.Settings.MaxTransaction, OnBegin: a.checkTargetRow(db, r),
	}
	wrote := false
	for range maxAlters {
		token := r.in.PlanSum + " " + strconv.FormatInt(r.in.Fence, 10)
		if spec.Target, err = a.schemas.TableOfRun(ctx, db, name, token); err != nil {
			return done, err
		}
		if spec.Target, err = r.plan.onTarget(spec.Target); err != nil {
			return done, err
		}
		if missing := missingColumn(spec.Columns, spec.Target); missing != "" {
			return done, failure.New(failure.TableChanged,
				fmt.Sprintf("%s lost column %s after this backfill was planned", name, missing), "start it again")
		}
		done, err = fill.Rows(ctx, db, spec, rows, heartbeat)
		if !errors.Is(err, schema.ErrStructureChanged) {
			done.Approximate = done.Approximate || wrote // what was filled before counts as equal
			return done, err
		}
		wrote = wrote || done.Filled > 0
		a.schemas.Forget(db, name)
	}
	return done, err
}
