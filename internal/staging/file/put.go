package file

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/staging"
)

const (
	// copyBytes is the buffer between the writer of a file and the disk.
	copyBytes = 256 << 10
	// publishTries bounds how often a folder is made again that a Delete of its last file
	// takes away at the same moment.
	publishTries = 20
)

// Put writes key, and replaces what is there.
func (s *Store) Put(ctx context.Context, key string, r io.Reader) error {
	return s.put(ctx, key, r, s.root.Rename)
}

// PutNew writes key unless it is there. A hard link is the one step that publishes and finds out at the same time.
func (s *Store) PutNew(ctx context.Context, key string, r io.Reader) error {
	return s.put(ctx, key, r, func(temp, key string) error {
		if err := s.root.Link(temp, key); err != nil {
			return err
		}
		return s.root.Remove(temp)
	})
}

func (s *Store) put(ctx context.Context, key string, r io.Reader, publish func(temp, key string) error) (err error) {
	if err := staging.CheckKey(key); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	f, temp, err := s.create()
	if err != nil {
		return fmt.Errorf("writing %s: %w", key, err)
	}
	defer func() {
		if err != nil {
			// The temporary file is gone already where publishing failed half way.
			if gone := s.root.Remove(temp); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
				err = errors.Join(err, gone)
			}
		}
	}()
	if err := s.fill(f, staging.ReaderOf(ctx, r)); err != nil {
		return fmt.Errorf("writing %s: %w", key, err)
	}
	if err := s.publish(temp, key, publish); err != nil {
		return err
	}
	return s.syncFolders(path.Dir(key))
}

// create makes a temporary file. Its name does not say what is in it.
func (s *Store) create() (*os.File, string, error) {
	if err := s.root.Mkdir(tempFolder, folderMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, "", s.full(err)
	}
	if info, err := s.root.Lstat(tempFolder); err != nil || !info.IsDir() {
		return nil, "", fmt.Errorf("%s: %w", tempFolder, errors.Join(errForeign, err))
	}
	name := tempFolder + "/" + strings.ToLower(rand.Text())
	f, err := s.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return nil, "", s.full(err)
	}
	return f, name, nil
}

// fill copies r into f, through to the disk, and closes f.
func (s *Store) fill(f *os.File, r io.Reader) error {
	// A plain writer around f: os.File's own ReadFrom would ignore the buffer.
	_, err := io.CopyBuffer(struct{ io.Writer }{f}, r, make([]byte, copyBytes))
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	return s.full(err)
}

// publish makes the folders of key and moves the temporary file there.
func (s *Store) publish(temp, key string, move func(temp, key string) error) error {
	folder := path.Dir(key)
	for try := 1; ; try++ {
		err := s.folders(folder)
		if err == nil {
			err = move(temp, key)
		}
		switch {
		case err == nil:
			return nil
		case errors.Is(err, fs.ErrExist):
			return fmt.Errorf("%w: %s", staging.ErrExists, key)
		case errors.Is(err, fs.ErrNotExist) && try < publishTries:
			// A Delete took the empty folder away, unless it was the temporary file that went.
			if _, gone := s.root.Lstat(temp); gone == nil {
				continue
			}
		}
		return fmt.Errorf("publishing %s: %w", key, s.full(err))
	}
}

// folders makes a folder and those above it, and refuses a link among them.
func (s *Store) folders(folder string) error {
	if folder == "." {
		return nil
	}
	if err := s.folders(path.Dir(folder)); err != nil {
		return err
	}
	err := s.root.Mkdir(folder, folderMode)
	if err == nil || !errors.Is(err, fs.ErrExist) {
		return err
	}
	return s.plain(folder)
}

// syncFolders makes a new name outlive a power cut: the folder that holds it, and those above it, which may be as new.
func (s *Store) syncFolders(folder string) error {
	for ; ; folder = path.Dir(folder) {
		f, err := s.root.Open(folder)
		if err == nil {
			err = errors.Join(f.Sync(), f.Close())
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("syncing the folder %s: %w", folder, s.full(err))
		}
		if folder == "." {
			return nil
		}
	}
}

// SweepTemp removes temporary files without a write for as long as older, and
// returns how many: what a killed process leaves behind. Open does so with an hour.
func (s *Store) SweepTemp(older time.Duration) (int, error) {
	entries, err := fs.ReadDir(s.root.FS(), tempFolder)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("sweeping temporary files: %w", err)
	}
	swept := 0
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || time.Since(info.ModTime()) < older {
			continue // gone, not ours, or alive
		}
		switch err := s.root.Remove(tempFolder + "/" + e.Name()); {
		case err == nil:
			swept++
		case !errors.Is(err, fs.ErrNotExist):
			return swept, fmt.Errorf("sweeping temporary files: %w", err)
		}
	}
	return swept, nil
}
