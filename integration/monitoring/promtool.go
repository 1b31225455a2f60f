package monitoring

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/tablehaul/tablehaul/integration/servers"
)

//go:embed fetch.sh
var fetchScript []byte

// fetchTimeout bounds the download of package lists and 60 MB of Prometheus.
const fetchTimeout = 10 * time.Minute

// Promtool is the path of Prometheus's checker: from PATH, else Debian's, unpacked once into the
// user's cache.
var Promtool = sync.OnceValues(func() (string, error) {
	if path, err := exec.LookPath("promtool"); err == nil {
		return path, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
	defer cancel()
	dir, err := servers.Cached(ctx, "packages-promtool", func(dir string) error {
		fmt.Fprintln(os.Stderr, "monitoring: fetching Debian's promtool into a private folder (once)")
		cmd := exec.CommandContext(ctx, "bash", "-s", dir)
		cmd.Stdin = bytes.NewReader(fetchScript)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("fetch Debian's package: %w: %s", err, out)
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("promtool is not on PATH, and not to be had (apt-get install prometheus): %w", err)
	}
	return filepath.Join(dir, "root/usr/bin/promtool"), nil
})
