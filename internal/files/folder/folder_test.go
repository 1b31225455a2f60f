package folder_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/files"
	_ "github.com/tablehaul/tablehaul/internal/files/folder"
)

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	at := filepath.Join(dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(at), 0o700))
	require.NoError(t, os.WriteFile(at, []byte(text), 0o600))
}

func list(t *testing.T, s files.Store, prefix string) (keys []string) {
	t.Helper()
	require.NoError(t, s.List(context.Background(), prefix, func(e files.Entry) error {
		keys = append(keys, e.Key)
		return nil
	}))
	slices.Sort(keys)
	return keys
}

func store(t *testing.T, dir string) files.Store {
	t.Helper()
	s, err := files.Open("file://" + dir)
	require.NoError(t, err)
	return s
}

func TestFilesAreListedAndRead(t *testing.T) {
	dir := t.TempDir()
	s := store(t, filepath.Join(dir, "later"))
	require.Empty(t, list(t, s, ""), "a folder that is not there has no files")
	s = store(t, dir)
	write(t, dir, "orders/a b=1.csv", "one")
	write(t, dir, "orders/sub/c.csv", "two")
	write(t, dir, "other/d.csv", "three")
	require.Equal(t, []string{"orders/a b=1.csv", "orders/sub/c.csv"}, list(t, s, "orders/"))
	require.Equal(t, []string{"other/d.csv"}, list(t, s, "ot"))
	require.Empty(t, list(t, s, "orders/a b=1.csv/x"), "below a file is nothing")
	err := store(t, filepath.Join(dir, "other/d.csv")).List(context.Background(), "", nil)
	require.ErrorIs(t, err, files.ErrRejected, "a file is no folder, also later")

	e, err := s.Stat(context.Background(), "orders/sub/c.csv")
	require.NoError(t, err)
	require.EqualValues(t, 3, e.Size)
	f, err := s.Open(context.Background(), e)
	require.NoError(t, err)
	text, err := io.ReadAll(io.NewSectionReader(f, 0, f.Size()))
	require.NoError(t, err)
	require.Equal(t, "two", string(text))
	require.NoError(t, f.Close())
}

func TestAFileThatHasChangedIsNotOpened(t *testing.T) {
	dir := t.TempDir()
	s := store(t, dir)
	write(t, dir, "a.csv", "one")
	e, err := s.Stat(context.Background(), "a.csv")
	require.NoError(t, err)
	require.NoError(t, files.Unchanged(context.Background(), s, e))
	write(t, dir, "a.csv", "longer")
	_, err = s.Open(context.Background(), e)
	require.ErrorIs(t, err, files.ErrChanged)
	require.ErrorIs(t, s.Remove(context.Background(), e), files.ErrChanged)
	require.ErrorIs(t, s.Move(context.Background(), e, "b.csv"), files.ErrChanged)
	require.Equal(t, []string{"a.csv"}, list(t, s, ""))

	write(t, dir, "a.csv", "two")
	require.NoError(t, os.Chtimes(filepath.Join(dir, "a.csv"), time.Time{}, time.Unix(1, 5)))
	require.ErrorIs(t, files.Unchanged(context.Background(), s, e), files.ErrChanged, "of the same size")
	require.NoError(t, os.Remove(filepath.Join(dir, "a.csv")))
	require.ErrorIs(t, files.Unchanged(context.Background(), s, e), files.ErrNotFound)
}

func TestFilesArePutAway(t *testing.T) {
	dir := t.TempDir()
	s, ctx := store(t, dir), context.Background()
	write(t, dir, "in/a.csv", "one")
	write(t, dir, "in/b.csv", "two")
	a, err := s.Stat(ctx, "in/a.csv")
	require.NoError(t, err)
	b, err := s.Stat(ctx, "in/b.csv")
	require.NoError(t, err)
	for range 2 { // each may be repeated
		require.NoError(t, s.Remove(ctx, a))
		require.NoError(t, s.Move(ctx, b, "done/in/b.csv"))
	}
	require.Equal(t, []string{"done/in/b.csv"}, list(t, s, ""))
}

// asked is a context that the store asks after its look at a file, and before it puts the file away.
type asked struct {
	context.Context
	then func()
}

func (a asked) Err() error { a.then(); return nil }

// What a maker puts in a file's place between the look at it and its removal has been read by no run.
func TestAFileThatIsReplacedBeforeItIsPutAwayStays(t *testing.T) {
	for name, replace := range map[string]func(t *testing.T, dir string){
		"by a rename": func(t *testing.T, dir string) {
			write(t, dir, "new", "longer")
			require.NoError(t, os.Rename(filepath.Join(dir, "new"), filepath.Join(dir, "in/a.csv")))
		},
		"in place": func(t *testing.T, dir string) { write(t, dir, "in/a.csv", "longer") },
		"by a folder": func(t *testing.T, dir string) {
			require.NoError(t, os.Remove(filepath.Join(dir, "in/a.csv")))
			write(t, dir, "in/a.csv/b.csv", "longer")
		},
	} {
		for _, to := range []string{"", "done/a.csv"} {
			t.Run(name+" "+to, func(t *testing.T) {
				dir := t.TempDir()
				s := store(t, dir)
				write(t, dir, "in/a.csv", "one")
				e, err := s.Stat(t.Context(), "in/a.csv")
				require.NoError(t, err)
				ctx := asked{t.Context(), func() { replace(t, dir) }}
				if to == "" {
					err = s.Remove(ctx, e)
				} else {
					err = s.Move(ctx, e, to)
				}
				require.ErrorIs(t, err, files.ErrChanged)
				left := list(t, s, "")
				require.Len(t, left, 1)
				require.Contains(t, left[0], "in/a.csv")
				text, err := os.ReadFile(filepath.Join(dir, left[0]))
				require.NoError(t, err)
				require.Equal(t, "longer", string(text))
			})
		}
	}
}

func TestTheFolderIsNeverLeft(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	write(t, outside, "secret.csv", "x")
	s, ctx := store(t, dir), context.Background()
	require.NoError(t, os.Symlink(filepath.Join(outside, "secret.csv"), filepath.Join(dir, "link.csv")))
	require.NoError(t, os.Symlink(outside, filepath.Join(dir, "folder")))
	require.Equal(t, []string{"folder", "link.csv"}, list(t, s, ""), "the folder behind a link is not walked")
	for _, key := range []string{"link.csv", "folder/secret.csv", "../x", "/etc/hostname", "folder", ""} {
		_, err := s.Open(ctx, files.Entry{Key: key})
		require.ErrorIs(t, err, files.ErrForeign, key)
		require.Error(t, s.Move(ctx, files.Entry{Key: key}, "z"), key)
	}
	write(t, dir, "a.csv", "one")
	a, err := s.Stat(ctx, "a.csv")
	require.NoError(t, err)
	for _, to := range []string{"../b.csv", "folder/b.csv", "/b.csv"} {
		require.ErrorIs(t, s.Move(ctx, a, to), files.ErrForeign, to)
	}
}

// A name that is no UTF-8 is refused, and keeps nothing else from being listed.
func TestANameThatIsNoUTF8IsRefusedByName(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a.csv", "one")
	write(t, dir, "b\xff.csv", "two")
	write(t, dir, "c\xff/d.csv", "three")
	write(t, dir, "e/f.csv", "four")
	s := store(t, dir)
	require.Equal(t, []string{"a.csv", "b\xff.csv", "c\xff", "e/f.csv"}, list(t, s, ""))
	for _, key := range []string{"b\xff.csv", "c\xff", "c\xff/d.csv"} {
		_, err := s.Open(context.Background(), files.Entry{Key: key})
		require.ErrorIs(t, err, files.ErrForeign)
		require.ErrorContains(t, err, "its name is no UTF-8: rename it")
	}
}

func TestURLs(t *testing.T) {
	for _, url := range []string{"", "nothing", "ftp://x/y", "file://host/x", "file:///x?y=1", "file:x", "file:///x#y"} {
		_, err := files.Open(url)
		require.ErrorIs(t, err, files.ErrURL, url)
	}
}
