//go:build unix

package process

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// TempDir is [TempDirIn] the folder for temporary files.
func TempDir(prefix string) (string, error) { return TempDirIn(os.TempDir(), prefix) }

// TempDirIn makes a folder in base whose name begins with prefix and carries our process id. Folders of the same prefix
// whose process is gone are removed first: see [RemoveOrphans].
func TempDirIn(base, prefix string) (string, error) {
	RemoveOrphans(base, prefix)
	return os.MkdirTemp(base, fmt.Sprintf("%s-%d-", prefix, os.Getpid()))
}

// RemoveOrphans removes the folders that TempDirIn has made and whose process is gone: it was killed before it could do
// so itself. It returns how many it removed; what cannot be removed is another program's, perhaps.
func RemoveOrphans(base, prefix string) int {
	dirs, err := filepath.Glob(filepath.Join(base, prefix+"-*-*"))
	if err != nil {
		return 0
	}
	removed := 0
	for _, dir := range dirs {
		pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), prefix+"-"), "-")
		if n, err := strconv.Atoi(pid); err == nil && Gone(n) && os.RemoveAll(dir) == nil {
			removed++
		}
	}
	return removed
}

// Gone reports whether no process has this id.
func Gone(pid int) bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }
