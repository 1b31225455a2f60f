package integration_test

import (
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/tablehaul/tablehaul/internal/testenv/s3server"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/internal/testenv/temporaltest"
)

func TestMain(m *testing.M) {
	servers.Main(m, temporaltest.StopShared, s3server.StopShared, removeBinaries)
}

// binaries is the folder of programs that were built for this test process.
var binaries = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "tablehaul-binaries-") })

func removeBinaries() error {
	dir, err := binaries()
	if err != nil {
		return err
	}
	return os.RemoveAll(dir)
}

// Both are built once, as they ship: pipes, signals and exit codes are those of a process.
var (
	tablehaulBinary = sync.OnceValues(func() (string, error) { return build("tablehaul", "../starter") })
	workerBinary    = sync.OnceValues(func() (string, error) { return build("worker", "../worker") })
)

func build(name, from string) (string, error) {
	dir, err := binaries()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, name)
	cmd := osexec.Command("go", "build", "-ldflags=-s -w", "-o", path, from) //nolint:noctx // once
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w: %s", name, err, out)
	}
	return path, nil
}
