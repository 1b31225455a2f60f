package servers

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb/localserver"
	"github.com/tablehaul/tablehaul/internal/testenv/debian"
)

// fetchTimeout bounds the download of about 100 MB of packages over a slow line.
const fetchTimeout = 15 * time.Minute

// CacheDir is the folder for unpacked servers and initialised data folders, shared by all
// processes of a user: TABLEHAUL_TEST_CACHE, or tablehaul below the user's cache folder.
// Root's is below /var/cache: servers run as nobody then, who cannot enter /root.
func CacheDir() (string, error) {
	if dir := os.Getenv("TABLEHAUL_TEST_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	if os.Geteuid() == 0 {
		return "/var/cache/tablehaul", nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the user's cache folder (set TABLEHAUL_TEST_CACHE): %w", err)
	}
	return filepath.Join(dir, "tablehaul"), nil
}

// Cached is localserver.Cached in CacheDir.
func Cached(ctx context.Context, name string, fill func(dir string) error) (string, error) {
	cache, err := CacheDir()
	if err != nil {
		return "", err
	}
	return localserver.Cached(ctx, cache, name, fill)
}

// packages are those that have a server, without what only its scripts use.
var packages = map[Flavor]debian.Packages{
	// Stable releases of Debian carry MariaDB only.
	FlavorMySQL:   {Suite: "sid", Names: []string{"mysql-server-core"}, Dependencies: true, Leave: perl},
	FlavorMariaDB: {Names: []string{"mariadb-server-core"}, Dependencies: true, Leave: perl},
}

var perl = []string{"perl*", "libperl*", "libdb5*", "libgdbm*"}

// fetched returns the server of Debian's packages, downloading them on first use.
func fetched(ctx context.Context, f Flavor) (localserver.Binary, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	dir, err := Cached(ctx, "packages-"+string(f), func(dir string) error {
		fmt.Fprintf(os.Stderr, "servers: fetching Debian's %s server into a private folder (once, about 100 MB)\n", f)
		return debian.Unpack(ctx, dir, packages[f])
	})
	if err != nil {
		return localserver.Binary{}, err
	}
	return localserver.Unpacked(ctx, f, filepath.Join(dir, "root"))
}
