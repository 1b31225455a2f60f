package folder

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/tablehaul/tablehaul/internal/files"
)

// Remove removes a file. It renames the file first: no system call removes a file only if it is a certain version.
func (s *Store) Remove(ctx context.Context, e files.Entry) error {
	aside := path.Join(path.Dir(e.Key), ".tablehaul-"+strings.ToLower(rand.Text()))
	return s.putAway(ctx, e, aside, func(root *os.Root) error { return root.Remove(aside) })
}

// Move renames a file, and makes the folders that its new key needs.
func (s *Store) Move(ctx context.Context, e files.Entry, to string) error {
	if !fs.ValidPath(to) || to == "." {
		return fmt.Errorf("%w: %q", files.ErrForeign, to)
	}
	return s.putAway(ctx, e, to, func(*os.Root) error { return nil })
}

const (
	// triedName and movedName are those of the file with which CanPutAway tries. They are the same each time, so that a
	// folder that takes files and gives none away has one of each at most.
	triedName = ".tablehaul-try"
	movedName = ".tablehaul-tried"
)

// CanPutAway tries a rename, and the removal of what was renamed; or it asks the system whether the folders may be
// written.
func (s *Store) CanPutAway(ctx context.Context, e files.Entry, to string, try bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	root, err := s.root()
	if root == nil {
		return err
	}
	defer root.Close() //nolint:errcheck // nothing is written that has to stay
	from := path.Dir(e.Key)
	into := path.Dir(cmp.Or(to, e.Key))
	for _, dir := range []string{from, into} {
		if err := s.plainFolders(root, dir); err != nil {
			return fmt.Errorf("putting %s away: %s: %w", e.Key, dir, err)
		}
	}
	if try {
		err = s.tryRename(root, path.Join(from, triedName), path.Join(into, movedName))
	} else {
		err = cmp.Or(s.mayWrite(root, from), s.mayWrite(root, into))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil // the folder is gone, or another worker tries beside this one
	}
	return s.fail("putting "+e.Key+" away", err)
}

// tryRename does with a file of its own what putAway does with those of others.
func (s *Store) tryRename(root *os.Root, from, to string) error {
	f, err := root.OpenFile(from, os.O_CREATE|os.O_EXCL|os.O_WRONLY, fileMode)
	if err == nil {
		err = f.Close()
	}
	if err != nil && !errors.Is(err, fs.ErrExist) { // one that is there from an earlier try is as good
		return err
	}
	if err := s.rename(root, from, to); err != nil {
		_ = root.Remove(from) // the rename says what is wrong
		return err
	}
	return root.Remove(to)
}

// mayWrite asks the system about a folder, and of one that is not there yet about that above it.
func (s *Store) mayWrite(root *os.Root, dir string) error {
	for ; dir != "."; dir = path.Dir(dir) {
		if _, err := root.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return mayWrite(filepath.Join(s.path, filepath.FromSlash(dir)))
}

// putAway renames a file that still is the version of e, looks at it again, and then ends with it. Another version that
// came to the key between both looks goes back there. A file that is gone is left.
func (s *Store) putAway(ctx context.Context, e files.Entry, to string, end func(root *os.Root) error) error {
	root, err := s.root()
	if root == nil {
		return err
	}
	defer root.Close() //nolint:errcheck // nothing was written through it
	r, err := s.open(ctx, root, e)
	if errors.Is(err, files.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := r.Close(); err != nil {
		return s.fail("closing "+e.Key, err)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err = s.rename(root, e.Key, to); err == nil {
		now, lookErr := root.Lstat(to)
		if lookErr == nil && e.Version != "" && entry(e.Key, now).Version != e.Version {
			return s.putBack(root, to, e.Key)
		}
		err = lookErr
	}
	if err == nil {
		err = end(root)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return s.fail("putting "+e.Key+" away", err)
}

// rename makes the folders that the new name needs.
func (s *Store) rename(root *os.Root, from, to string) error {
	if dir := path.Dir(to); dir != path.Dir(from) {
		if err := s.plainFolders(root, dir); err != nil {
			return err
		}
		if err := root.MkdirAll(dir, folderMode); err != nil {
			return err
		}
	}
	return root.Rename(from, to)
}

// putBack gives a renamed file its key back, and fails with ErrChanged. A file that has the key by now is newer, and
// stays.
func (s *Store) putBack(root *os.Root, at, key string) error {
	err := root.Link(at, key)
	if err == nil || errors.Is(err, fs.ErrExist) {
		err = root.Remove(at)
	} else { // a folder, or a file system without links
		err = root.Rename(at, key)
	}
	if err != nil {
		return s.fail("putting "+at+" back to "+key, err)
	}
	return fmt.Errorf("%s: %w", key, files.ErrChanged)
}
