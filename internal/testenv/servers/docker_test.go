package servers_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// fakeDocker plays an engine that has the image, but whose containers end at once.
// It notes what it was asked for, a line per call.
const fakeDocker = `#!/bin/sh
echo "$*" >> "$0.calls"
case $1 in
  version) echo 28.0.0 ;;
  image) echo sha256:1 ;;
  ps) echo "orphan DEAD"; echo "sibling ALIVE" ;;
  run) echo cafe ;;
  inspect) echo exited ;;
  logs) echo "no space left" ;;
esac
`

func TestDockerEngineIsAskedBeforeInstalledServers(t *testing.T) {
	dead := exec.CommandContext(t.Context(), "true")
	require.NoError(t, dead.Run())
	dir := t.TempDir()
	script := strings.NewReplacer("DEAD", strconv.Itoa(dead.Process.Pid), "ALIVE",
		strconv.Itoa(os.Getpid())).Replace(fakeDocker)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "docker"), []byte(script), 0o755))
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	t.Setenv("TABLEHAUL_TEST_CACHE", "/proc/none") // the layers after Docker fail, so that its words are heard
	t.Setenv("TABLEHAUL_TEST_MYSQL_DSN", "")
	t.Setenv("TABLEHAUL_TEST_MYSQL_IMAGE", "mysql:test")

	_, err := servers.Start(t.Context(), servers.FlavorMySQL, servers.Options{Args: []string{"--log-bin=b"}})
	require.ErrorContains(t, err, "the container ended by itself: no space left")

	calls, err := os.ReadFile(filepath.Join(dir, "docker.calls"))
	require.NoError(t, err)
	require.Contains(t, string(calls), "image inspect --format {{.Id}} mysql:test\n")
	require.Regexp(t,
		`run --detach --label tablehaul.servers.pid=`+strconv.Itoa(os.Getpid())+` --publish 127\.0\.0\.1:\d+:3306 .* mysql:test --local-infile=ON .* --log-bin=b\n`, string(calls))
	require.NotContains(t, string(calls), "--skip-log-bin")
	require.Contains(t, string(calls), "rm --force --volumes orphan\n")
	require.NotContains(t, string(calls), "sibling")
	require.Contains(t, string(calls), "rm --force --volumes cafe\n", "what was started is removed")
}

func TestDockerIsLeftAloneWhenSwitchedOff(t *testing.T) {
	t.Setenv("TABLEHAUL_TEST_MARIADB_IMAGE", "none")
	t.Setenv("TABLEHAUL_TEST_MARIADB_DSN", "")
	s, err := servers.Start(t.Context(), servers.FlavorMariaDB, servers.Options{})
	require.NoError(t, err)
	require.NotContains(t, s.Origin, "Docker")
	require.NoError(t, s.Stop())
}
