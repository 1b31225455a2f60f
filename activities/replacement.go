package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/swap"
	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// A run of a table with write: replace loads all rows into a table beside the target, checks it, and renames it. Its
// steps are those of any load, of another table: PlanRun makes it (planreplacement.go), CheckReplacement compares it
// with what was written, SwapTable renames it, and DropOld drops the former target when its time is over.
//
// Where a step was in the middle of a RENAME, the names that exist say what happened:
//
//	target  load  old   means                                                     SwapTable
//	yes     yes   any   not swapped                                               drops old, renames both
//	no      yes   yes   a RENAME that is not atomic was cut off by a crash        renames load
//	no      yes   no    the first load                                            renames load
//	yes     no    any   swapped, if the record says that the load was checked     reports it
//
// No run of another fence is in between: see package swap.

// ReplaceSettings say how a target is replaced.
type ReplaceSettings struct {
	// KeepOld is how long the former target is kept.
	KeepOld time.Duration `json:"keepOld"`
	// AllowUnsafe lets a target be replaced on a server whose RENAME of two tables is not atomic in a crash.
	AllowUnsafe bool `json:"allowUnsafe,omitempty"`
}

// Replacement says in a run's plan that the run replaces its target.
type Replacement struct {
	// KeepSeconds is how long the former target is kept; 0 drops it at once.
	KeepSeconds int64 `json:"keepSeconds,omitempty"`
	// Connection is that of the target.
	Connection string `json:"connection"`
	// Target is the table that is replaced.
	Target table.Name `json:"target"`
}

// replacementPlan is what the steps of a replacement agree on.
type replacementPlan struct {
	// Load is the table that is loaded.
	Load table.Name `json:"load"`
	// Layout is how rows are compared, nil where a column cannot be compared exactly.
	Layout *verify.Layout `json:"layout,omitempty"`
	// HoldEmpty says that a load without rows does not take the target's place before a person has said so.
	HoldEmpty bool `json:"holdEmpty,omitempty"`
}

// writesTo is the table that the run's rows are written to.
func (p *stagedPlan) writesTo() table.Name {
	if p.Replacement != nil {
		return p.Replacement.Load
	}
	return p.Settings.Target
}

// digest is that of a chunk's rows, but for those that were set aside; nil outside of a replacement.
func (r *replacementPlan) digest(rows *table.Rows, bad []upsert.BadRow) *verify.Digest {
	if r == nil || r.Layout == nil || r.Layout.Prepare() != nil {
		return nil
	}
	aside := make(map[int]bool, len(bad))
	for _, b := range bad {
		aside[b.Row] = true
	}
	var out verify.Digest
	var buf []byte
	for i := range rows.Len() {
		if !aside[i] {
			buf = r.Layout.AppendRow(buf[:0], rows, i)
			out.AddRow(buf)
		}
	}
	return &out
}

// loadLayout compares the staged columns with those of the table that is loaded, in the order of the plan. It is nil
// where a column cannot be compared exactly.
func (p *planDraft) loadLayout(ctx context.Context, load table.Name) (*verify.Layout, error) {
	dst, err := schema.Read(ctx, p.dst.DB, load)
	if err != nil {
		return nil, lookupFailure(ctx, err, targetAt(p.settings))
	}
	l := verify.Layout{Cursor: -1, Key: 1, Versions: p.files != nil}
	l.PlainZero = p.files != nil || p.src.ServerInfo().Flavor != p.dst.Server.Flavor
	for _, c := range p.target.Columns {
		to := dst.Column(c.Name)
		if to == nil {
			return nil, failure.New(failure.TableChanged, fmt.Sprintf("%s lacks column %s", load, c.Name),
				"start the run again")
		}
		l.Columns = append(l.Columns, verify.Column{Source: c, Target: to.Column})
	}
	if err := l.Prepare(); err != nil {
		p.warnings = append(p.warnings, fmt.Sprintf("what is loaded is checked by its count only: %s", err))
		return nil, nil
	}
	return &l, nil
}

// swapLock gets the lock of a target. While another step has it, the failure is one that is tried again.
func (a *Activities) swapLock(ctx context.Context, connection string, target table.Name) (*swap.Lock, error) {
	at := where{connection, "lock the tables beside " + target.String()}
	db, err := a.deps.Target(ctx, connection)
	if err != nil {
		return nil, translate(ctx, err, at)
	}
	l, err := swap.Acquire(ctx, db, target)
	if errors.Is(err, swap.ErrLocked) {
		return nil, temporal.NewApplicationErrorWithOptions(at.text(err), failure.LockWait,
			temporal.ApplicationErrorOptions{NextRetryDelay: time.Second})
	}
	return l, translate(ctx, err, at)
}

// unknownTable refuses a table beside the target that no record explains: it is not ours to drop.
func unknownTable(name table.Name) error {
	return failure.New(failure.ServerRejected, fmt.Sprintf("%s is there, and nothing says that Tablehaul has made it",
		name), "look at it, then rename or drop it: names that begin with tablehaul_ are Tablehaul's own")
}

// asRefusal is the failure of an error that only a person can resolve.
func asRefusal(ctx context.Context, err error, at where) error {
	if mysqlerr.Classify(err) == mysqlerr.ClassConfiguration {
		return at.permanent(failure.ServerRejected, err, mysqlerr.Describe(err).Remedy)
	}
	return translate(ctx, err, at)
}
