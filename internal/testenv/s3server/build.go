package s3server

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// version is the versitygw that the tests run: 1.8.0 is the first that was looked at, and
// answers conditional writes and SHA-256 checksums as S3 does.
const version = "v1.8.0"

// buildTimeout bounds the build with its downloads: a minute on two cores.
const buildTimeout = 15 * time.Minute

// Build returns the path of versitygw, built on first use. Processes that need it at the same
// time wait for one build.
func Build(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, buildTimeout)
	defer cancel()
	dir, err := servers.Cached(ctx, "versitygw-"+version, func(dir string) error {
		fmt.Fprintln(os.Stderr, "s3server: building versitygw", version, "(once, about a minute)")
		cmd := exec.CommandContext(ctx, "go", "install", "-trimpath", "-ldflags=-s -w",
			"github.com/versity/versitygw/cmd/versitygw@"+version)
		// Outside of any module, and with no flags of the environment.
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOBIN="+dir, "GOFLAGS=", "GOWORK=off", "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build versitygw: %w:\n%s", err, out)
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "versitygw"), nil
}
