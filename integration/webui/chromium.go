package webui

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/testenv/debian"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// fetchTimeout bounds the download of about 150 MB of packages over a slow line.
const fetchTimeout = 15 * time.Minute

// packages are the browser and the libraries it needs. The C library is the machine's own, whose
// release is taken for that.
var packages = debian.Packages{
	Names: []string{"chromium-headless-shell", "fonts-dejavu-core"}, Dependencies: true,
	Leave: []string{
		"libc6_*", "libc-bin_*",
		"libgl1-mesa-dri_*", "libllvm*", "libz3-*", // drivers of graphics cards: a third of it all
		"perl*", "libperl*", "dpkg_*", "debconf_*", "x11-*", "xdg-utils_*", // programs
	},
}

// A chromium is a headless browser on this machine and how to run it.
type chromium struct {
	path string
	env  []string // beyond our own environment
}

// names under which a Chromium is found on PATH, the smallest first.
var names = []string{
	"chromium-headless-shell", "chrome-headless-shell", "headless-shell", "chromium",
	"chromium-browser", "google-chrome",
}

// find returns the browser of TABLEHAUL_TEST_CHROMIUM, one on PATH, or Debian's in a private
// folder, downloaded on first use.
func find(ctx context.Context) (chromium, error) {
	if path := os.Getenv("TABLEHAUL_TEST_CHROMIUM"); path != "" {
		return chromium{path: path}, nil
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return chromium{path: path}, nil
		}
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	dir, err := servers.Cached(ctx, "packages-chromium", func(dir string) error {
		fmt.Fprintln(os.Stderr, "webui: fetching Debian's headless Chromium into a private folder (once, about 150 MB)")
		return debian.Unpack(ctx, dir, packages)
	})
	if err != nil {
		return chromium{}, fmt.Errorf("no Chromium on PATH, and none to be had (TABLEHAUL_TEST_CHROMIUM names one): %w",
			err)
	}
	return unpacked(filepath.Join(dir, "root"))
}

// unpacked is the browser below root, with its own libraries but for the C library.
func unpacked(root string) (chromium, error) {
	path := filepath.Join(root, "usr/lib/chromium/chromium-headless-shell")
	if _, err := os.Stat(path); err != nil {
		return chromium{}, fmt.Errorf("the unpacked packages hold no browser: %w", err)
	}
	nss, err := filepath.Glob(filepath.Join(root, "usr/lib/*/libnss3.so"))
	if err != nil || len(nss) == 0 {
		return chromium{}, fmt.Errorf("the unpacked packages below %s hold no libraries", root)
	}
	libs := filepath.Dir(nss[0])
	return chromium{path: path, env: []string{
		"LD_LIBRARY_PATH=" + strings.Join([]string{
			libs, filepath.Join(root, "lib", filepath.Base(libs)),
			filepath.Join(libs, "pulseaudio"),
		}, ":"),
		"FONTCONFIG_SYSROOT=" + root,
	}}, nil
}
