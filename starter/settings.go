package main

import (
	"cmp"
	"errors"
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

// tablesOrAll refuses what names both tables and everything, or neither.
func tablesOrAll(args []string, all bool) error {
	switch {
	case all && len(args) > 0:
		return errors.New("give tables or --all, not both")
	case !all && len(args) == 0:
		return errors.New("name at least one table, or give --all")
	}
	return nil
}

// asked are the configuration and the tables that a command asks about: one that has left the
// configuration still has a state to look at.
func (a *app) asked(args []string) (*config.Config, []string, error) {
	c, err := a.config()
	if err != nil {
		return nil, nil, err
	}
	names, err := a.tables(nil, args)
	return c, names, err
}

// configured are the tables that the file names exactly.
func configured(c *config.Config) []string {
	var out []string
	for _, t := range c.Tables() {
		out = append(out, t.Name.String())
	}
	return out
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

// completeTables offers the configured names to the shell.
func (a *app) completeTables(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	c, err := a.config()
	if err != nil || c == nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	out := slices.DeleteFunc(configured(c), func(name string) bool { return slices.Contains(args, name) })
	return out, cobra.ShellCompDirectiveNoFileComp
}
