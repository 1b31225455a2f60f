package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/spf13/cobra"

	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/table"
)

const defaultConfig = "./tablehaul.yaml"

// configPath is the file to read, and whether somebody named it: the default may be missing,
// since a worker elsewhere has it.
func (a *app) configPath() (path string, named bool) {
	if path = cmp.Or(a.configFile, a.getenv("TABLEHAUL_CONFIG")); path != "" {
		return path, true
	}
	return defaultConfig, false
}

// config reads the configuration without its secrets; nil where the default file is missing.
func (a *app) config() (*config.Config, error) {
	path, named := a.configPath()
	c, err := config.LoadFile(path, a.getenv, config.WithoutSecrets())
	switch {
	case err == nil:
		return c, nil
	case !named && errors.Is(err, fs.ErrNotExist):
		return nil, nil // no file is an answer, not an error
	default:
		return nil, &exitError{exitUsage, err}
	}
}

// tables checks names against the configuration, where there is one, and drops repetitions.
func (a *app) tables(c *config.Config, names []string) ([]string, error) {
	var out []string
	var problems []error
	for _, text := range names {
		n, err := table.ParseName(text)
		if err == nil && c != nil {
			_, err = c.Table(n)
		}
		if err != nil {
			problems = append(problems, err)
			continue
		}
		if !slices.Contains(out, n.String()) {
			out = append(out, n.String())
		}
	}
	if len(problems) > 0 {
		return nil, &exitError{exitUsage, errors.Join(problems...)}
	}
	return out, nil
}

// known refuses a name that is neither configured nor has ever had a run: a misspelt name must
// not look like a table that is idle.
func (a *app) known(c *config.Config, one tableStatus) error {
	if one.State != nil {
		return nil
	}
	_, err := a.tables(c, []string{one.Table})
	return err
}

// allTables are the tables that the configuration names exactly. Which tables a pattern stands
// for only its source knows, so patterns are named on stderr instead of being left out silently.
func (a *app) allTables(c *config.Config) ([]string, error) {
	if c == nil {
		return nil, &exitError{exitUsage, fmt.Errorf("--all needs the configuration, and %s does not exist: name it with --config", defaultConfig)}
	}
	var out []string
	for _, t := range c.Tables() {
		out = append(out, t.Name.String())
	}
	for _, p := range c.Patterns() {
		fmt.Fprintf(a.stderr, "%s is a pattern and not part of --all: name its tables\n", p.Name)
	}
	if len(out) == 0 {
		return nil, &exitError{exitUsage, errors.New("the configuration names no table exactly: name the tables to run")}
	}
	return out, nil
}

// knownTables are those that the configuration names and those that have an owner, sorted by name.
func (a *app) knownTables(ctx context.Context, s service, c *config.Config) ([]string, error) {
	names, err := s.owned(ctx)
	if err != nil {
		return nil, err
	}
	if c != nil {
		for _, t := range c.Tables() {
			names = append(names, t.Name.String())
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// completeTables offers the configured names to the shell.
func (a *app) completeTables(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	c, err := a.config()
	if err != nil || c == nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var out []string
	for _, t := range c.Tables() {
		if name := t.Name.String(); !slices.Contains(args, name) {
			out = append(out, name)
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}
