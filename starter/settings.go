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

// configPath is the file to read, and whether a flag or a variable names it. The default file may be missing, because
// only the worker needs one.
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
		return nil, nil // no configuration is no error
	default:
		return nil, &exitError{exitUsage, err}
	}
}

// configToShow is config for a command that changes nothing: of a file with problems, execute prints them at the end,
// and the command shows what Temporal and the workers know.
func (a *app) configToShow() (*config.Config, error) {
	c, err := a.config()
	if problems, ok := errors.AsType[*config.Problems](err); ok {
		a.broken = problems
		return nil, nil
	}
	return c, err
}

// oneTable checks a name against the configuration.
func (a *app) oneTable(name string) (string, error) {
	c, err := a.config()
	if err != nil {
		return "", err
	}
	names, err := a.tables(c, []string{name})
	if err != nil {
		return "", err
	}
	return names[0], nil
}

// tables checks names against the configuration, where c is not nil, and removes duplicates.
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

// tablesOrAll refuses both tables and --all, and neither of them.
func tablesOrAll(args []string, all bool) error {
	switch {
	case all && len(args) > 0:
		return errors.New("give tables or --all, not both")
	case !all && len(args) == 0:
		return errors.New("name at least one table, or give --all")
	}
	return nil
}

// tablesToShow returns the configuration and what the arguments name. A table that was removed from the configuration
// still has a state to show.
func (a *app) tablesToShow(args []string) (*config.Config, selection, error) {
	return a.selected(a.configToShow, args)
}

// tablesToChange is tablesToShow of a command that changes something: it takes tables, or --all.
func (a *app) tablesToChange(args []string, all bool) (*config.Config, selection, error) {
	if err := tablesOrAll(args, all); err != nil {
		return nil, selection{}, err
	}
	return a.selected(a.config, args)
}

func (a *app) selected(
	read func() (*config.Config, error), args []string,
) (*config.Config, selection, error) {
	c, err := read()
	if err != nil {
		return nil, selection{}, err
	}
	sel, err := a.selectTables(nil, args, len(args) == 0)
	return c, sel, err
}

// configured returns the tables that the configuration names exactly.
func configured(c *config.Config) []string {
	var out []string
	for _, t := range c.Tables() {
		out = append(out, t.Name.String())
	}
	return out
}

// checkKnown refuses a table that is not configured and has never had a run. A misspelt name must not look like an idle
// table.
func (a *app) checkKnown(c *config.Config, one tableStatus) error {
	if one.State != nil {
		return nil
	}
	_, err := a.tables(c, []string{one.Table})
	return err
}

// completeTables offers the configured tables to the shell.
func (a *app) completeTables(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	c, err := a.config()
	if err != nil || c == nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	out := slices.DeleteFunc(configured(c), func(name string) bool { return slices.Contains(args, name) })
	return out, cobra.ShellCompDirectiveNoFileComp
}
