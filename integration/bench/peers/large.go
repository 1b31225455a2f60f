package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/tablehaul/tablehaul/internal/process"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// large is bench-large: a table of 15 GB, in parts. A part that is done has its result in a file, and is not done
// again; the data of both servers and of Temporal are kept between two calls.
type large struct {
	*bench
	a *arena
}

// settings of bench-large, where they are others than those of bench-peers.
const (
	largeRows    = 100_000_000
	largeTimeout = 12 * time.Hour
)

// largeTools are the tools that bring the large table over, in their order.
func largeTools() []tool {
	at := func(name string) tool {
		return tools[slices.IndexFunc(tools, func(t tool) bool { return t.name == name })]
	}
	return []tool{at(ourName), usualTool, at("dlt, first replaced")}
}

// readLarge reads the settings of bench-large. The whole table on MySQL writes its page, whichever tools have a turn:
// the page has all parts that are done.
func readLarge(getenv func(string) string) (settings, error) {
	s, err := readSettings(func(name string) string {
		switch value := getenv(name); {
		case name == "ROWS" && value == "":
			return fmt.Sprint(largeRows)
		case name == "TIMEOUT" && value == "":
			return largeTimeout.String()
		default:
			return value
		}
	})
	if err != nil {
		return s, err
	}
	if err := s.checkOnly(largeTools()); err != nil {
		return s, err
	}
	if s.tuning != "" {
		return s, errors.New("TUNING: bench-large has none; leave it out")
	}
	if s.report = getenv("REPORT"); s.report == "" && s.rows == largeRows && s.changes == changesOfGoal &&
		s.flavor == servers.FlavorMySQL && !s.localInfile {
		s.report = largePage
	}
	folder, err := largeFolder()
	if err != nil {
		return s, err
	}
	name := fmt.Sprintf("%s-%d", s.flavor, s.rows)
	if s.localInfile {
		name += "-local-infile"
	}
	s.kept = filepath.Join(folder, name)
	return s, nil
}

// largeFolder is where the parts and their data are kept.
func largeFolder() (string, error) {
	cache, err := servers.CacheDir()
	return filepath.Join(cache, "bench-large"), err
}

// runLarge does the parts that are missing.
func runLarge(ctx context.Context, getenv func(string) string, out io.Writer) (err error) {
	s, err := readLarge(getenv)
	if err != nil {
		return err
	}
	l := &large{bench: &bench{settings: s, out: out}}
	if err := l.checkDisk(); err != nil {
		return err
	}
	if err := os.MkdirAll(l.file(""), 0o755); err != nil {
		return fmt.Errorf("make the folder that is kept: %w", err)
	}
	lock, err := process.TryLock(l.kept + ".lock")
	if err != nil {
		return fmt.Errorf("another bench-large works in %s: %w", l.kept, err)
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	parts, err := l.missing()
	if err != nil {
		return err
	}
	if err := l.renew(); err != nil {
		return err
	}
	if len(parts) > 0 {
		if err := l.play(ctx, parts); err != nil {
			return err
		}
	}
	return l.print()
}

func (l *large) play(ctx context.Context, parts []part) (err error) {
	k := &kit{}
	if slices.ContainsFunc(parts, func(p part) bool { return p.tool.pkg != "" }) {
		say(l.out, "setting up dlt (once: about a minute)")
		if k, err = readyKit(ctx, l.programs); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(parts, func(p part) bool { return p.begins() && p.tool.name == ourName }) {
		// What an interrupted load has left there would go on by itself.
		if err := os.RemoveAll(filepath.Join(l.kept, "temporal")); err != nil {
			return err
		}
	}
	if l.a, err = newArena(ctx, l.bench, k); err != nil {
		return err
	}
	defer l.a.close()
	defer l.stopWorker()
	ctx, stop := l.tidy(ctx)
	defer stop()
	for _, p := range parts {
		if err := l.do(ctx, p); err != nil {
			return fmt.Errorf("%s: %w", p.title(), errors.Join(err, context.Cause(ctx)))
		}
	}
	return nil
}

// do does one part, keeps its result, and renews the page by it. A tool that fails is a result, and its other parts are
// left out.
func (l *large) do(ctx context.Context, p part) error {
	if p.what != partSource && l.failed(p.tool) {
		return nil
	}
	again := l.begun(p)
	if err := os.WriteFile(l.file(p.name()+begunSuffix), nil, 0o644); err != nil {
		return err
	}
	l.a.Say("%s begins", p.title())
	r, err := l.result(ctx, p, again)
	if err != nil {
		return err
	}
	if err := l.keep(ctx, p, r); err != nil {
		return err
	}
	l.a.Say("%s: %s", p.title(), r)
	return l.renew()
}
