package activities

import (
	"context"
	"errors"
	"strings"

	"github.com/tablehaul/tablehaul/internal/files"
	"github.com/tablehaul/tablehaul/internal/files/layout"
	"github.com/tablehaul/tablehaul/internal/owner"
)

// PutFilesAwayInput names a table of files.
type PutFilesAwayInput struct {
	Table string `json:"table"`
}

// PutFilesAwayResult says what was removed or moved.
type PutFilesAwayResult struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
}

// PutFilesAway does with the files of loads that are done, by the table's state, what files.after says. It comes after
// the run is finished, so that rows are on the target for good; what an earlier run has left is put away, too. A file
// that has changed since is left. Repeating it is harmless.
func (a *Activities) PutFilesAway(ctx context.Context, in PutFilesAwayInput) (out PutFilesAwayResult, err error) {
	s, err := a.settings(in.Table)
	if err != nil || s.Files == nil || !s.Files.putsAway() {
		return out, err
	}
	at := where{doing: "put the files of " + in.Table + " away"}
	defer beat(ctx, func() any { return "putting files away" })()
	state, err := a.state(ctx, in.Table)
	if err != nil {
		return out, err
	}
	store, err := files.Open(s.Files.URL)
	if err != nil {
		return out, translateFiles(ctx, err, at)
	}
	found, err := s.Files.discover(ctx, store)
	if err != nil {
		return out, translateFiles(ctx, err, at)
	}
	for _, l := range found.Loads {
		if state.Files.StateOf(owner.LoadOf(l.ID, l.Version, l.Time)) != owner.LoadDone ||
			state.Files.Origin != s.Files.origin() {
			continue
		}
		if err := s.Files.putAway(ctx, store, l, &out); err != nil {
			return out, translateFiles(ctx, err, at)
		}
	}
	logStep(ctx, "files", out.Files, "bytes", out.Bytes)
	return out, nil
}

// putsAway reports whether files that are loaded do not stay where they are.
func (s *FileSettings) putsAway() bool { return s.After != "" && s.After != "keep" }

// movesTo is the prefix that files get which are loaded; "" for none.
func (s *FileSettings) movesTo() string {
	prefix, moves := strings.CutPrefix(s.After, "move:")
	if !moves {
		return ""
	}
	return strings.TrimSuffix(prefix, "/") + "/"
}

// putAway removes or moves the files of a load, and its own marker last.
func (s *FileSettings) putAway(ctx context.Context, store files.Store, l layout.Load, out *PutFilesAwayResult) error {
	list := make([]files.Entry, 0, len(l.Files)+1)
	for _, f := range l.Files {
		list = append(list, f.Entry)
	}
	if l.Marker != nil {
		list = append(list, *l.Marker)
	}
	for _, e := range list {
		var err error
		if to := s.movesTo(); to != "" {
			err = store.Move(ctx, e, to+e.Key)
		} else {
			err = store.Remove(ctx, e)
		}
		if errors.Is(err, files.ErrChanged) {
			return nil // it is another load now
		}
		if err != nil {
			return err
		}
		out.Files++
		out.Bytes += e.Size
	}
	return nil
}

// discover lists what is there, without what was put away before.
func (s *FileSettings) discover(ctx context.Context, store files.Store) (layout.Found, error) {
	found, err := layout.Discover(ctx, store, s.layout())
	if to := s.movesTo(); err == nil && to != "" {
		kept := found.Loads[:0]
		for _, l := range found.Loads {
			if len(l.Files) == 0 || !strings.HasPrefix(l.Files[0].Key, to) {
				kept = append(kept, l)
			}
		}
		found.Loads = kept
	}
	return found, err
}
