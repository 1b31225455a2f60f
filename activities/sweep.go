package activities

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
)

// SweepResult is what a look through staging came to. A run is a run's folder.
type SweepResult struct {
	// Runs were removed, Files in all of them and among unfinished writes.
	Runs  int `json:"runs"`
	Files int `json:"files"`
	// Expired are runs whose kept files have been there for as long as their table keeps them.
	Expired int `json:"expired,omitempty"`
	// Kept belong to a run that lives, to a first load that will be taken up again, or are kept for people;
	// Young are not old enough to be looked at.
	Kept  int `json:"kept"`
	Young int `json:"young"`
	// Others belong to another deployment, which removes them itself: another Temporal namespace or
	// task queue, whose runs this one cannot ask after.
	Others int `json:"others,omitempty"`
	// Unnamed have neither a plan nor a manifest that says whose they are: they stay.
	Unnamed int `json:"unnamed,omitempty"`
	// HostGone says that the host whose files were meant is not there any more.
	HostGone bool `json:"hostGone,omitempty"`
}

// runFolder is what a listing says of the files of one run.
type runFolder struct {
	prefix    string
	newest    time.Time
	manifests []string
}

// Sweep removes what runs have left in staging that were terminated, or whose worker died. A run's files go when all of
// these hold: the newest is older than the configured age; its plan, or a manifest, says which table and run they are
// of, in agreement with where they stand; no first load of the table will go on from them; they are of this deployment;
// and Temporal says that the run has ended. Foreign files are neither looked at nor removed. Kept files go when their
// table's settings say so.
//
// Repeating it is harmless. It heartbeats.
func (a *Activities) Sweep(ctx context.Context) (SweepResult, error) {
	var out SweepResult
	if a.deps.SweepAfter <= 0 || a.deps.Deployment == "" {
		return out, nil
	}
	at := where{doing: "sweep staging"}
	before := time.Now().Add(-a.deps.SweepAfter)
	folders, err := a.runFolders(ctx)
	if err != nil {
		return out, translate(ctx, err, at)
	}
	for _, prefix := range slices.Sorted(maps.Keys(folders)) {
		if err := a.sweepRun(ctx, folders[prefix], before, &out); err != nil {
			return out, translate(ctx, err, at)
		}
	}
	if err := a.sweepKept(ctx, time.Now(), &out); err != nil {
		return out, translate(ctx, err, at)
	}
	// A file that is being written has another name until it is whole; see staging/file.
	if s, ok := a.deps.Store.(interface {
		SweepTemp(olderThan time.Duration) (int, error)
	}); ok {
		n, err := s.SweepTemp(a.deps.SweepAfter)
		out.Files += n
		if err != nil {
			return out, translate(ctx, err, at)
		}
	}
	a.deps.Log.Info("staging swept", "runs", out.Runs, "expired", out.Expired, "files", out.Files, "kept", out.Kept,
		"young", out.Young, "others", out.Others, "unnamed", out.Unnamed)
	return out, nil
}

// runFolders lists our files by run.
func (a *Activities) runFolders(ctx context.Context) (map[string]*runFolder, error) {
	folders := map[string]*runFolder{}
	err := a.deps.Store.List(ctx, "", func(e staging.Entry) error {
		parts := strings.SplitN(e.Key, "/", 3)
		if len(parts) < 3 || !staging.Ours(e.Key) || staging.IsKept(e.Key) {
			return nil
		}
		prefix := parts[0] + "/" + parts[1] + "/"
		f := folders[prefix]
		if f == nil {
			f = &runFolder{prefix: prefix}
			folders[prefix] = f
		}
		if e.Modified.After(f.newest) {
			f.newest = e.Modified
		}
		if strings.HasSuffix(e.Key, "/manifest.json") {
			f.manifests = append(f.manifests, e.Key)
		}
		return nil
	})
	return folders, err
}

func (a *Activities) sweepRun(ctx context.Context, f *runFolder, before time.Time, out *SweepResult) error {
	if !f.newest.Before(before) {
		out.Young++
		return nil
	}
	run, err := a.nameRun(ctx, f)
	if err != nil {
		return err
	}
	if run == nil {
		out.Unnamed++
		a.deps.Log.Warn("files in staging that no plan and no manifest names are left alone", "folder", f.prefix)
		return nil
	}
	if run.deployment != a.deps.Deployment {
		out.Others++
		return nil
	}
	needed, err := a.needed(ctx, run)
	if err != nil {
		return err
	}
	if needed {
		out.Kept++
		return nil
	}
	// Files that were written since the listing stay.
	n, err := staging.Sweep(ctx, a.deps.Store, f.prefix, before)
	if err != nil {
		return err
	}
	out.Runs++
	out.Files += n
	a.deps.Log.Info("files of an ended run removed", "table", run.table, "run", run.run, "files", n)
	return nil
}

// stagedRun is whose a folder is.
type stagedRun struct {
	table table.Name
	run   string
	// deployment is "" where the files do not say it: then it is not known whether the run lives.
	deployment string
	// workflowID is "" where only a manifest is left.
	workflowID string
}

// nameRun asks the plan, and then the manifests, whose a folder is; nil where none of them says
// so, or one says that it belongs to another folder.
func (a *Activities) nameRun(ctx context.Context, f *runFolder) (*stagedRun, error) {
	run := strings.TrimSuffix(f.prefix[strings.IndexByte(f.prefix, '/')+1:], "/")
	p, err := a.planAt(ctx, f.prefix+"plan.json", run)
	if err == nil && staging.RunPrefix(p.Settings.Table, run) == f.prefix {
		return &stagedRun{p.Settings.Table, run, p.Deployment, p.WorkflowID}, nil
	}
	if err != nil && !unreadable(err) {
		return nil, err
	}
	for _, key := range f.manifests {
		m, err := staging.ReadManifest(ctx, a.deps.Store, key)
		if err == nil && staging.ManifestKey(m.Table, m.Run, m.Range, m.Slice) == key {
			return &stagedRun{m.Table, m.Run, m.Deployment, ""}, nil
		}
		if err != nil && !unreadable(err) {
			return nil, err
		}
	}
	return nil, nil
}

func unreadable(err error) bool {
	return errors.Is(err, staging.ErrNotFound) || errors.Is(err, staging.ErrCorrupt)
}

// needed reports whether a run's files may still be read: it lives, or lives on after a reset or where it has continued
// as new, or a first load goes on from its plan. Only the holder of a table's lease has a use for files.
func (a *Activities) needed(ctx context.Context, r *stagedRun) (bool, error) {
	state, err := a.state(ctx, r.table.String())
	if err != nil {
		return true, err
	}
	if state.FirstLoad != nil && state.FirstLoad.Run == r.run {
		return true, nil
	}
	holder := owner.Lease{WorkflowID: r.workflowID, RunID: runID(r.run)}
	if r.workflowID == "" {
		if state.Lease == nil {
			return false, nil
		}
		holder = *state.Lease
	}
	closed, err := a.closedSince(ctx, holder, "")
	if closed == nil || err != nil {
		return true, err
	}
	return a.goesOn(ctx, holder.WorkflowID, closed)
}

// goesOn reports whether an execution that has continued as new lives on in the latest one of its workflow.
func (a *Activities) goesOn(ctx context.Context, workflowID string, closed *closing) (bool, error) {
	if !closed.continued {
		return false, nil
	}
	d, err := a.deps.Client.DescribeWorkflowExecution(ctx, workflowID, "")
	if err != nil {
		return true, fmt.Errorf("describe the workflow %s: %w", workflowID, err)
	}
	latest := d.GetWorkflowExecutionInfo()
	return isOpen(latest.GetStatus()) && latest.GetFirstRunId() == closed.first, nil
}
