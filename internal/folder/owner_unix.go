//go:build unix

package folder

import (
	"io/fs"
	"syscall"
)

// Owner is the user id that a file system shows for a file; false where it shows none.
func Owner(info fs.FileInfo) (int, bool) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return int(s.Uid), true
}
