package main

import (
	"context"
	"fmt"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/human"
)

func (a *app) quarantineCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "quarantine",
		Short: "Show rows that targets have refused, and try them again",
		Long: "With badRows: quarantine, a row that its target refuses is set aside, and the run goes on. These\n" +
			"commands list such rows. See docs/quarantine.md.\n\n" + exitHelp,
	}
	cmd.AddCommand(a.quarantineListCommand())
	return cmd
}

func (a *app) quarantineListCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:               "list [TABLE…]",
		Short:             "Count the rows in quarantine, of every table that has any",
		Example:           "  tablehaul quarantine list\n  tablehaul quarantine list shop.orders --output json",
		ValidArgsFunction: a.completeTables,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, names, err := a.tablesToShow(args)
			if err != nil {
				return err
			}
			return a.quarantineList(cmd.Context(), c, names)
		},
	}
	a.outputFlag(cmd)
	return cmd
}

// quarantineLine is a line of the list.
type quarantineLine struct {
	Table string `json:"table"`
	api.Quarantine
}

func (a *app) quarantineList(ctx context.Context, c *config.Config, names []string) error {
	s, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	if len(names) == 0 {
		if names, err = a.knownTables(ctx, s, c); err != nil {
			return a.fromTemporal(ctx, err)
		}
	}
	all, err := a.askTables(ctx, s, names, false)
	if err != nil {
		return err
	}
	t := newGrid("Table", "Rows", "Waiting", "Oldest", "First error")
	t.right("Rows", "Waiting", "Oldest")
	n := 0
	for _, one := range all {
		if one.State == nil || one.State.Quarantine.Rows() == 0 {
			continue
		}
		n++
		q := *one.State.Quarantine
		if a.json() {
			a.printJSON(quarantineLine{one.Table, q})
			continue
		}
		t.add(one.Table, humanize.Comma(q.Rows()), humanize.Comma(q.Waiting), age(q.Oldest), q.First)
	}
	switch {
	case a.json():
	case n == 0:
		a.printNote("no row is in quarantine")
	default:
		a.printGrid(t)
	}
	return nil
}

// quarantineText says what of a table is in quarantine; "" for nothing.
func quarantineText(q *api.Quarantine) string {
	if q.Rows() == 0 {
		return ""
	}
	text := human.Count(q.Rows(), "row") + " in quarantine"
	if q.Waiting > 0 {
		text += fmt.Sprintf(", %s of them waiting for rows that they refer to", humanize.Comma(q.Waiting))
	}
	if !q.Oldest.IsZero() {
		text += fmt.Sprintf(", the oldest for %s", age(q.Oldest))
	}
	if q.First != "" {
		text += ": " + q.First
	}
	return text
}
