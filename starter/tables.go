package main

import (
	"context"
	"errors"
	"fmt"
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

// selection is what a command line names: tables, families, or everything.
type selection struct {
	// names are tables, in the order given, without repetitions.
	names []string
	// families are arguments with a *.
	families []family
	all      bool
}

// family is an argument with a *.
type family struct {
	text  string
	match func(table.Name) bool
}

// selectTables checks the arguments that name tables, before anybody is asked.
func (a *app) selectTables(c *config.Config, args []string, all bool) (selection, error) {
	if err := tablesOrAll(args, all); err != nil {
		return selection{}, err
	}
	out := selection{all: all}
	var plain []string
	for _, text := range args {
		match, wild, err := config.Matcher(text)
		if err == nil && wild {
			out.families = append(out.families, family{text, match})
			continue
		}
		plain = append(plain, text)
	}
	var err error
	out.names, err = a.tables(c, plain)
	return out, err
}

// expand makes the selection tables, asking the worker where only the source knows: for
// families, and for everything where there is no file at hand.
func (a *app) expand(ctx context.Context, s service, c *config.Config, sel selection) ([]string, error) {
	names := slices.Clone(sel.names)
	if sel.all && c != nil {
		names = append(names, configured(c)...)
	}
	if len(sel.families) == 0 && (!sel.all || c != nil && len(c.Patterns()) == 0) {
		return names, a.compareSoon(ctx, s, c, sel, names)
	}
	listed, err := a.listTables(ctx, s)
	if err != nil {
		return nil, err
	}
	a.noteLeftOut(listed, sel)
	if sel.all {
		names = append(names, a.allListed(c, listed)...)
	}
	for _, f := range sel.families {
		found := f.among(listed)
		if len(found) == 0 {
			return nil, &exitError{exitUsage, fmt.Errorf("%s matches no table of the worker's configuration", f.text)}
		}
		names = append(names, found...)
	}
	names = unique(names)
	a.noteDifferences(c, listed, names)
	if len(names) == 0 {
		return nil, &exitError{exitUsage, errors.New("the configuration stands for no table: its families match nothing on their sources")}
	}
	return names, nil
}

// compareSoon looks whether a worker, where one is there, goes by the file at hand. A table that
// is named is not worth the question.
func (a *app) compareSoon(ctx context.Context, s service, c *config.Config, sel selection, names []string) error {
	if !sel.all {
		return nil
	}
	if there, err := s.HasWorker(ctx); err != nil || !there {
		return nil //nolint:nilerr // what comes next says it
	}
	listed, err := a.listTables(ctx, s)
	if err != nil {
		return err
	}
	a.noteDifferences(c, listed, names)
	return nil
}

// allListed are the worker's tables of the families of the file at hand, or all of them where
// there is no file. A family that has no tables is said.
func (a *app) allListed(c *config.Config, l api.ListTablesResult) []string {
	var out []string
	for _, t := range l.Tables {
		n, err := table.ParseName(t.Table)
		if err != nil {
			continue
		}
		if c != nil {
			if _, err := c.Table(n); err != nil {
				continue // the worker has an older file, or a newer one
			}
		}
		out = append(out, t.Table)
	}
	if c == nil {
		a.noteEmpty(l, func(string) bool { return true })
		return out
	}
	mine := map[string]bool{}
	for _, p := range c.Patterns() {
		mine[p.Name] = true
		if !slices.ContainsFunc(l.Families, func(f api.ListedFamily) bool { return f.Name == p.Name }) {
			a.note("%s is in %s and not in the worker's configuration: restart the worker", p.Name, c.File)
		}
	}
	a.noteEmpty(l, func(name string) bool { return mine[name] })
	return out
}

func (a *app) noteEmpty(l api.ListTablesResult, ours func(string) bool) {
	for _, f := range l.Families {
		if f.Tables == 0 && ours(f.Name) {
			a.note("%s matches no table on connection %s: mend the name, or grant the login SELECT on its tables", f.Name, f.Connection)
		}
	}
}

// among are the listed tables of the family.
func (f family) among(l api.ListTablesResult) []string {
	var out []string
	for _, t := range l.Tables {
		if n, err := table.ParseName(t.Table); err == nil && f.match(n) {
			out = append(out, t.Table)
		}
	}
	return out
}

// noteDifferences says which of the tables a worker treats otherwise than the file at hand says:
// one of the two has not been read since it was changed.
func (a *app) noteDifferences(c *config.Config, l api.ListTablesResult, names []string) {
	if c == nil {
		return
	}
	digests := map[string]string{}
	for _, t := range l.Tables {
		digests[t.Table] = t.Settings
	}
	var differ, unknown []string
	for _, name := range names {
		n, err := table.ParseName(name)
		if err != nil {
			continue
		}
		mine, err := c.Digest(n)
		if err != nil {
			continue
		}
		switch theirs, ok := digests[name]; {
		case !ok:
			unknown = append(unknown, name)
		case theirs != mine:
			differ = append(differ, name)
		}
	}
	if len(unknown) > 0 {
		a.note("not in the worker's configuration: %s. Restart the worker, so that it reads %s", human.Sample(unknown, len(unknown)), c.File)
	}
	if len(differ) > 0 {
		a.note("the worker has other settings than %s for %s: restart it, or see which file it reads; runs go by the worker's", c.File, human.Sample(differ, len(differ)))
	}
}

func unique(names []string) []string {
	seen := map[string]bool{}
	return slices.DeleteFunc(names, func(n string) bool {
		known := seen[n]
		seen[n] = true
		return known
	})
}

// note tells on stderr what is neither an answer nor an error.
func (a *app) note(format string, args ...any) {
	if !a.quiet {
		fmt.Fprintf(a.stderr, "note: "+format+"\n", args...)
	}
}

// workerTries is how often a worker is looked for: one that was started a moment ago has not
// asked for work yet.
const workerTries = 5

func (a *app) awaitWorker(ctx context.Context, s service) (bool, error) {
	for try := 1; ; try++ {
		there, err := s.HasWorker(ctx)
		if there || err != nil || try == workerTries || clock.Sleep(ctx, a.interval()) != nil {
			return there, err
		}
	}
}

// listTables asks a worker which tables its configuration stands for.
func (a *app) listTables(ctx context.Context, s service) (api.ListTablesResult, error) {
	there, err := a.awaitWorker(ctx, s)
	switch {
	case err != nil:
		return api.ListTablesResult{}, a.fromTemporal(ctx, err)
	case !there:
		return api.ListTablesResult{}, &exitError{exitFailed, fmt.Errorf("which tables a name with a * stands for only a worker knows: %w", a.noWorker())}
	}
	e, err := s.StartList(ctx)
	if err != nil {
		return api.ListTablesResult{}, a.fromTemporal(ctx, err)
	}
	printer := newWaitPrinter(func(text string) { a.note("list of tables: %s", text) })
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

// knownTables are those that the configuration stands for and those that have an owner, sorted
// by name. Families need a worker, and are left out where none answers soon.
func (a *app) knownTables(ctx context.Context, s service, c *config.Config) ([]string, error) {
	owned, err := s.Tables(ctx)
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, name := range owned {
		names[name] = true
	}
	if c != nil {
		for _, name := range configured(c) {
			names[name] = true
		}
		if len(c.Patterns()) > 0 {
			for _, name := range a.familiesSoon(ctx, s, c) {
				names[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names)), nil
}

// soon is how long a look at everything waits for the tables of families.
const soon = 5 * time.Second

func (a *app) familiesSoon(ctx context.Context, s service, c *config.Config) []string {
	ctx, cancel := context.WithTimeout(ctx, soon)
	defer cancel()
	if there, err := s.HasWorker(ctx); err != nil || !there {
		return nil
	}
	e, err := s.StartList(ctx)
	if err != nil {
		return nil
	}
	listed, err := s.WaitList(ctx, e)
	if err != nil {
		return nil
	}
	return a.allListed(c, listed)
}
