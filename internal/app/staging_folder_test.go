package app

import (
	"fmt"
	"io/fs"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestARefusedFolderSaysWhatToDo(t *testing.T) {
	t.Parallel()
	err := refusedFolder(&fs.PathError{Op: "mkdir", Path: "/root/.local", Err: fs.ErrPermission})
	require.EqualError(t, err, fmt.Sprintf("mkdir /root/.local: permission denied: name a folder that this worker's "+
		"account (uid %d) may write", os.Geteuid()))
	require.NoError(t, refusedFolder(nil))
}
