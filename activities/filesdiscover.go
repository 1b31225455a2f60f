package activities

import (
	"context"
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/files"
	"github.com/tablehaul/tablehaul/internal/files/layout"
	"github.com/tablehaul/tablehaul/internal/owner"
)

// discover lists what is there, without what was put away before, and what is being put away. Where files are put away,
// a load without files says nothing: its files may have been.
func (s *FileSettings) discover(
	ctx context.Context, store files.Store, away *owner.PutAway,
) (layout.Found, error) {
	to, isAway := s.movesTo(), away.Of(s.origin())
	found, err := layout.Discover(ctx, hidingStore{store, func(e files.Entry) bool {
		return to != "" && strings.HasPrefix(e.Key, to) || isAway != nil && isAway(fileRef(e))
	}}, s.layout())
	if s.putsAway() {
		found.Loads = slices.DeleteFunc(found.Loads, func(l layout.Load) bool { return l.Emptied })
	}
	return found, err
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
