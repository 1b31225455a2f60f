package folder

import (
	"os"
	"syscall"
)

// See faccessat(2).
const (
	writeOK   = 2
	effective = 0x200 // AT_EACCESS: of the user as whom files are written
)

// mayWrite asks the system whether a folder may be written.
func mayWrite(folder string) error {
	if err := syscall.Faccessat(0, folder, writeOK, effective); err != nil { // an absolute path, below no descriptor
		return &os.PathError{Op: "write", Path: folder, Err: err}
	}
	return nil
}
