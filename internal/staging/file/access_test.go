//go:build unix

package file_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/staging/file"
	"github.com/tablehaul/tablehaul/internal/testenv/stagingtest"
)

// A folder that every user may write is refused, one that others may list is named.
func TestAStagingFolderThatOthersMayUse(t *testing.T) {
	root := filepath.Join(t.TempDir(), "staging")
	require.NoError(t, os.Mkdir(root, 0o700))
	for mode, want := range map[os.FileMode]string{
		0o700: "", 0o755: "every user of this machine may list the folder", 0o750: "the group of the folder",
		0o770: "the group of the folder",
	} {
		require.NoError(t, os.Chmod(root, mode))
		s, err := file.Open(root)
		require.NoError(t, err, mode)
		if want == "" {
			require.Empty(t, s.Warning())
		}
		require.Contains(t, s.Warning(), want)
		require.NoError(t, s.Close())
	}
	for _, mode := range []os.FileMode{0o777, 0o707 | os.ModeSticky, 0o703} {
		require.NoError(t, os.Chmod(root, mode))
		_, err := file.Open(root)
		require.ErrorIs(t, err, staging.ErrURL)
		require.ErrorContains(t, err, "every user of this machine may write the folder "+root)
		require.ErrorContains(t, err, "chmod 700 it, or name a folder inside it, which is made with mode 0700")
	}
	s, err := file.Open(filepath.Join(root, "inside"))
	require.NoError(t, err, "the way out that the message names")
	require.Empty(t, s.Warning())
	require.NoError(t, s.Close())
}

// A table folder that another user has made, or that others may write, is not used: its owner could put files there.
func TestATableFolderOfAnotherUser(t *testing.T) {
	root := t.TempDir()
	s, ok := newStore(t, root).(*file.Store)
	require.True(t, ok)
	stagingtest.Put(t, s, "open/r/0/a", "x")
	require.NoError(t, os.Chmod(filepath.Join(root, "open"), 0o777))
	refuses(t, s, "open", "every user of this machine may write the folder "+root+"/open (mode 0777)")

	stagingtest.Put(t, s, "planted/r/0/a", "x")
	file.SetOwner(s, os.Geteuid()+1) // as another user sees it
	refuses(t, s, "planted", fmt.Sprintf("the folder %s/planted/r/0 belongs to user %d, and this program's files to "+
		"user %d: remove it, or chown it and all below it", root, os.Geteuid(), os.Geteuid()+1))
}

func refuses(t *testing.T, s *file.Store, folder, want string) {
	t.Helper()
	_, err := s.Open(t.Context(), folder+"/r/0/a")
	require.ErrorContains(t, err, want)
	require.Error(t, s.List(t.Context(), folder+"/", func(staging.Entry) error { return nil }))
	require.ErrorContains(t, s.Delete(t.Context(), folder+"/r/0/a"), want)
	require.Error(t, s.Put(t.Context(), folder+"/r/0/b", strings.NewReader("x")))
}
