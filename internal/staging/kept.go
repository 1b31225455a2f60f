package staging

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/table"
)

// Kind is what kept files are for. Kept files outlive their run: they are for people, and for steps that a person
// starts later.
type Kind string

// The kinds of kept files.
const (
	// KeptVerify are the receipt and the list of differences of a comparison.
	KeptVerify Kind = "verify"
	// KeptUndo are the versions of rows that a repair or a sweep of deletes has replaced or removed.
	KeptUndo Kind = "undo"
	// KeptQuarantine are rows that a run has set aside.
	KeptQuarantine Kind = "quarantine"
	// KeptStaged are the files that runs have staged: see staging.keep.
	KeptStaged Kind = "runs"
)

// DefaultKeep is how long kept files of a table stay for which no setting says it: one that has left the
// configuration.
const DefaultKeep = 30 * 24 * time.Hour

// KeptKinds are all kinds.
func KeptKinds() []Kind { return []Kind{KeptVerify, KeptUndo, KeptQuarantine, KeptStaged} }

// noteFile says whose the kept files of a folder are.
const noteFile = "kept.json"

// KeptNote says whose the kept files of one run are. It is the first file of a run's folder, and Sweep removes no
// folder without one.
type KeptNote struct {
	Kind  Kind       `json:"kind"`
	Table table.Name `json:"table"`
	Run   string     `json:"run"`
	// Deployment is whose the files are: of several that use one store, each removes its own.
	Deployment string    `json:"deployment,omitempty"`
	Created    time.Time `json:"created"`
}

// keptPrefix is what all keys of a table's kept files of a kind begin with. No table's own prefix collides with it:
// each has a dot or a "~".
func keptPrefix(kind Kind, tbl table.Name) string { return string(kind) + "/" + TablePrefix(tbl) }

// KeptKey is the key of a kept file. The names of files are letters, digits and "._-", and end in .parquet or .json.
func KeptKey(kind Kind, tbl table.Name, run, file string) string {
	return keptPrefix(kind, tbl) + segment(run) + "/" + segment(file)
}

// splitKept splits a key of KeptKey; ok is false for every other key.
func splitKept(key string) (kind Kind, tbl, run string, ok bool) {
	parts := strings.Split(key, "/")
	if len(parts) != 4 || !slices.Contains(KeptKinds(), Kind(parts[0])) || CheckKey(key) != nil ||
		!strings.HasSuffix(key, ".parquet") && !strings.HasSuffix(key, ".json") {
		return "", "", "", false
	}
	return Kind(parts[0]), parts[1], parts[2], true
}

// IsKept reports whether a key is where kept files are, under any name.
func IsKept(key string) bool {
	first, _, _ := strings.Cut(key, "/")
	return slices.Contains(KeptKinds(), Kind(first))
}

// Keep begins the kept files of a run, or goes on with them: it writes the note that says whose they are. Call it
// before the first other file.
func Keep(ctx context.Context, s Store, note KeptNote) error {
	text, err := json.Marshal(note)
	if err != nil {
		return fmt.Errorf("encoding the note of kept files: %w", err)
	}
	if err := s.Put(ctx, KeptKey(note.Kind, note.Table, note.Run, noteFile), bytes.NewReader(text)); err != nil {
		return fmt.Errorf("keeping files of %s: %w", note.Table, err)
	}
	return nil
}

// KeptRun is what a listing says of the kept files of one run.
type KeptRun struct {
	Kind Kind
	// Run is the run's name, and a hash of it where the name is unusual.
	Run   string
	Files int
	// Bytes are those of all files, the note included.
	Bytes int64
	// Written is when the newest file was.
	Written time.Time

	table string
	keys  []string
}

// KeptRuns lists the runs of a table that have kept files of a kind, the newest first.
func KeptRuns(ctx context.Context, s Store, kind Kind, tbl table.Name) ([]KeptRun, error) {
	return listKept(ctx, s, keptPrefix(kind, tbl))
}

// AllKept lists the runs of all tables that have kept files, the newest first.
func AllKept(ctx context.Context, s Store) ([]KeptRun, error) {
	var out []KeptRun
	for _, kind := range KeptKinds() {
		runs, err := listKept(ctx, s, string(kind)+"/")
		if err != nil {
			return nil, err
		}
		out = append(out, runs...)
	}
	return out, nil
}

// TableKept is how many files are kept of a table, of all kinds, and their bytes.
func TableKept(ctx context.Context, s Store, tbl table.Name) (files int, bytes int64, err error) {
	for _, kind := range KeptKinds() {
		runs, err := KeptRuns(ctx, s, kind, tbl)
		if err != nil {
			return 0, 0, err
		}
		for _, r := range runs {
			files, bytes = files+r.Files, bytes+r.Bytes
		}
	}
	return files, bytes, nil
}

func listKept(ctx context.Context, s Store, prefix string) ([]KeptRun, error) {
	folders := map[[2]string]*KeptRun{}
	err := s.List(ctx, prefix, func(e Entry) error {
		kind, tbl, run, ok := splitKept(e.Key)
		if !ok {
			return nil
		}
		f := folders[[2]string{tbl, run}]
		if f == nil {
			f = &KeptRun{Kind: kind, Run: run, table: tbl}
			folders[[2]string{tbl, run}] = f
		}
		f.Files++
		f.Bytes += e.Size
		f.keys = append(f.keys, e.Key)
		if e.Modified.After(f.Written) {
			f.Written = e.Modified
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing kept files: %w", err)
	}
	out := make([]KeptRun, 0, len(folders))
	for _, f := range folders {
		out = append(out, *f)
	}
	slices.SortFunc(out, func(a, b KeptRun) int {
		return cmp.Or(b.Written.Compare(a.Written), strings.Compare(a.table, b.table), strings.Compare(a.Run, b.Run))
	})
	return out, nil
}

// Keys are those of the files that the listing has found.
func (r KeptRun) Keys() []string { return slices.Clone(r.keys) }

// IsNote reports whether a key is that of a run's note.
func IsNote(key string) bool { return IsKept(key) && strings.HasSuffix(key, "/"+noteFile) }

// Table is the table's name; false where only the note says it, because the name is unusual.
func (r KeptRun) Table() (table.Name, bool) {
	name, err := table.ParseName(r.table)
	return name, err == nil && TablePrefix(name) == r.table+"/"
}

// Note reads whose the files are: ErrNotFound where the folder has no note, ErrCorrupt where it is none of this folder.
func (r KeptRun) Note(ctx context.Context, s Store) (KeptNote, error) {
	key := string(r.Kind) + "/" + r.table + "/" + r.Run + "/" + noteFile
	text, err := ReadSmall(ctx, s, key)
	if err != nil {
		return KeptNote{}, err
	}
	var note KeptNote
	if err := json.Unmarshal(text, &note); err != nil {
		return KeptNote{}, fmt.Errorf("%w: %s: %w", ErrCorrupt, key, err)
	}
	if KeptKey(note.Kind, note.Table, note.Run, noteFile) != key {
		return KeptNote{}, fmt.Errorf("%w: %s is of another folder", ErrCorrupt, key)
	}
	return note, nil
}

// Remove removes the files that the listing has found, the note last: while a file is left, it says whose it is.
func (r KeptRun) Remove(ctx context.Context, s Store) error {
	files := slices.DeleteFunc(slices.Clone(r.keys), IsNote)
	if err := s.Delete(ctx, files...); err != nil {
		return fmt.Errorf("removing kept files: %w", err)
	}
	notes := slices.DeleteFunc(slices.Clone(r.keys), func(key string) bool { return !IsNote(key) })
	if err := s.Delete(ctx, notes...); err != nil {
		return fmt.Errorf("removing kept files: %w", err)
	}
	return nil
}

// maxSmall bounds what ReadSmall reads, in bytes.
const maxSmall = 1 << 20

// ReadSmall reads all of a file that is known to be small: ErrNotFound where there is none, ErrCorrupt where it is
// larger than 1 MiB.
func ReadSmall(ctx context.Context, s Store, key string) ([]byte, error) {
	f, err := s.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // nothing was written
	if f.Size() > maxSmall {
		return nil, fmt.Errorf("%w: %s has %d bytes", ErrCorrupt, key, f.Size())
	}
	text := make([]byte, f.Size())
	if err := readFull(f, text, 0); err != nil {
		return nil, fmt.Errorf("reading %s: %w", key, err)
	}
	return text, nil
}
