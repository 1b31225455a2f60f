package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/remote"
)

func (a *app) explainCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "explain FAILURE|TABLE",
		Short: "Say what a failure means, or what is wrong with a table, and what to do",
		Long: "For a failure type, such as ServerRejected, explain says what it means, what to look at and what to " +
			"do.\n" +
			"For a table it says what its run waits for, and why its last run failed. See also " +
			"docs/operations.md.\n\n" +
			exitHelp,
		Example: "  tablehaul explain RowRejected\n  tablehaul explain shop.orders",
		Args:    cobra.ExactArgs(1),
		ValidArgsFunction: func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			names, directive := a.completeTables(cmd, args, word)
			for _, one := range failure.Guide {
				names = append(names, one.Type)
			}
			return names, directive
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if !strings.Contains(args[0], ".") {
				return a.explainType(args[0])
			}
			c, names, err := a.tablesToShow(args)
			if err != nil {
				return err
			}
			return a.explainTable(cmd.Context(), c, names[0])
		},
	}
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

// issue is one thing that is wrong with a table.
type issue struct {
	// Kind is "failed", "waits", "held", "quarantined", "deletesHeld", "deletesPaused", "differs", "paused" or "never".
	Kind string `json:"kind"`
	Type string `json:"type,omitempty"`
	Text string `json:"text"`
}

func (a *app) explainTable(ctx context.Context, c *config.Config, name string) error {
	s, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	one, err := a.askTable(ctx, s, name)
	if err == nil {
		err = a.checkKnown(c, one)
	}
	if err != nil {
		return err
	}
	if sched, found, err := s.Schedule(ctx, remote.ScheduleID(a.taskQueue, name)); err == nil && found {
		one.Schedule = &sched
	}
	out := explained{Table: name, Issues: issuesOf(one), Advice: []failure.Advice{}}
	out.Healthy = len(out.Issues) == 0
	seen := map[string]bool{}
	for _, m := range out.Issues {
		if advice, ok := failure.AdviceOn(m.Type); ok && !seen[m.Type] {
			seen[m.Type] = true
			out.Advice = append(out.Advice, advice)
		}
	}
	if a.json() {
		a.printJSON(out)
		return nil
	}
	a.printExplained(out, one)
	return nil
}

func (a *app) printExplained(out explained, one tableStatus) {
	if out.Healthy {
		fmt.Fprintf(a.stdout, "%s: no issue; %s\n", out.Table, nowText(one))
		if cell, _ := a.lastCells(one.State); cell != "" {
			fmt.Fprintf(a.stdout, "  last run: %s; tablehaul history %s lists more\n", cell, out.Table)
		}
		if text := verifiedText(one.State); text != "" {
			fmt.Fprintf(a.stdout, "  verified: %s\n", text)
		}
		return
	}
	for _, m := range out.Issues {
		fmt.Fprintf(a.stdout, "%s %s\n", a.paint(a.stdout, bold, out.Table), m.Text)
		if advice, ok := failure.AdviceOn(m.Type); ok {
			writeAdvice(a.stdout, advice, out.Table)
		}
	}
}

// issuesOf returns what is wrong with a table, the most serious first.
func issuesOf(one tableStatus) []issue {
	var out []issue
	if one.State == nil {
		text := "has never had a run: tablehaul plan " + one.Table + " shows what the first run would do"
		return []issue{{Kind: "never", Text: text}}
	}
	if f := one.Failure; f != nil && one.Run == nil {
		out = append(out, issue{"failed", f.Type, "failed: " + f.Type + ": " + f.Message})
	}
	if one.Run != nil {
		for _, w := range one.Run.Waits {
			kind := "waits"
			if w.Step == "" {
				kind = "held"
			}
			out = append(out, issue{kind, w.Type, waitText(w, time.Now())})
		}
	} else if one.State.HeldBack != "" {
		text := "is held back: " + one.State.HeldBack + "; the watermark stays below it"
		out = append(out, issue{"held", failure.OpenTransactions, text})
	}
	if one.Ended != "" {
		out = append(out, issue{"failed", failure.EndTerminated, "idle; the last run was " + one.Ended})
	}
	out = append(out, rowIssues(one.State)...)
	if v := one.State.LastVerify; v.IsOpen() {
		out = append(out, issue{Kind: "differs", Text: "was verified " + verifiedText(one.State)})
	}
	if s := one.Schedule; s != nil && s.Paused {
		text := strings.Join(compact(s.Note, "tablehaul schedule resume "+one.Table), "; ")
		out = append(out, issue{Kind: "paused", Text: "is paused: " + text})
	}
	return out
}

// rowIssues are rows that need a person: those in quarantine, and those that no sweep deletes.
func rowIssues(state *owner.State) (out []issue) {
	if text := quarantineText(state.Quarantine); text != "" {
		text = "has " + text + "; tablehaul quarantine show " + state.Table + " lists them"
		out = append(out, issue{Kind: "quarantined", Text: text})
	}
	switch d := state.LastSweep; {
	case state.DeletesPaused:
		out = append(out, issue{Kind: "deletesPaused", Text: "deletes are " + sweptText(state)})
	case d != nil && d.Held != "":
		out = append(out, issue{"deletesHeld", failure.DeletesHeld, "deletes: " + sweptText(state)})
	}
	return out
}
