package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/table"
)

// selection is what the arguments of a command select.
type selection struct {
	// names are tables, in the order of the arguments, without duplicates.
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

// selectTables checks the arguments that name tables, before any request to Temporal.
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

// expand returns the selected tables. It asks the worker for the tables of families, which only the source knows, and
// for all tables where c is nil.
func (a *app) expand(ctx context.Context, s service, c *config.Config, sel selection) ([]string, error) {
	names := slices.Clone(sel.names)
	if sel.all && c != nil {
		names = append(names, configured(c)...)
	}
	if len(sel.families) == 0 && (!sel.all || c != nil && len(c.Patterns()) == 0) {
		return names, a.compareWithWorker(ctx, s, c, sel, names)
	}
	listed, err := a.listTables(ctx, s)
	if err != nil {
		return nil, err
	}
	a.printLeftOut(listed, sel)
	if sel.all {
		names = append(names, a.allListed(c, listed)...)
	}
	for _, f := range sel.families {
		found := f.tablesOf(listed)
		if len(found) == 0 {
			return nil, exitf(exitUsage, "%s matches no table of the worker's configuration", f.text)
		}
		names = append(names, found...)
	}
	names = unique(names)
	a.printDifferences(c, listed, names)
	if len(names) == 0 {
		return nil, exitf(exitUsage, "the configuration has no table: its families match nothing on their sources")
	}
	return names, nil
}

// known returns the selected tables among those that are configured or have a state. It needs no worker, except for
// tables of families that have had no run.
func (a *app) known(ctx context.Context, s service, c *config.Config, sel selection) ([]string, error) {
	if len(sel.families) == 0 && !sel.all {
		return sel.names, nil
	}
	all, err := a.knownTables(ctx, s, c)
	if err != nil {
		return nil, a.fromTemporal(ctx, err)
	}
	if sel.all {
		return all, nil
	}
	return sel.among(all)
}

// among returns the selected names, and those of all that families select.
func (sel selection) among(all []string) ([]string, error) {
	names := slices.Clone(sel.names)
	for _, f := range sel.families {
		found := slices.DeleteFunc(slices.Clone(all), func(name string) bool {
			n, err := table.ParseName(name)
			return err != nil || !f.match(n)
		})
		if len(found) == 0 {
			return nil, exitf(exitUsage, "%s matches no table that is configured or has had a run", f.text)
		}
		names = append(names, found...)
	}
	return unique(names), nil
}

// tablesOf are the listed tables of the family.
func (f family) tablesOf(l api.ListTablesResult) []string {
	var out []string
	for _, t := range l.Tables {
		if n, err := table.ParseName(t.Table); err == nil && f.match(n) {
			out = append(out, t.Table)
		}
	}
	return out
}

// unique removes duplicates, and keeps the order.
func unique(names []string) []string {
	seen := map[string]bool{}
	return slices.DeleteFunc(names, func(n string) bool {
		known := seen[n]
		seen[n] = true
		return known
	})
}

// printNote prints to stderr what is neither an answer nor an error.
func (a *app) printNote(format string, args ...any) {
	if !a.quiet {
		fmt.Fprintf(a.stderr, "note: "+format+"\n", args...)
	}
}
