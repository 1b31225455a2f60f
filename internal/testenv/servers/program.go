package servers

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/tablehaul/tablehaul/internal/testenv/debian"
)

// programTimeout bounds the download of package lists and of one program over a slow line.
const programTimeout = 10 * time.Minute

// Program is the path of a program that tests use: from PATH, else that of a Debian package,
// unpacked once into the cache of [CacheDir]. The program needs the C library alone, so the
// machine's own release is taken. leave are files of the package, below its root, that are not
// kept.
func Program(name, from string, leave ...string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), programTimeout)
	defer cancel()
	dir, err := Cached(ctx, "packages-"+name, func(dir string) error {
		fmt.Fprintf(os.Stderr, "servers: fetching Debian's %s into a private folder (once)\n", name)
		if err := debian.Unpack(ctx, dir, debian.Packages{Names: []string{from}}); err != nil {
			return err
		}
		for _, file := range leave {
			if err := os.Remove(filepath.Join(dir, "root", file)); err != nil {
				return fmt.Errorf("clear what is not needed: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("%s is not on PATH, and not to be had (apt-get install %s): %w", name, from, err)
	}
	return filepath.Join(dir, "root/usr/bin", name), nil
}
