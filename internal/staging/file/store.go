package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	access "github.com/tablehaul/tablehaul/internal/folder"
	"github.com/tablehaul/tablehaul/internal/staging"
)

const (
	// Staged files hold rows of tables: only the worker's own user may read them.
	folderMode = 0o700
	fileMode   = 0o600
	// tempFolder holds files that are being written. No key begins with a dot, so none is in it.
	tempFolder = ".tmp"
	// deadAfter is when a temporary file without a write is a crash's leftover. A
	// writer that is alive after all loses its file, fails and is tried again.
	deadAfter = time.Hour
)

func init() { staging.Register("file", open) }

// Store keeps staged files below one folder.
type Store struct {
	root *os.Root
	path string
	// owner is whose the files of this program are, as the file system shows it; -1 where it does not.
	owner   int
	warning string
}

var _ staging.Store = (*Store)(nil)

func open(u *url.URL) (staging.Store, error) {
	if u.Host != "" {
		return nil, fmt.Errorf("%w: %q is a host, a file url has three slashes: file:///folder", staging.ErrURL, u.Host)
	}
	if u.RawQuery != "" || u.ForceQuery {
		names := slices.Sorted(maps.Keys(u.Query()))
		return nil, fmt.Errorf("%w: a file url has no parameters: %s", staging.ErrURL, strings.Join(names, ", "))
	}
	if u.Fragment != "" || u.Opaque != "" || !strings.HasPrefix(u.Path, "/") {
		return nil, fmt.Errorf("%w: a file url is file:// and an absolute path: file:///folder", staging.ErrURL)
	}
	return Open(filepath.FromSlash(u.Path))
}

// Open uses the folder of an absolute path as a store. It creates the folder where it is
// missing, proves that it can be written to, and sweeps up what crashes have left behind.
func Open(folder string) (*Store, error) {
	folder = filepath.Clean(folder)
	if !filepath.IsAbs(folder) {
		return nil, fmt.Errorf("%w: %s is not an absolute path", staging.ErrURL, folder)
	}
	if folder == filepath.Dir(folder) {
		return nil, fmt.Errorf("%w: the root of the file system is not a staging folder", staging.ErrURL)
	}
	if err := os.MkdirAll(folder, folderMode); err != nil {
		return nil, fmt.Errorf("making the staging folder: %w", err)
	}
	info, err := os.Lstat(folder)
	if err != nil {
		return nil, fmt.Errorf("opening the staging folder: %w", err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%w: %s is a symbolic link or no folder: name the folder itself", staging.ErrURL, folder)
	}
	warning, err := access.Check(folder, info)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", staging.ErrURL, err)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, fmt.Errorf("opening the staging folder: %w", err)
	}
	s := &Store{root: root, path: folder, owner: -1, warning: warning}
	if err := s.prepare(info); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return s, nil
}

// prepare proves that the folder is the one that was looked at, and can be written to.
func (s *Store) prepare(looked fs.FileInfo) error {
	opened, err := s.root.Stat(".")
	if err != nil {
		return fmt.Errorf("opening the staging folder: %w", err)
	}
	if !os.SameFile(looked, opened) {
		return fmt.Errorf("opening the staging folder: %s was replaced meanwhile", s.path)
	}
	f, temp, err := s.create()
	if err != nil {
		return fmt.Errorf("the staging folder %s cannot be written to: %w", s.path, err)
	}
	if info, err := f.Stat(); err == nil {
		if uid, ok := access.Owner(info); ok {
			s.owner = uid
		}
	}
	if err := errors.Join(s.plain(tempFolder), f.Close(), s.root.Remove(temp)); err != nil {
		return fmt.Errorf("the staging folder %s cannot be written to: %w", s.path, err)
	}
	_, err = s.SweepTemp(deadAfter)
	return err
}

// Warning is what a person should know of the folder; "" for nothing.
func (s *Store) Warning() string { return s.warning }

// Close gives the folder back. Files that are open stay usable.
func (s *Store) Close() error { return s.root.Close() }

// Open opens the file of a key for reading.
func (s *Store) Open(ctx context.Context, key string) (staging.File, error) {
	if err := staging.CheckKey(key); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		f, err := s.openOnce(ctx, key)
		// A Put replaced the file between two looks at it.
		if errors.Is(err, errReplaced) && try < publishTries {
			continue
		}
		return f, err
	}
}

var (
	errReplaced = errors.New("it was replaced meanwhile")
	errForeign  = errors.New("not a plain file in plain folders")
)

func (s *Store) openOnce(ctx context.Context, key string) (staging.File, error) {
	info, err := s.look(key)
	if err != nil {
		return nil, err
	}
	f, err := s.root.Open(key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s", staging.ErrNotFound, key)
	}
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", key, err)
	}
	opened, err := f.Stat()
	if err == nil && !os.SameFile(info, opened) {
		err = errReplaced
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening %s: %w", key, err), f.Close())
	}
	return &reader{File: f, ctx: ctx, size: opened.Size()}, nil
}

type reader struct {
	*os.File
	ctx  context.Context // staging.Store.Open promises that it holds for reads
	size int64
}

func (r *reader) Size() int64 { return r.size }

func (r *reader) ReadAt(b []byte, at int64) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.File.ReadAt(b, at)
}

// Delete removes keys and then the folders that became empty, up to the root.
func (s *Store) Delete(ctx context.Context, keys ...string) error {
	var errs []error
	for _, key := range keys {
		if err := ctx.Err(); err != nil {
			return errors.Join(append(errs, err)...)
		}
		if err := s.remove(key); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (s *Store) remove(key string) error {
	if err := staging.CheckKey(key); err != nil {
		return err
	}
	switch _, err := s.look(key); {
	case errors.Is(err, staging.ErrNotFound):
	case err != nil:
		return fmt.Errorf("deleting: %w", err)
	default:
		if err := s.root.Remove(key); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("deleting %s: %w", key, err)
		}
	}
	for folder := path.Dir(key); folder != "."; folder = path.Dir(folder) {
		// Remove would take away a link that is not ours.
		err := s.plain(folder)
		if err == nil {
			err = s.root.Remove(folder)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil // not empty, which Remove cannot be asked before
		}
	}
	return nil
}

// List calls f for each plain file whose key begins with prefix.
func (s *Store) List(ctx context.Context, prefix string, f func(staging.Entry) error) error {
	start := path.Dir(prefix + "x") // the deepest folder that holds all of them
	if start != "." {
		if err := staging.CheckKey(start); err != nil {
			return err
		}
		if err := s.plainFolders(start); err != nil {
			return fmt.Errorf("listing %q: %w", prefix, err)
		}
	}
	err := fs.WalkDir(s.root.FS(), start, func(name string, d fs.DirEntry, err error) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil // deleted meanwhile
		}
		if err != nil {
			return err
		}
		if d.IsDir() && name == tempFolder {
			return fs.SkipDir
		}
		if !d.Type().IsRegular() || !strings.HasPrefix(name, prefix) || staging.CheckKey(name) != nil {
			return nil
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		return f(staging.Entry{Key: name, Size: info.Size(), Modified: info.ModTime()})
	})
	if err != nil {
		return fmt.Errorf("listing %q: %w", prefix, err)
	}
	return nil
}

// full turns the errors of a full disk into staging.ErrFull.
func (s *Store) full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: no room left in %s: %w", staging.ErrFull, s.path, err)
	}
	return err
}
