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
// whose process is gone are removed: their owner was killed before it could do so itself.
func TempDirIn(base, prefix string) (string, error) {
	if dirs, err := filepath.Glob(filepath.Join(base, prefix+"-*-*")); err == nil {
		for _, dir := range dirs {
			pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), prefix+"-"), "-")
			if n, err := strconv.Atoi(pid); err == nil && Gone(n) {
				_ = os.RemoveAll(dir) // another program's, perhaps: not our concern then
			}
		}
	}
	return os.MkdirTemp(base, fmt.Sprintf("%s-%d-", prefix, os.Getpid()))
}

// Gone reports whether no process has this id.
func Gone(pid int) bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }
