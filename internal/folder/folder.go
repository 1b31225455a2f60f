package folder

import (
	"fmt"
	"io/fs"
	"runtime"
)

const (
	othersWrite fs.FileMode = 0o002
	othersRead  fs.FileMode = 0o005
	groupRights fs.FileMode = 0o070
)

// Check refuses a folder that every user of the machine may write, with what to do, and returns a warning about one
// that others may read, "" for none. Windows shows no such permissions.
func Check(path string, info fs.FileInfo) (warning string, err error) {
	mode := info.Mode()
	switch {
	case runtime.GOOS == "windows":
	case mode&othersWrite != 0:
		return "", fmt.Errorf("every user of this machine may write the folder %s (mode %04o): chmod 700 it, or name "+
			"a folder inside it, which is made with mode 0700", path, mode.Perm())
	case mode&othersRead != 0:
		return fmt.Sprintf("every user of this machine may list the folder %s (mode %04o), with the names of tables: "+
			"chmod 700 it", path, mode.Perm()), nil
	case mode&groupRights != 0:
		return fmt.Sprintf("the group of the folder %s may use it (mode %04o): chmod 700 it unless it is meant",
			path, mode.Perm()), nil
	}
	return "", nil
}
