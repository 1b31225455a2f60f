package main

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tablehaul/tablehaul/internal/config"
)

// configReport is the answer of config check in --output json.
type configReport struct {
	File     string           `json:"file"`
	OK       bool             `json:"ok"`
	Problems []config.Problem `json:"problems"`
	// Warnings keep no program from using the file.
	Warnings []config.Problem `json:"warnings"`
	Tables   []configTable    `json:"tables"`
}

type configTable struct {
	Name             string `json:"name"`
	Target           string `json:"target,omitempty"`
	SourceConnection string `json:"sourceConnection,omitempty"`
	// Files is the url of the files that the table is loaded from; empty where it has a source connection.
	Files            string `json:"files,omitempty"`
	TargetConnection string `json:"targetConnection,omitempty"`
	Cursor           string `json:"cursor,omitempty"`
	// Schedule is "off" where there is none.
	Schedule string `json:"schedule"`
}

func (a *app) configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "config", Short: "Check the configuration", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	check := &cobra.Command{
		Use: "check", Short: "Read the configuration, and list everything that is wrong with it",
		Long: "Check reads the file as a worker does, with the variables of its own environment. It connects to no\n" +
			"server: tablehaul plan does.\n\n" + exitHelp,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return a.checkConfig() },
	}
	a.outputFlag(check)
	cmd.AddCommand(check)
	return cmd
}

func (a *app) checkConfig() error {
	path, _ := a.configPath()
	c, err := config.LoadFile(path, a.getenv)
	var problems *config.Problems
	if err != nil && (!a.json() || !errors.As(err, &problems)) {
		return &exitError{exitUsage, err}
	}
	report := configReport{
		File: path, OK: err == nil, Problems: []config.Problem{}, Warnings: []config.Problem{},
		Tables: []configTable{},
	}
	if problems != nil {
		report.Problems = problems.List
	} else {
		report.Tables = configTables(c)
		report.Warnings = append(report.Warnings, c.Warnings...)
	}
	if a.json() {
		a.printJSON(report)
		if problems != nil {
			return &exitError{code: exitUsage}
		}
		return nil
	}
	t := newGrid("Table", "From", "Target", "To", "Cursor", "Schedule")
	for _, x := range report.Tables {
		cursor := x.Cursor
		if cursor == "" {
			cursor = "none: read whole"
		}
		from := x.SourceConnection
		if x.Files != "" {
			from, cursor = "files: "+x.Files, cmp.Or(x.Cursor, "none: the later load wins")
		}
		t.add(x.Name, from, x.Target, x.TargetConnection, cursor, x.Schedule)
	}
	fmt.Fprintf(a.stdout, "%s is valid.\n", path)
	a.printGrid(t)
	a.printConfigWarnings(c)
	return nil
}

// printConfigWarnings prints what a person should know of the configuration.
func (a *app) printConfigWarnings(c *config.Config) {
	for _, w := range c.Warnings {
		fmt.Fprintf(a.stderr, "%s: %s: %s\n", c.File, a.paint(a.stderr, yellow, "warning"), w)
	}
}

func configTables(c *config.Config) []configTable {
	var out []configTable
	for _, t := range c.Tables() {
		one := configTable{
			Name: t.Name.String(), Target: t.Target.String(), SourceConnection: t.SourceConnection,
			TargetConnection: t.TargetConnection, Cursor: t.Cursor, Schedule: scheduleCell(t),
		}
		if t.Files != nil {
			one.Files = t.Files.URL
		}
		out = append(out, one)
	}
	for _, p := range c.Patterns() {
		out = append(out, configTable{
			Name: p.Name, Target: p.Target, SourceConnection: p.Connection, TargetConnection: p.TargetConnection,
			Cursor: p.Cursor, Schedule: scheduleCell(p.Settings()),
		})
	}
	return out
}

// scheduleCell says when the table's runs begin.
func scheduleCell(t config.Table) string {
	if t.SchedulePaused && !t.Schedule.None() {
		return t.Schedule.String() + ", paused"
	}
	return t.Schedule.String()
}
