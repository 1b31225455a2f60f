package folder_test

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/files"
)

// asAnother lets root use files as another user does. Without root it is this user.
func asAnother(t *testing.T, f func()) {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	require.NoError(t, syscall.Setfsuid(65534))
	defer func() { require.NoError(t, syscall.Setfsuid(os.Geteuid())) }()
	f()
}

// Whether files can be put away is known before the first one is: by a try, of which nothing stays, and, where the
// folder may not be written, by a look.
func TestWhetherFilesCanBePutAway(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755))
	write(t, dir, "in/a.csv", "one")
	s, in := store(t, dir), filepath.Join(dir, "in")
	a, err := s.Stat(t.Context(), "in/a.csv")
	require.NoError(t, err)
	targets := []string{"", "in/b.csv", "done/in/a.csv"}
	for _, try := range []bool{true, false} {
		for _, to := range targets {
			require.NoError(t, s.CanPutAway(t.Context(), a, to, try), to)
			require.Equal(t, []string{"in/a.csv"}, list(t, s, ""))
		}
		require.ErrorIs(t, s.CanPutAway(t.Context(), a, "in/a.csv/b.csv", try), files.ErrForeign)
		gone := files.Entry{Key: "gone/a.csv"}
		require.NoError(t, s.CanPutAway(t.Context(), gone, "", try))
	}

	require.NoError(t, os.Chmod(in, 0o555))
	t.Cleanup(func() { require.NoError(t, os.Chmod(in, 0o700)) })
	asAnother(t, func() {
		for _, try := range []bool{true, false} {
			for _, to := range targets {
				err := s.CanPutAway(t.Context(), a, to, try)
				require.ErrorIs(t, err, files.ErrRejected)
				require.ErrorContains(t, err, "give the worker's user the right")
			}
		}
	})
	require.Equal(t, []string{"in/a.csv"}, list(t, s, ""))
}
