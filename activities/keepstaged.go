package activities

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
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

// keepsStaged reports whether slices are kept after they were applied, as staging.keep says. Rows of others' files have
// no source that a replay could ask, and what a backfill, a repair or an undo has staged is no run's.
func (a *Activities) keepsStaged(m staging.Manifest) bool {
	s, err := a.deps.Settings(m.Table) // a table that has left the configuration keeps nothing
	return err == nil && s.Files == nil && s.Keep[staging.KeptStaged] > 0 && !m.Backfill &&
		table.Index(m.Columns, expectColumn) < 0
}

// keptStagedKey is the key of a kept file of a slice. name begins with a "-".
func keptStagedKey(m staging.Manifest, name string) string {
	return staging.KeptKey(staging.KeptStaged, m.Table, m.Run, fmt.Sprintf("range-%05d-%05d%s", m.Range, m.Slice, name))
}

// promiseKept says in the run's kept files that a slice will be there, before it is published. A replay sees by that
// which slices are missing.
func (a *Activities) promiseKept(ctx context.Context, m staging.Manifest) error {
	if len(m.Parts) == 0 || !a.keepsStaged(m) {
		return nil
	}
	if err := a.beginKept(ctx, staging.KeptStaged, m.Table, m.Run); err != nil {
		return err
	}
	return a.deps.Store.Put(ctx, keptStagedKey(m, keptPromise), strings.NewReader("{}\n"))
}

// keepStaged copies the files of a slice that is applied to the kept files, where staging.keep says so. A range that
// was extracted again is kept as it was applied last: its last slice takes away what is kept of slices behind it.
func (a *Activities) keepStaged(ctx context.Context, m staging.Manifest) error {
	if !a.keepsStaged(m) {
		return nil
	}
	end := m.Slice
	if len(m.Parts) > 0 {
		end++
		if err := a.keepParts(ctx, m); err != nil {
			return err
		}
	}
	if m.Next != nil {
		return nil
	}
	return a.dropKeptFrom(ctx, m, end)
}

// keepParts copies the files of a slice. Files that an earlier attempt has copied stay.
func (a *Activities) keepParts(ctx context.Context, m staging.Manifest) error {
	if err := a.beginKept(ctx, staging.KeptStaged, m.Table, m.Run); err != nil {
		return err
	}
	parts := slices.Clone(m.Parts)
	for i, part := range parts {
		key := keptStagedKey(m, fmt.Sprintf("-%05d-%.10s.parquet", i, part.SHA256))
		size, stored, err := staging.Stat(ctx, a.deps.Store, key)
		if errors.Is(err, staging.ErrNotFound) || err == nil && size != part.Size {
			stored, err = staging.CopyPart(ctx, a.deps.Store, part, key)
		}
		if err != nil {
			return err
		}
		parts[i].Key, parts[i].Stored = key, stored
	}
	m.Parts = parts
	return staging.ReplaceManifest(ctx, a.deps.Store, keptStagedKey(m, keptManifest), m)
}

// dropKeptFrom removes what is kept of the slices of m's range from a number on.
func (a *Activities) dropKeptFrom(ctx context.Context, m staging.Manifest, first int) error {
	of := staging.KeptKey(staging.KeptStaged, m.Table, m.Run, fmt.Sprintf("range-%05d-", m.Range))
	var keys []string
	err := a.deps.Store.List(ctx, of, func(e staging.Entry) error {
		number, _, _ := strings.Cut(strings.TrimPrefix(e.Key, of), "-")
		if slice, err := strconv.Atoi(number); err == nil && slice >= first {
			keys = append(keys, e.Key)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return a.deps.Store.Delete(ctx, keys...)
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

// mostOffered is how many kept runs a refusal names.
const mostOffered = 3

// keptRun finds the kept files of a run: the newest for "last", else those whose name, or the id in it, is that of run.
// run may be the path of the folder.
func (a *Activities) keptRun(ctx context.Context, s Settings, run string) (keptSlices, error) {
	all, err := staging.KeptRuns(ctx, a.deps.Store, staging.KeptStaged, s.Table)
	if err != nil {
		return keptSlices{}, translate(ctx, err, where{doing: "look for kept runs of " + s.Table.String()})
	}
	run = strings.TrimRight(run, "/")
	run = run[strings.LastIndexByte(run, '/')+1:]
	var promised, others []string
	for _, folder := range all {
		kept := keptSlicesOf(folder)
		meant := run == lastRun || run == folder.Run || run == runID(folder.Run)
		if !meant && (len(kept.manifests) == 0 || len(others) == mostOffered) {
			continue
		}
		note, err := folder.Note(ctx, a.deps.Store)
		switch {
		case unreadable(err) || err == nil && note.Deployment != a.deps.Deployment: // not ours
		case err != nil:
			return keptSlices{}, translate(ctx, err, where{doing: "look at the kept files of " + s.Table.String()})
		case !meant:
			others = append(others, folder.Run)
		case len(kept.manifests) == 0:
			promised = append(promised, note.Run)
		default:
			kept.run, kept.newer = note.Run, promised
			return kept, nil
		}
	}
	return keptSlices{}, noKeptRun(s, run, promised, others)
}

// keptSlicesOf takes in the files of a run's folder.
func keptSlicesOf(folder staging.KeptRun) (k keptSlices) {
	promised := map[string]bool{}
	for _, key := range folder.Keys() {
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
	return k
}

// lastRun names the newest kept run.
const lastRun = "last"

// noKeptRun is the refusal of a replay of a run that staging does not have. Of the runs that are meant, promised are
// those of which nothing is kept yet; others are kept.
func noKeptRun(s Settings, run string, promised, others []string) error {
	what := fmt.Sprintf("staging keeps no run of %s", s.Table)
	fix := withName("tablehaul verify TABLE --repair compares all rows, and needs no kept run", s.Table)
	switch {
	case len(promised) > 0:
		what = fmt.Sprintf("nothing of run %s of %s is kept yet", promised[0], s.Table)
		fix = "it goes on, has failed, or its files could not be kept; " + fix
	case len(others) > 0:
		what = fmt.Sprintf("staging keeps no run %s of %s", run, s.Table)
		fix = "name one of them, or leave the name out; " + fix
	case s.Keep[staging.KeptStaged] > 0:
		what += ": none has ended since staging.keep was set, or its time is over"
	default:
		fix = "set staging.keep, which keeps the files of runs that come; " + fix
	}
	if len(others) > 0 {
		what += "; the newest kept runs are " + strings.Join(others, ", ")
	}
	return invalidInput(what, fix)
}
