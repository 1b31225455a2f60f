package integration_test

import (
	"context"
	"os"
	osexec "os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// TestTheDemoNeedsNothingButAServerProgram plays `tablehaul demo` as an archive's reader does: two of our programs in a
// folder, and mariadbd on PATH.
func TestTheDemoNeedsNothingButAServerProgram(t *testing.T) {
	t.Parallel()
	tablehaul, err := tablehaulBinary()
	require.NoError(t, err)
	standalone, err := filepath.Abs("../bin/tablehaul-standalone")
	require.NoError(t, err)
	dir, temp := t.TempDir(), t.TempDir()
	require.NoError(t, os.Symlink(standalone, filepath.Join(dir, "tablehaul-standalone")))
	ctx, cancel := context.WithTimeout(t.Context(), runTimeout)
	defer cancel()
	cmd := osexec.CommandContext(ctx, tablehaul, "demo", "--rows", "10000")
	cmd.Env = []string{
		"PATH=" + servers.OnPath(t) + ":" + dir + ":/usr/bin:/bin", "HOME=" + temp, "TMPDIR=" + openFolder(t),
	}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Equal(t, 3, strings.Count(string(out), " done: "), "%s", out)
	require.Regexp(t, `(?s)done: first load.*done: incremental.*killed.*differs.*missing +1.*silent +3.*repaired   3 silent`+
		`.*: equal\n`, string(out))
	made := regexp.MustCompile(`removed what was below (\S+)`).FindStringSubmatch(string(out))
	require.NotNil(t, made, "%s", out)
	require.NoDirExists(t, made[1])
	left, err := os.ReadDir(temp)
	require.NoError(t, err)
	require.Empty(t, left, "nothing is left in the home folder")
}

// openFolder is a folder for temporary files as /tmp is one, with a short name: those of sockets are limited.
func openFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "th")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o777|os.ModeSticky))
	return dir
}
