package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/human"
)

func (a *app) explainCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "explain FAILURE|TABLE…",
		Short: "Say what a failure means, or what is wrong with a table, and what to do",
		Long: "For a failure type, such as ServerRejected, explain says what it means, what to look at and what to " +
			"do.\n" +
			"For a table it says what its run waits for, and why its last run failed. See also " +
			"docs/operations.md.\n\n" +
			exitHelp,
		Example: "  tablehaul explain RowRejected\n  tablehaul explain shop.orders",
		Args:    cobra.MinimumNArgs(1),
		ValidArgsFunction: func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			names, directive := a.completeTables(cmd, args, word)
			for _, one := range failure.Guide {
				names = append(names, one.Type)
			}
			return names, directive
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 && !strings.Contains(args[0], ".") {
				return a.explainType(args[0])
			}
			c, sel, err := a.tablesToShow(args)
			if err != nil {
				return err
			}
			return a.explainTables(cmd.Context(), c, sel)
		},
	}
	a.webFlag(cmd)
	a.outputFlag(cmd)
	return cmd
}

func (a *app) explainType(typ string) error {
	var types []string
	for _, one := range failure.Guide {
		if strings.EqualFold(one.Type, typ) {
			a.printAdvice(one)
			return nil
		}
		types = append(types, one.Type)
	}
	return exitf(exitUsage, "%q is neither a failure type nor a table (schema.table); %s", typ,
		config.Meant(typ, types))
}

func (a *app) printAdvice(one failure.Advice) {
	if a.json() {
		one.Means, one.Look, one.Do = plainAdvice(one.Means, ""), plainAdvice(one.Look, ""), plainAdvice(one.Do, "")
		a.printJSON(one)
		return
	}
	fmt.Fprintln(a.stdout, a.paint(a.stdout, bold, one.Type))
	writeAdvice(a.stdout, one, "")
	if one.Waits {
		fmt.Fprintln(a.stdout, "  It does not end a run: the run waits and tries again.")
	} else {
		fmt.Fprintln(a.stdout, "  The watermark did not move, no chunk is half written, and running again is safe.")
	}
}

func writeAdvice(w io.Writer, one failure.Advice, tbl string) {
	fmt.Fprintf(w, "  means:    %s\n", plainAdvice(one.Means, tbl))
	if one.Look != "" {
		fmt.Fprintf(w, "  look at:  %s\n", plainAdvice(one.Look, tbl))
	}
	fmt.Fprintf(w, "  do:       %s\n", plainAdvice(one.Do, tbl))
}

// explained is what is wrong with a table: a line of --output json.
type explained struct {
	Table   string           `json:"table"`
	Healthy bool             `json:"healthy"`
	Issues  []issue          `json:"issues"`
	Advice  []failure.Advice `json:"advice"`
}

func (a *app) explainTables(ctx context.Context, c *config.Config, sel selection) error {
	s, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	all, err := a.askComplete(ctx, s, c, sel)
	if err != nil {
		return err
	}
	if a.web {
		return a.printWebLinks(all)
	}
	for _, one := range all {
		out := explainedOf(one)
		if a.json() {
			a.printJSON(out)
			continue
		}
		a.printExplained(out, one)
		if link := a.webLink(one); link != "" && !a.quiet {
			fmt.Fprintf(a.stdout, "  Web UI:   %s\n", link)
		}
	}
	return nil
}

func explainedOf(one tableStatus) explained {
	out := explained{Table: one.Table, Issues: one.Issues, Advice: []failure.Advice{}, Healthy: len(one.Issues) == 0}
	if out.Healthy {
		out.Issues = []issue{}
	}
	seen := map[string]bool{}
	for _, m := range out.Issues {
		if advice, ok := m.advice(); ok && !seen[m.Type] {
			seen[m.Type] = true
			out.Advice = append(out.Advice, advice)
		}
	}
	return out
}

func (a *app) printExplained(out explained, one tableStatus) {
	if out.Healthy {
		fmt.Fprintf(a.stdout, "%s: no issue; %s\n", out.Table, nowText(one))
		if cell, _ := a.lastCells(one.State); cell != "" {
			fmt.Fprintf(a.stdout, "  last run: %s; tablehaul history %s lists more\n", cell, human.Arg(out.Table))
		}
		if text := verifiedText(one.State); text != "" {
			fmt.Fprintf(a.stdout, "  verified: %s\n", text)
		}
		return
	}
	for _, m := range out.Issues {
		fmt.Fprintf(a.stdout, "%s %s\n", a.paint(a.stdout, bold, out.Table), m.Text)
		if advice, ok := m.advice(); ok {
			advice.Do = cmp.Or(m.Remedy, advice.Do)
			writeAdvice(a.stdout, advice, out.Table)
		} else if m.Remedy != "" {
			fmt.Fprintf(a.stdout, "  do:       %s\n", m.Remedy)
		}
	}
}
