package folder

import (
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/files"
)

// What a file system never does is no error that passes.
func TestWhatAFileSystemCannotDoIsRefused(t *testing.T) {
	s := New("/lake")
	fail := func(cause error) error {
		return s.fail("putting a.csv away", &os.LinkError{Op: "rename", Old: "a.csv", New: "b.csv", Err: cause})
	}
	const renamed = "files are renamed, within one file system that can do that"
	for cause, want := range map[syscall.Errno]string{
		syscall.EACCES: "give the worker's user the right", syscall.EPERM: "give the worker's user the right",
		syscall.EROFS: "mount it so that the worker can write", syscall.EXDEV: renamed, syscall.ENOSYS: renamed,
		syscall.ENOTSUP: renamed,
	} {
		err := fail(cause)
		require.ErrorIs(t, err, files.ErrRejected)
		require.ErrorIs(t, err, cause)
		require.ErrorContains(t, err, want)
	}
	require.NotErrorIs(t, fail(syscall.EIO), files.ErrRejected)
}
