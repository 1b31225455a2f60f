package file_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/staging/file"
	"github.com/tablehaul/tablehaul/internal/testenv/stagingtest"
)

func newStore(t *testing.T, folder string) staging.Store {
	t.Helper()
	s, err := file.Open(folder)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func TestContract(t *testing.T) {
	stagingtest.Contract(t, func(t *testing.T) staging.Store { return newStore(t, t.TempDir()) })
}

func TestOpenByURL(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "made", "by open")
	s, err := staging.Open("file://" + strings.ReplaceAll(folder, " ", "%20"))
	require.NoError(t, err)
	stagingtest.Put(t, s, "a/b", "text")
	require.FileExists(t, filepath.Join(folder, "a", "b"))
}

func TestOpenRefusesBadURLs(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	require.NoError(t, os.Symlink(t.TempDir(), link))
	plain := filepath.Join(dir, "plain")
	require.NoError(t, os.WriteFile(plain, nil, 0o600))
	for url, want := range map[string]string{
		"":                           "staging url is empty: write file://",
		"ftp://host/x":               `unknown scheme "ftp": write file://`,
		"/var/lib/x":                 "has no scheme: write file://",
		"file://var/lib/x":           `"var" is a host, a file url has three slashes`,
		"file://me:hunter2@/var/lib": "credentials come from the environment",
		"file://me:hun\x7fter2@/var": "cannot be parsed",
		"file:///x?sync=no&a=1":      "no parameters: a, sync",
		"file:///x#y":                "an absolute path",
		"file:relative/x":            "an absolute path",
		"file:///":                   "root of the file system",
		"file://" + link:             "symbolic link",
		"file://" + link + "/":       "symbolic link",
		"file://" + plain:            "not a directory",
	} {
		_, err := staging.Open(url)
		require.ErrorContains(t, err, want, "%q", url)
		require.NotContains(t, err.Error(), "hunter2")
		if want != "not a directory" {
			require.ErrorIs(t, err, staging.ErrURL, "%q", url)
		}
	}
}

func TestOpenRefusesAFolderThatCannotBeWritten(t *testing.T) {
	_, err := file.Open("/proc/sys")
	require.ErrorContains(t, err, "/proc/sys cannot be written to")
}

func TestNobodyElseReadsStagedFiles(t *testing.T) {
	root := filepath.Join(t.TempDir(), "staging")
	s := newStore(t, root)
	stagingtest.Put(t, s, "t/r/0/a", "x")
	require.NoError(t, s.PutNew(t.Context(), "t/r/0/b", strings.NewReader("x")))
	require.NoError(t, filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := d.Info()
		require.NoError(t, err)
		want := os.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		require.Equal(t, want, info.Mode().Perm(), name)
		return nil
	}))
}

func TestDeleteRemovesEmptyFoldersUpToTheRoot(t *testing.T) {
	root := t.TempDir()
	s := newStore(t, root)
	for _, key := range []string{"t/r/0/a", "t/r/0/b", "t/r/1/c"} {
		stagingtest.Put(t, s, key, "x")
	}
	require.NoError(t, s.Delete(t.Context(), "t/r/0/a"))
	require.DirExists(t, filepath.Join(root, "t/r/0"))
	require.NoError(t, s.Delete(t.Context(), "t/r/0/b"))
	require.NoDirExists(t, filepath.Join(root, "t/r/0"))
	require.NoError(t, s.Delete(t.Context(), "t/r/1/c"))
	require.NoDirExists(t, filepath.Join(root, "t"))
	require.DirExists(t, root)
}

// TestLinksAreNeverFollowed plants links inside and out of the root where folders and files
// of ours would be.
func TestLinksAreNeverFollowed(t *testing.T) {
	root, outside := t.TempDir(), t.TempDir()
	s := newStore(t, root)
	secret := filepath.Join(outside, "a")
	require.NoError(t, os.WriteFile(secret, []byte("secret"), 0o600))
	stagingtest.Put(t, s, "real/a", "inside")
	for link, target := range map[string]string{"out": outside, "in": filepath.Join(root, "real"), "rel": "real"} {
		require.NoError(t, os.Symlink(target, filepath.Join(root, link)))
		_, err := s.Open(t.Context(), link+"/a")
		require.ErrorContains(t, err, "not a plain file", link)
		require.Error(t, s.Put(t.Context(), link+"/b", strings.NewReader("x")), link)
		require.Error(t, s.PutNew(t.Context(), link+"/b", strings.NewReader("x")), link)
		require.Error(t, s.Delete(t.Context(), link+"/a"), link)
		require.Error(t, s.List(t.Context(), link+"/", func(staging.Entry) error { return nil }), link)
		_, err = os.Lstat(filepath.Join(root, link))
		require.NoError(t, err, "the link itself is not ours to remove")
	}
	require.NoError(t, os.Symlink(secret, filepath.Join(root, "file")))
	_, err := s.Open(t.Context(), "file")
	require.ErrorContains(t, err, "not a plain file")
	require.Error(t, s.Delete(t.Context(), "file"))
	require.FileExists(t, secret)
	entries, err := os.ReadDir(outside)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	require.Equal(t, "inside", string(stagingtest.Content(t, s, "real/a")))
}

func TestForeignFilesStay(t *testing.T) {
	root := t.TempDir()
	s := newStore(t, root)
	stagingtest.Put(t, s, "t/r/a", "x")
	foreign := filepath.Join(root, "t", "r", "notes.txt")
	require.NoError(t, os.WriteFile(foreign, []byte("mine"), 0o600))
	require.NoError(t, s.Delete(t.Context(), "t/r/a"))
	require.FileExists(t, foreign)
}

func TestSweepTempRemovesWhatACrashLeft(t *testing.T) {
	root := t.TempDir()
	newStore(t, root)
	temp := filepath.Join(root, ".tmp")
	old, young := filepath.Join(temp, "old"), filepath.Join(temp, "young")
	for _, name := range []string{old, young} {
		require.NoError(t, os.WriteFile(name, []byte("half a file"), 0o600))
	}
	require.NoError(t, os.Chtimes(old, time.Time{}, time.Now().Add(-2*time.Hour)))
	s, err := file.Open(root)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	require.NoFileExists(t, old)
	require.FileExists(t, young)
	n, err := s.SweepTemp(0)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.NoFileExists(t, young)
}

func TestNoTemporaryFileStays(t *testing.T) {
	root := t.TempDir()
	s := newStore(t, root)
	stagingtest.Put(t, s, "a", "x")
	require.ErrorIs(t, s.PutNew(t.Context(), "a", strings.NewReader("y")), staging.ErrExists)
	entries, err := os.ReadDir(filepath.Join(root, ".tmp"))
	require.NoError(t, err)
	require.Empty(t, entries)
}
