package activities

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
)

const (
	// keptManifest is how the names of kept manifests of a run end.
	keptManifest = "-manifest.json"
	// keptPromise is how the names of the files end that say that a slice is to be kept.
	keptPromise = "-staged.json"
)

// keepsStaged reports whether a slice is kept after it was applied, as staging.keep says. Rows of others' files have
// no source that a replay could ask, and what a backfill, a repair or an undo has staged is no run's.
func (a *Activities) keepsStaged(m staging.Manifest) bool {
	s, err := a.deps.Settings(m.Table) // a table that has left the configuration keeps nothing
	return err == nil && s.Files == nil && s.Keep[staging.KeptStaged] > 0 && len(m.Parts) > 0 && !m.Backfill &&
		table.Index(m.Columns, expectColumn) < 0
}

// keptStagedKey is the key of a kept file of a slice. name begins with a "-".
func keptStagedKey(m staging.Manifest, name string) string {
	return staging.KeptKey(staging.KeptStaged, m.Table, m.Run, fmt.Sprintf("range-%05d-%05d%s", m.Range, m.Slice, name))
}

// promiseKept says in the run's kept files that a slice will be there, before it is published. A replay sees by that
// which slices are missing.
func (a *Activities) promiseKept(ctx context.Context, m staging.Manifest) error {
	if !a.keepsStaged(m) {
		return nil
	}
	if err := a.beginKept(ctx, staging.KeptStaged, m.Table, m.Run); err != nil {
		return err
	}
	return a.deps.Store.Put(ctx, keptStagedKey(m, keptPromise), strings.NewReader("{}\n"))
}

// keepStaged copies the files of a slice that is applied to the kept files, where staging.keep says so. Files that an
// earlier attempt has copied stay.
func (a *Activities) keepStaged(ctx context.Context, m staging.Manifest) error {
	if !a.keepsStaged(m) {
		return nil
	}
	if err := a.beginKept(ctx, staging.KeptStaged, m.Table, m.Run); err != nil {
		return err
	}
	parts := slices.Clone(m.Parts)
	for i, part := range parts {
		key := keptStagedKey(m, fmt.Sprintf("-%05d-%.10s.parquet", i, part.SHA256))
		size, stored, err := staging.Stat(ctx, a.deps.Store, key)
		if errors.Is(err, staging.ErrNotFound) || err == nil && size != part.Size {
			stored, err = a.copyFile(ctx, part.Key, key)
		}
		if err != nil {
			return err
		}
		parts[i].Key, parts[i].Stored = key, stored
	}
	m.Parts = parts
	err := staging.PublishManifest(ctx, a.deps.Store, keptStagedKey(m, keptManifest), m)
	if errors.Is(err, staging.ErrExists) { // of an earlier attempt, with the same files
		return nil
	}
	return err
}

// keptSlices are the kept files of a run.
type keptSlices struct {
	run string
	// manifests are the keys of those of the slices that are there.
	manifests []string
	// missing is how many slices are not there that the run has staged.
	missing int
	// newer are runs that have begun later, and of which nothing is there yet.
	newer []string
}

// warnings say what a replay of these files leaves out.
func (k keptSlices) warnings(s Settings) (out []string) {
	const fix = "it goes on, has failed, or its files could not be kept: tablehaul verify TABLE --repair compares " +
		"all rows"
	if k.missing > 0 {
		out = append(out, withName(fmt.Sprintf("%d of %d slices of run %s are not kept, and left out (%s)", k.missing,
			k.missing+len(k.manifests), k.run, fix), s.Table))
	}
	if len(k.newer) > 0 {
		out = append(out, withName(fmt.Sprintf("run %s is newer, and nothing of it is kept (%s)", k.newer[0], fix),
			s.Table))
	}
	return out
}

// keptRun finds the kept files of a run: the newest for "last", else those whose name, or the id in it, is that of run.
// run may be the path of the folder.
func (a *Activities) keptRun(ctx context.Context, s Settings, run string) (keptSlices, error) {
	var out keptSlices
	all, err := staging.KeptRuns(ctx, a.deps.Store, staging.KeptStaged, s.Table)
	if err != nil {
		return out, translate(ctx, err, where{doing: "look for kept runs of " + s.Table.String()})
	}
	run = strings.TrimRight(run, "/")
	run = run[strings.LastIndexByte(run, '/')+1:]
	for _, kept := range all {
		if run != lastRun && run != kept.Run && run != runID(kept.Run) {
			continue
		}
		note, err := kept.Note(ctx, a.deps.Store)
		if unreadable(err) || err == nil && note.Deployment != a.deps.Deployment {
			continue
		}
		if err != nil {
			return out, translate(ctx, err, where{doing: "look at the kept files of " + s.Table.String()})
		}
		if out.take(kept); len(out.manifests) > 0 {
			out.run = note.Run
			return out, nil
		}
		out.newer = append(out.newer, note.Run)
	}
	return out, noKeptRun(s, run, all)
}

// take takes in the files of a run's folder.
func (k *keptSlices) take(kept staging.KeptRun) {
	k.manifests = nil
	promised := map[string]bool{}
	for _, key := range kept.Keys() {
		if slice, ok := strings.CutSuffix(key, keptPromise); ok {
			promised[slice] = true
		} else if strings.HasSuffix(key, keptManifest) {
			k.manifests = append(k.manifests, key)
		}
	}
	slices.Sort(k.manifests)
	for _, key := range k.manifests {
		delete(promised, strings.TrimSuffix(key, keptManifest))
	}
	k.missing = len(promised)
}

// lastRun names the newest kept run.
const lastRun = "last"

// noKeptRun is the refusal of a replay of a run that staging does not have.
func noKeptRun(s Settings, run string, all []staging.KeptRun) error {
	fix := withName("tablehaul verify TABLE --repair compares all rows, and needs no kept run", s.Table)
	switch {
	case len(all) > 0:
		names := make([]string, 0, len(all))
		for _, one := range all[:min(len(all), 3)] {
			names = append(names, one.Run)
		}
		return invalidInput(fmt.Sprintf("staging keeps no run %s of %s; the newest are %s", run, s.Table,
			strings.Join(names, ", ")), "name one of them, or leave the name out; "+fix)
	case s.Keep[staging.KeptStaged] > 0:
		return invalidInput(fmt.Sprintf("staging keeps no run of %s: none has ended since "+
			"staging.keep was set, or its time is over", s.Table), fix)
	}
	return invalidInput(fmt.Sprintf("staging keeps no run of %s", s.Table),
		"set staging.keep, which keeps the files of runs that come; "+fix)
}
