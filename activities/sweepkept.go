package activities

import (
	"context"
	"time"

	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
)

// sweepKept removes the kept files of runs whose time is over: the newest file is older than the table's settings keep
// it, and the folder's note says that it is of this deployment.
func (a *Activities) sweepKept(ctx context.Context, now time.Time, out *SweepResult) error {
	all, err := staging.AllKept(ctx, a.deps.Store)
	if err != nil {
		return err
	}
	for _, run := range all {
		if err := a.sweepKeptRun(ctx, run, now, out); err != nil {
			return err
		}
	}
	return nil
}

func (a *Activities) sweepKeptRun(ctx context.Context, run staging.KeptRun, now time.Time, out *SweepResult) error {
	if tbl, ok := run.Table(); ok && now.Sub(run.Written) < a.keep(run.Kind, tbl) {
		out.Kept++
		return nil
	}
	note, err := run.Note(ctx, a.deps.Store)
	switch {
	case unreadable(err):
		out.Unnamed++
		a.deps.Log.Warn("kept files that no note names are left alone", "kind", run.Kind, "run", run.Run)
		return nil
	case err != nil:
		return err
	case note.Deployment != a.deps.Deployment:
		out.Others++
		return nil
	case now.Sub(run.Written) < a.keep(note.Kind, note.Table):
		out.Kept++
		return nil
	}
	if err := run.Remove(ctx, a.deps.Store); err != nil {
		return err
	}
	out.Expired++
	out.Files += run.Files
	a.deps.Log.Info("kept files removed", "kind", note.Kind, "table", note.Table, "run", note.Run, "files", run.Files)
	return nil
}

// keep is how long a table's kept files of a kind stay. A table that has left the configuration keeps the default.
func (a *Activities) keep(kind staging.Kind, tbl table.Name) time.Duration {
	if s, err := a.deps.Settings(tbl); err == nil && s.Keep[kind] > 0 {
		return s.Keep[kind]
	}
	return staging.DefaultKeep
}

// beginKept begins the kept files of a run, or goes on with them.
func (a *Activities) beginKept(ctx context.Context, kind staging.Kind, tbl table.Name, run string) error {
	return staging.Keep(ctx, a.deps.Store, staging.KeptNote{
		Kind: kind, Table: tbl, Run: run, Deployment: a.deps.Deployment, Created: time.Now().UTC(),
	})
}
