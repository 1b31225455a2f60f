package folder

import (
	"io/fs"
	"syscall"
	"time"
)

// changed is when the file's entry was changed last; zero where the system does not say.
func changed(info fs.FileInfo) time.Time {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return time.Time{}
	}
	return time.Unix(s.Ctim.Unix()).UTC()
}
