package folder

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"unicode/utf8"

	"github.com/tablehaul/tablehaul/internal/files"
)

// folderMode and fileMode are those of folders that Move makes, where what is in them is as readable as the umask says,
// and of the file with which CanPutAway tries.
const (
	folderMode = 0o777
	fileMode   = 0o600
)

func init() { files.Register("file", open) }

// Store has the files below one folder.
type Store struct{ path string }

var _ files.Store = (*Store)(nil)

func open(u *url.URL) (files.Store, error) {
	switch {
	case u.Host != "":
		return nil, fmt.Errorf("%w: %q is a host, a file url has three slashes: file:///folder", files.ErrURL, u.Host)
	case u.RawQuery != "" || u.ForceQuery:
		return nil, fmt.Errorf("%w: a file url has no parameters", files.ErrURL)
	case u.Fragment != "" || u.Opaque != "" || !strings.HasPrefix(u.Path, "/"):
		return nil, fmt.Errorf("%w: a file url is file:// and an absolute path: file:///folder", files.ErrURL)
	}
	return New(filepath.FromSlash(u.Path)), nil
}

// New has the files below the folder of an absolute path, which need not be there yet.
func New(folder string) *Store { return &Store{path: filepath.Clean(folder)} }

// root opens the folder; nil without an error where it is not there.
func (s *Store) root() (*os.Root, error) {
	root, err := os.OpenRoot(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil && s.isFile() {
		err = fmt.Errorf("%w: %w: files.url has to name a folder, files.match names files", files.ErrRejected, err)
	}
	return root, s.fail("opening the folder of files", err)
}

// isFile says that the folder's path, or one above it, is that of a file.
func (s *Store) isFile() bool {
	info, err := os.Stat(s.path)
	return errors.Is(err, syscall.ENOTDIR) || err == nil && !info.IsDir()
}

// List calls f for each file, each symbolic link, and each folder whose name is no UTF-8, if its key begins with
// prefix. What is below the latter two is not listed.
func (s *Store) List(ctx context.Context, prefix string, f func(files.Entry) error) error {
	root, err := s.root()
	if root == nil {
		return err
	}
	defer root.Close() //nolint:errcheck // opened for reading
	start := path.Dir(prefix + "x")
	if start != "." {
		info, err := root.Lstat(start)
		if errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
			return nil
		}
		if err := s.plainFolders(root, start); err != nil {
			return fmt.Errorf("listing %q: %w", prefix, err)
		}
	}
	err = fs.WalkDir(root.FS(), start, func(name string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed meanwhile
		}
		if err != nil {
			return s.fail("listing "+name, err)
		}
		unreadable := d.IsDir() && !utf8.ValidString(name) // as a link is: os.Root opens nothing in it
		if d.IsDir() && !unreadable || !strings.HasPrefix(name, prefix) {
			return nil
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return s.fail("listing "+name, err)
		}
		if err := f(entry(name, info)); err != nil || !unreadable {
			return err
		}
		return fs.SkipDir
	})
	if err != nil {
		return fmt.Errorf("listing %q: %w", prefix, err)
	}
	return nil
}

func entry(key string, info fs.FileInfo) files.Entry {
	return files.Entry{
		Key: key, Size: info.Size(), Modified: info.ModTime().UTC(), Changed: changed(info),
		Version: fmt.Sprintf("%d-%d", info.Size(), info.ModTime().UnixNano()),
	}
}

// Stat is what List says of one file.
func (s *Store) Stat(ctx context.Context, key string) (files.Entry, error) {
	if err := ctx.Err(); err != nil {
		return files.Entry{}, err
	}
	root, err := s.root()
	if root == nil {
		return files.Entry{}, errors.Join(err, notFound(key))
	}
	defer root.Close() //nolint:errcheck // opened for reading
	info, err := s.look(root, key)
	if err != nil {
		return files.Entry{}, err
	}
	return entry(key, info), nil
}

func notFound(key string) error { return fmt.Errorf("%w: %s", files.ErrNotFound, key) }

// look makes sure that a key is a plain file and all above it are folders: os.Root follows symbolic links that stay
// inside.
func (s *Store) look(root *os.Root, key string) (fs.FileInfo, error) {
	if !utf8.ValidString(key) {
		return nil, fmt.Errorf("%q: %w: its name is no UTF-8: rename it", key, files.ErrForeign)
	}
	if !fs.ValidPath(key) || key == "." {
		return nil, fmt.Errorf("%w: %q", files.ErrForeign, key)
	}
	if err := s.plainFolders(root, path.Dir(key)); err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	info, err := root.Lstat(key)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, notFound(key)
	case err != nil:
		return nil, s.fail("opening "+key, err)
	case info.Mode()&fs.ModeSymlink != 0:
		return nil, fmt.Errorf("%s: %w: it is a symbolic link: put the file itself there", key, files.ErrForeign)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: %w", key, files.ErrForeign)
	}
	return info, nil
}

// plainFolders refuses a link or a file where a key has a folder. Missing folders pass.
func (s *Store) plainFolders(root *os.Root, folder string) error {
	for ; folder != "."; folder = path.Dir(folder) {
		if info, err := root.Lstat(folder); err == nil && !info.IsDir() {
			return files.ErrForeign
		}
	}
	return nil
}

// Open opens a file for reading.
func (s *Store) Open(ctx context.Context, e files.Entry) (files.File, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	root, err := s.root()
	if root == nil {
		return nil, errors.Join(err, notFound(e.Key))
	}
	defer root.Close() //nolint:errcheck // opened for reading
	return s.open(ctx, root, e)
}

func (s *Store) open(ctx context.Context, root *os.Root, e files.Entry) (*reader, error) {
	info, err := s.look(root, e.Key)
	if err != nil {
		return nil, err
	}
	f, err := root.Open(e.Key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, notFound(e.Key)
	}
	if err != nil {
		return nil, s.fail("opening "+e.Key, err)
	}
	opened, err := f.Stat()
	if err == nil && (!os.SameFile(info, opened) || e.Version != "" && entry(e.Key, opened).Version != e.Version) {
		err = fmt.Errorf("%s: %w", e.Key, files.ErrChanged)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &reader{File: f, ctx: ctx, size: opened.Size()}, nil
}

// fail says what the file system refuses; what it may do another time is left as it is.
func (s *Store) fail(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, files.ErrForeign):
		return fmt.Errorf("%s: %w", doing, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s: %w: %w: give the worker's user the right", doing, files.ErrRejected, err)
	case errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%s: %w: %w: mount it so that the worker can write", doing, files.ErrRejected, err)
	case errors.Is(err, errors.ErrUnsupported), errors.Is(err, syscall.EXDEV):
		return fmt.Errorf("%s: %w: %w: files are renamed, within one file system that can do that", doing,
			files.ErrRejected, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

type reader struct {
	*os.File
	ctx  context.Context // files.Store.Open promises that it holds for reads
	size int64
}

func (r *reader) Size() int64 { return r.size }

func (r *reader) ReadAt(b []byte, at int64) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.File.ReadAt(b, at)
}
