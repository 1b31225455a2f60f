package activities

import (
	"context"
	"fmt"
	"time"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
)

// RangeInput names one range of a planned run, or a slice of it. All steps of a range take it.
type RangeInput struct {
	Table string `json:"table"`
	// Run is the staging name of the run whose plan is meant, PlanSum the plan's SHA-256.
	Run     string `json:"run"`
	PlanSum string `json:"planSum"`
	// Range counts from 0 within the run, Slice within the range. A range that turns out larger
	// than planned is moved in slices, one after the other.
	Range int `json:"range"`
	Slice int `json:"slice,omitempty"`
	// Restarts is how often the range was extracted again from its beginning.
	Restarts int `json:"restarts,omitempty"`
	// Fence is that of the run's plan, or of a slice's lease, which every chunk checks on the target; 0 checks nothing.
	Fence int64 `json:"fence,omitempty"`
	// Instance is the digest of the server that every page must come from; empty is any.
	Instance string `json:"instance,omitempty"`
	// TargetInstance is that of the server that every chunk must go to: see lineage.Ref.Server.
	TargetInstance string `json:"targetInstance,omitempty"`
	// Queue is that of the host which has the files; empty where every worker sees them.
	Queue string `json:"queue,omitempty"`
	// Discard says to Cleanup that the slice is not written, or not wholly: no copy of its files is kept.
	Discard bool `json:"discard,omitempty"`
}

// readMoment is the source's clock before rows are read, for their openedRange.readAt: a mark of deletion gives way to
// rows that were read after it. It is "" where the target has no marks.
func (a *Activities) readMoment(ctx context.Context, s Settings) (string, error) {
	if s.Deletes.softColumn() == "" {
		return "", nil
	}
	db, err := a.deps.Source(ctx, s.SourceConnection)
	if err != nil {
		return "", err
	}
	return db.UTCNow(ctx)
}

// openedRange is a range with the plan that it belongs to.
type openedRange struct {
	in   RangeInput
	name table.Name
	plan stagedPlan
	// readAt is that of the range's manifest (see staging.Manifest), or of the look at rows in quarantine.
	readAt string
}

func (a *Activities) openRange(ctx context.Context, in RangeInput) (*openedRange, error) {
	name, err := table.ParseName(in.Table)
	if err != nil {
		return nil, invalidInput("table: "+err.Error(), "")
	}
	p, _, err := a.readPlan(ctx, name, in.Run, in.PlanSum)
	if unreadable(err) {
		return nil, where{doing: "go by the plan of " + in.Table}.permanent(
			failure.PlanLost, err, "keep others from the staging folder, then run again",
		)
	}
	if err != nil {
		return nil, err
	}
	if in.Range < 0 || in.Range >= len(p.Ranges) {
		return nil, invalidInput(fmt.Sprintf("range %d of a plan of %d", in.Range, len(p.Ranges)), "")
	}
	return &openedRange{in: in, name: name, plan: p}, nil
}

// plannedSource is the source as it is now, for which same holds; otherwise it fails with TableChanged. It asks the
// server each time.
//
// A step that reads rows by the plan asks again when it has read them: pages along a key whose order has changed leave
// rows out, and values of another type are taken for those of the plan's.
func (a *Activities) plannedSource(
	ctx context.Context, db *source.Source, r *openedRange, same func(*schema.Table) bool,
) (*schema.Table, error) {
	t, err := a.schemas.Table(ctx, db, r.name)
	if err != nil {
		return nil, err
	}
	if t, err = a.mapped(&r.plan, t); err != nil {
		return nil, err
	}
	if !same(t) {
		return nil, failure.New(failure.TableChanged, r.in.Table+" was altered after this run was planned",
			"start the run again")
	}
	return t, nil
}

func (r *openedRange) manifestKey() string {
	return staging.ManifestKey(r.name, r.in.Run, r.in.Range, r.in.Slice)
}

func (r *openedRange) readSpec(src *schema.Table, start *table.Position) scan.ReadSpec {
	s, piece := r.plan.Settings, r.plan.Ranges[r.in.Range]
	return scan.ReadSpec{
		Table: src, Columns: r.plan.Columns, Cursor: s.Cursor, Window: r.window(),
		ToNow: piece.ToNow && r.fenced(), ZoneOffset: r.plan.ZoneOffset, Ceiling: r.plan.Ceiling,
		Keys: piece.Keys, ByKey: r.plan.ByKey, Start: start, Instance: r.in.Instance,
		Limits: scan.PageLimits{
			Rows: s.PageRows, MaxTime: s.PageTime,
			// A slice ends with a page: one of many small chunks must not make it much too large.
			MaxRows:  s.ChunkRows * (r.maxChunks() / 4),
			MaxBytes: int(min(s.PageBytes, s.ChunkBytes*int64(r.maxChunks())/4)),
		},
	}
}

// fenced reports whether chunks of older plans are kept out by the target's state row. Without it no
// run reads above its window: a late chunk of an older one could undo a version that has settled.
func (r *openedRange) fenced() bool { return r.in.Fence != 0 }

// unsettled says which rows of the target give way to this run's although they are newer by cursor.
func (r *openedRange) unsettled() table.Unsettled {
	if r.plan.NeedsFence && !r.fenced() {
		return table.Unsettled{}
	}
	return r.plan.Unsettled
}

// overwrites reports whether the range's rows are written also where the target's are newer.
func (r *openedRange) overwrites() bool {
	p := r.plan.Ranges[r.in.Range]
	return p.Undo != nil || p.Repair != nil && p.Repair.Overwrite
}

// window is the range's own where the run's window was cut, and the run's otherwise.
func (r *openedRange) window() table.Window {
	if w := r.plan.Ranges[r.in.Range].Window; w != nil {
		return *w
	}
	return r.plan.Window
}

func (r *openedRange) manifest(w *partWriter, next *table.Position) staging.Manifest {
	return staging.Manifest{
		Table: r.name, Run: r.in.Run, Deployment: r.plan.Deployment, Range: r.in.Range, Slice: r.in.Slice, Next: next,
		Backfill: r.plan.Fill != nil, Window: r.window(), ReadAt: r.readAt,
		Columns: r.plan.Columns, Parts: w.parts, Created: time.Now().UTC(),
		Quarantined: w.aside, FirstBad: w.firstAside,
	}
}
