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

// keptManifest is how the names of kept manifests of a run end.
const keptManifest = "-manifest.json"

// keepStaged copies the files of a slice that is applied to the kept files, where staging.keep says so. Rows of others'
// files have no source that a replay could ask, and what a backfill, a repair or an undo has staged is no run's.
func (a *Activities) keepStaged(ctx context.Context, m staging.Manifest) error {
	s, err := a.deps.Settings(m.Table)
	if err != nil || s.Files != nil || s.Keep[staging.KeptStaged] <= 0 || len(m.Parts) == 0 || m.Backfill ||
		table.Index(m.Columns, expectColumn) >= 0 {
		return nil //nolint:nilerr // a table that has left the configuration keeps nothing
	}
	of := func(file string) string {
		name := fmt.Sprintf("range-%05d-%05d-%s", m.Range, m.Slice, file)
		return staging.KeptKey(staging.KeptStaged, m.Table, m.Run, name)
	}
	if err := a.beginKept(ctx, staging.KeptStaged, m.Table, m.Run); err != nil {
		return err
	}
	parts := slices.Clone(m.Parts)
	for i := range parts {
		key := of(fmt.Sprintf("%05d.parquet", i))
		if parts[i].Stored, err = a.copyFile(ctx, parts[i].Key, key); err != nil {
			return err
		}
		parts[i].Key = key
	}
	m.Parts = parts
	err = staging.PublishManifest(ctx, a.deps.Store, of(keptManifest[1:]), m)
	if errors.Is(err, staging.ErrExists) { // of an earlier attempt, with the same files
		return nil
	}
	return err
}

// keptRun finds the kept files of a run: the newest for "last", else those whose name, or the id in it, is that of run.
// run may be the path of the folder.
func (a *Activities) keptRun(ctx context.Context, s Settings, run string) (name string, manifests []string, err error) {
	all, err := staging.KeptRuns(ctx, a.deps.Store, staging.KeptStaged, s.Table)
	if err != nil {
		return "", nil, translate(ctx, err, where{doing: "look for kept runs of " + s.Table.String()})
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
			return "", nil, translate(ctx, err, where{doing: "look at the kept files of " + s.Table.String()})
		}
		for _, key := range kept.Keys() {
			if strings.HasSuffix(key, keptManifest) {
				manifests = append(manifests, key)
			}
		}
		if slices.Sort(manifests); len(manifests) > 0 {
			return note.Run, manifests, nil
		}
	}
	return "", nil, noKeptRun(s, run, all)
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
