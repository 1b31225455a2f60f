package main

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/clock"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/remote"
	"github.com/tablehaul/tablehaul/internal/table"
)

const (
	// workerTries is how often awaitWorker looks for a worker. A worker that has just started has not polled yet.
	workerTries = 5
	// familiesTimeout is how long status waits for the tables of families.
	familiesTimeout = 5 * time.Second
)

// awaitWorker reports whether a worker polls the task queue.
func (a *app) awaitWorker(ctx context.Context, s service) (bool, error) {
	for try := 1; ; try++ {
		running, err := s.HasWorker(ctx)
		if running || err != nil || try == workerTries || clock.Sleep(ctx, a.interval()) != nil {
			return running, err
		}
	}
}

// listTables asks a worker for the tables of its configuration.
func (a *app) listTables(ctx context.Context, s service) (api.ListTablesResult, error) {
	running, err := a.awaitWorker(ctx, s)
	switch {
	case err != nil:
		return api.ListTablesResult{}, a.fromTemporal(ctx, err)
	case !running:
		return api.ListTablesResult{}, exitf(exitFailed, "only a worker knows the tables of a name with a *: %w",
			a.noWorker())
	}
	e, err := s.StartList(ctx)
	if err != nil {
		return api.ListTablesResult{}, a.fromTemporal(ctx, err)
	}
	printer := newWaitPrinter(func(text string) { a.printNote("list of tables: %s", text) })
	out, err := await(ctx, a.interval(), func() (api.ListTablesResult, error) { return s.WaitList(ctx, e) }, func() {
		if steps, err := s.Pending(ctx, e); err == nil {
			printer.update(time.Now(), steps.Waits)
		}
	})
	var failed *remote.FailedError
	switch {
	case errors.As(err, &failed):
		printFailure(a.stderr, "the list of tables", e, err)
		return out, &exitError{code: exitFailed}
	case err != nil:
		return out, a.fromTemporal(ctx, err)
	}
	return out, nil
}

// allListed returns the worker's tables of the families of c, or all of the worker's tables where c is nil. It prints a
// note on each family without tables.
func (a *app) allListed(c *config.Config, l api.ListTablesResult) []string {
	var out []string
	for _, t := range l.Tables {
		n, err := table.ParseName(t.Table)
		if err != nil {
			continue
		}
		if c != nil {
			if _, err := c.Table(n); err != nil {
				continue // the worker has read another version of the file
			}
		}
		out = append(out, t.Table)
	}
	if c == nil {
		a.printEmptyFamilies(l, func(string) bool { return true })
		return out
	}
	configured := map[string]bool{}
	for _, p := range c.Patterns() {
		configured[p.Name] = true
		if !slices.ContainsFunc(l.Families, func(f api.ListedFamily) bool { return f.Name == p.Name }) {
			a.printNote("%s is in %s and not in the worker's configuration: see in the worker's log why", p.Name,
				c.File)
		}
	}
	a.printEmptyFamilies(l, func(name string) bool { return configured[name] })
	return out
}

// printEmptyFamilies prints a note on each family without tables that include selects.
func (a *app) printEmptyFamilies(l api.ListTablesResult, include func(string) bool) {
	for _, f := range l.Families {
		if f.Tables == 0 && include(f.Name) {
			a.printNote("%s matches no table on connection %s: correct the name, or grant the login SELECT on its "+
				"tables", f.Name, f.Connection)
		}
	}
}

// compareWithWorker prints in which tables the worker's configuration differs from c. It asks only for --all, and only
// where a worker runs.
func (a *app) compareWithWorker(ctx context.Context, s service, c *config.Config, sel selection, names []string) error {
	if !sel.all {
		return nil
	}
	if running, err := s.HasWorker(ctx); err != nil || !running {
		return nil //nolint:nilerr // the next request reports it
	}
	listed, err := a.listTables(ctx, s)
	if err != nil {
		return err
	}
	a.printDifferences(c, listed, names)
	return nil
}

// printDifferences prints which tables have other settings in the worker than in c. One of the two files is newer, or
// the worker has not read it since it was changed.
func (a *app) printDifferences(c *config.Config, l api.ListTablesResult, names []string) {
	if c == nil {
		return
	}
	digests := fleet{listed: &l}.settings()
	var differ, unknown []string
	for _, name := range names {
		settings := settingsOf(c, name)
		if settings == nil {
			continue
		}
		switch compareSettings(c, settings.Name, digests) {
		case settingsMissing:
			unknown = append(unknown, name)
		case settingsDiffer:
			differ = append(differ, name)
		}
	}
	if n := len(unknown); n > 0 {
		a.printNote("not in the worker's configuration: %s. See in the worker's log whether it has taken %s over",
			human.Sample(unknown, n), c.File)
	}
	if n := len(differ); n > 0 {
		a.printNote("the worker has other settings than %s for %s, which runs use: see in its log why, or check its "+
			"file", c.File, human.Sample(differ, n))
	}
}

// knownTables returns the configured tables and those with a state workflow, by name. It leaves out families where no
// worker lists their tables within five seconds.
func (a *app) knownTables(ctx context.Context, s service, c *config.Config) ([]string, error) {
	var f fleet
	var err error
	if f.going, err = s.Going(ctx); err != nil {
		return nil, err
	}
	if c != nil && len(c.Patterns()) > 0 {
		if running, err := s.HasWorker(ctx); err == nil && running {
			if f.listed = listInTime(ctx, s); f.listed == nil {
				a.noteUnlisted(c)
			}
		}
	}
	return a.knownIn(c, f), nil
}

// knownIn is knownTables with what a fleet has.
func (a *app) knownIn(c *config.Config, f fleet) []string {
	names := map[string]bool{}
	add := func(all []string) {
		for _, name := range all {
			names[name] = true
		}
	}
	add(f.going.Tables)
	if c != nil {
		add(configured(c))
	}
	if f.listed != nil && (c == nil || len(c.Patterns()) > 0) {
		add(a.allListed(c, *f.listed))
	}
	return slices.Sorted(maps.Keys(names))
}
