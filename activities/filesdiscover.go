package activities

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/files"
	"github.com/tablehaul/tablehaul/internal/files/layout"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
)

// discover lists what is there, without what was put away before, and what is being put away. Where files are put away,
// a load without files says nothing: its files may have been. others are folders that files.after does not name, and
// earlier runs have moved files into.
func (s *FileSettings) discover(
	ctx context.Context, store files.Store, state owner.State,
) (found layout.Found, others []string, err error) {
	moved, isAway := s.moved(state), state.PutAway.Of(s.origin())
	found, err = layout.Discover(ctx, hidingStore{store, func(e files.Entry) bool {
		return moved.has(e.Key) || isAway != nil && isAway(fileRef(e))
	}}, s.layout())
	if s.putsAway() || state.FilesGone {
		found.Loads = slices.DeleteFunc(found.Loads, func(l layout.Load) bool { return l.Emptied })
	}
	return found, moved.others(), err
}

// movedFolders knows the folders that files are moved into, or were before files.after was changed.
type movedFolders struct {
	settings *FileSettings
	before   []string
	// in has, for each folder of a listing, which of them it is or is in; "" for none.
	in map[string]string
}

func (s *FileSettings) moved(state owner.State) movedFolders {
	return movedFolders{settings: s, before: state.MovedTo, in: map[string]string{}}
}

// has reports whether a file is in one of the folders.
func (m movedFolders) has(key string) bool {
	return m.of(key[:strings.LastIndexByte(key, '/')+1]) != ""
}

// of is the one of the folders that this folder is or is in; "" for none. The url itself is none: a person has named
// it.
func (m movedFolders) of(folder string) string {
	if folder == "" {
		return ""
	}
	moved, known := m.in[folder]
	if known {
		return moved
	}
	above := folder[:strings.LastIndexByte(folder[:len(folder)-1], '/')+1]
	moved = m.of(above)
	if s := m.settings; moved == "" && (folder == s.movesTo() || slices.Contains(m.before, s.placeOf(folder))) {
		moved = folder
	}
	m.in[folder] = moved
	return moved
}

// others are those that were listed, and that files.after does not name.
func (m movedFolders) others() []string {
	all := slices.Compact(slices.Sorted(maps.Values(m.in)))
	return slices.DeleteFunc(all, func(f string) bool { return f == "" || f == m.settings.movesTo() })
}

// placeOf is a digest of the URL of a folder below the url, without the parameters of the store.
func (s *FileSettings) placeOf(folder string) string {
	at, _, _ := strings.Cut(s.URL, "?")
	return hash([]byte(strings.TrimRight(at, "/") + "/" + folder))[:16]
}

// noteMoved says which folders are left out although files.after names them no more.
func (p *planDraft) noteMoved(folders []string) {
	for _, f := range folders {
		p.findings = append(p.findings, table.Finding{
			Level: table.LevelInfo, Table: p.settings.Table.String(),
			Text: "files below " + f + " are left out: earlier runs have moved files there that were loaded",
		})
	}
}

// fileRef names a version of a file.
func fileRef(e files.Entry) owner.Load { return owner.LoadOf(e.Key, e.Version, e.Modified) }

// hidingStore lists a store without some of its files.
type hidingStore struct {
	files.Store
	hides func(files.Entry) bool
}

// List leaves out the files that are hidden.
func (s hidingStore) List(ctx context.Context, prefix string, f func(files.Entry) error) error {
	return s.Store.List(ctx, prefix, func(e files.Entry) error {
		if s.hides(e) {
			return nil
		}
		return f(e)
	})
}
