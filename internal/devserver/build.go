package devserver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/process"
)

// A program is a binary of ours that is built on first use.
type program struct {
	name    string   // below bin/
	module  string   // folder of its go.mod
	pkg     string   // what to build
	sources []string // folders and files it is made from; newer ones mean it is out of date
	cost    string   // what a cold build costs, for people who wait for it
}

// serverOnly is tablehaul-standalone for its server: a change of the workflows does not make
// that part of it outdated, and linking it costs several seconds.
var serverOnly = program{
	name: "tablehaul-standalone", module: "worker/standalone", pkg: ".",
	sources: []string{"worker/standalone", "internal/process"},
	cost:    "about 5 to 8 minutes on two cores the first time, seconds afterwards",
}

var temporalCLI = program{
	name: "temporal", module: "tools/temporal", pkg: "github.com/temporalio/cli/cmd/temporal",
	sources: []string{"tools/temporal"},
	cost:    "about 3 to 9 minutes on two cores, once",
}

// buildTimeout bounds a cold build with its downloads.
const buildTimeout = 30 * time.Minute

// path returns where the program is, having built it when it is missing or out of date.
// Processes that need it at the same time wait for one build.
func (p program) path(ctx context.Context) (string, error) {
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	bin := filepath.Join(root, "bin", p.name)
	if err := os.MkdirAll(filepath.Dir(bin), 0o755); err != nil {
		return "", fmt.Errorf("make bin folder: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, buildTimeout)
	defer cancel()
	lock, err := process.Lock(ctx, bin+".lock")
	if err != nil {
		return "", err
	}
	defer func() { _ = lock.Unlock() }()
	current, err := p.current(root, bin)
	if err != nil || current {
		return bin, err
	}
	fmt.Fprintf(os.Stderr, "devserver: building bin/%s (%s)\n", p.name, p.cost)
	cmd := exec.CommandContext(ctx, "go", "build", "-ldflags=-s -w", "-o", bin, p.pkg)
	cmd.Dir = filepath.Join(root, p.module)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build bin/%s: %w:\n%s", p.name, err, out)
	}
	// go leaves the file alone where nothing changed; its time has to say that it is current
	now := time.Now()
	if err := os.Chtimes(bin, now, now); err != nil {
		return "", fmt.Errorf("mark bin/%s as current: %w", p.name, err)
	}
	return bin, nil
}

// current reports whether the binary is at least as new as everything it is made from.
func (p program) current(root, bin string) (bool, error) {
	built, err := os.Stat(bin)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for _, source := range p.sources {
		err := filepath.WalkDir(filepath.Join(root, source), func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() && d.Name() == "testdata" {
				return filepath.SkipDir
			}
			if d.IsDir() || strings.HasSuffix(path, "_test.go") {
				return nil
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			if info.ModTime().After(built.ModTime()) {
				return errOutdated
			}
			return nil
		})
		if errors.Is(err, errOutdated) {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("look whether bin/%s is current: %w", p.name, err)
		}
	}
	return true, nil
}

var errOutdated = errors.New("a source is newer than the binary")

// moduleRoot is the folder of the project's go.mod, searched upwards from the working
// folder, which in a test is the package's.
func moduleRoot() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the project: %w", err)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(text), "module github.com/tablehaul/tablehaul\n") {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("find the project: no go.mod of tablehaul above %s", start)
		}
	}
}

// CLIPath returns the official temporal command line: the one on PATH, else bin/temporal,
// built from the version that tools/temporal pins.
func CLIPath(ctx context.Context) (string, error) {
	if path, err := exec.LookPath("temporal"); err == nil {
		return path, nil
	}
	return temporalCLI.path(ctx)
}
