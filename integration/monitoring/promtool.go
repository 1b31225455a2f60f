package monitoring

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/tablehaul/tablehaul/integration/debian"
	"github.com/tablehaul/tablehaul/integration/servers"
)

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
		// promtool needs the C library alone, so the machine's own release is taken.
		if err := debian.Unpack(ctx, dir, debian.Packages{Names: []string{"prometheus"}}); err != nil {
			return err
		}
		return os.Remove(filepath.Join(dir, "root/usr/bin/prometheus")) // the server itself, 100 MB, is not needed
	})
	if err != nil {
		return "", fmt.Errorf("promtool is not on PATH, and not to be had (apt-get install prometheus): %w", err)
	}
	return filepath.Join(dir, "root/usr/bin/promtool"), nil
})
