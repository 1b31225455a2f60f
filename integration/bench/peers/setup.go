package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/process"
)

//go:embed tools
var toolFiles embed.FS

// setupTimeout bounds the downloads, about 400 MB, over a slow line.
const setupTimeout = 15 * time.Minute

// kit is what the peers are run with: a virtual environment, and our scripts beside it.
type kit struct {
	dir string
	// driver is the MySQL driver of Python that could be had: mysqldb or pymysql.
	driver string
	// programs replace the packages' own, by the tool's name.
	programs map[string]string
}

// readyKit installs the peers on first use, into a folder of the user's cache that is named after
// the hash of everything that decides its content.
func readyKit(ctx context.Context, programs map[string]string) (*kit, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("find the user's cache folder: %w", err)
	}
	sum, err := toolsHash()
	if err != nil {
		return nil, err
	}
	k := &kit{dir: filepath.Join(cache, "tablehaul", "peers-"+sum), programs: programs}
	if err := os.MkdirAll(k.dir, 0o755); err != nil {
		return nil, fmt.Errorf("make cache folder: %w", err)
	}
	lock, err := process.Lock(ctx, k.dir+".lock")
	if err != nil {
		return nil, err
	}
	defer func() { _ = lock.Unlock() }()
	if _, err := os.Stat(k.path("driver")); err != nil {
		if err := k.install(ctx); err != nil {
			return nil, err
		}
	}
	driver, err := os.ReadFile(k.path("driver"))
	k.driver = strings.TrimSpace(string(driver))
	return k, err
}

// toolsHash changes whenever a script, a version or a configuration does.
func toolsHash() (string, error) {
	h := sha256.New()
	err := fs.WalkDir(toolFiles, "tools", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := toolFiles.ReadFile(path)
		fmt.Fprintf(h, "%s %d\n%s", path, len(text), text)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("read the tools' files: %w", err)
	}
	return fmt.Sprintf("%x", h.Sum(nil))[:12], nil
}

// install writes our files beside the environment and fills it. The file "driver" comes last,
// so that an installation that was interrupted starts again.
func (k *kit) install(ctx context.Context) error {
	if err := os.RemoveAll(k.path("tools")); err != nil {
		return err
	}
	if err := os.CopyFS(k.dir, toolFiles); err != nil {
		return fmt.Errorf("write the tools' files: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, setupTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", k.path("tools", "setup.sh"), k.dir, k.path("tools", "constraints.txt"))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("set up the peers' environment: %w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}

func (k *kit) path(parts ...string) string {
	return filepath.Join(append([]string{k.dir}, parts...)...)
}

// bin is a program of the environment.
func (k *kit) bin(name string) string { return k.path("venv", "bin", name) }

// missing is why a package could not be installed; empty if it was.
func (k *kit) missing(name string) string {
	reason, err := os.ReadFile(k.path(name + ".failed"))
	if err != nil {
		return ""
	}
	return "not installed: " + shorten(string(reason))
}

// env is the environment of every tool: ours, no reports to its makers, and the folder where the C
// client of MariaDB finds how to log in, if we unpacked it.
func (k *kit) env(more ...string) []string {
	env := append(os.Environ(),
		"RUNTIME__DLTHUB_TELEMETRY=false", "SLING_DISABLE_TELEMETRY=true", "INGESTR_DISABLE_TELEMETRY=true",
		"RUNTIME__LOG_LEVEL=ERROR")
	if plugins, _ := filepath.Glob(k.path("client", "usr", "lib", "*", "libmariadb3", "plugin")); len(plugins) > 0 {
		env = append(env, "MARIADB_PLUGIN_DIR="+plugins[0])
	}
	return append(env, more...)
}

// version is what a program prints about itself, in short; empty if it cannot be run.
func version(ctx context.Context, k *kit, args ...string) string {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = k.env("HOME=" + k.dir)
	out, err := cmd.Output()
	if err != nil {
		return ""
	}
	fields := strings.Fields(string(out))
	if len(fields) == 0 {
		return ""
	}
	return strings.TrimPrefix(fields[len(fields)-1], "v")
}
