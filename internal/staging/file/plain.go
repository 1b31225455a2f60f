package file

import (
	"errors"
	"fmt"
	"io/fs"
	"path"

	access "github.com/tablehaul/tablehaul/internal/folder"
	"github.com/tablehaul/tablehaul/internal/staging"
)

// look makes sure that a key is a plain file and all above it are folders: os.Root follows
// symbolic links that stay inside, and a link is never ours.
func (s *Store) look(key string) (fs.FileInfo, error) {
	if err := s.plainFolders(path.Dir(key)); err != nil {
		return nil, fmt.Errorf("opening %s: %w", key, err)
	}
	info, err := s.root.Lstat(key)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: %s", staging.ErrNotFound, key)
	case err != nil:
		return nil, fmt.Errorf("opening %s: %w", key, err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("opening %s: %w", key, errForeign)
	}
	return info, nil
}

// plainFolders refuses a link, a file, or a folder of another user where a key has a folder. Missing folders pass.
func (s *Store) plainFolders(folder string) error {
	for ; folder != "."; folder = path.Dir(folder) {
		if err := s.plain(folder); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// plain is nil for a folder that this program may have made: who owns a folder can put files into it at any time.
func (s *Store) plain(folder string) error {
	info, err := s.root.Lstat(folder)
	switch {
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s: %w", folder, errForeign)
	}
	if uid, ok := access.Owner(info); ok && s.owner >= 0 && uid != s.owner {
		return fmt.Errorf("the folder %s belongs to user %d, and this program's files to user %d: remove it, or "+
			"chown it and all below it", path.Join(s.path, folder), uid, s.owner)
	}
	if _, err := access.Check(path.Join(s.path, folder), info); err != nil {
		return err
	}
	return nil
}
