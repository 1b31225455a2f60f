package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/workflows"
)

func (a *app) planCommand() *cobra.Command {
	var in workflows.PlanTableInput
	all := false
	cmd := &cobra.Command{
		Use:   "plan TABLE…",
		Short: "Check tables, and say what a run would do; nothing is written",
		Long: "Plan does what a run does before its first write: it looks at both tables, chooses the window\n" +
			"and cuts the ranges. It ends with exit code 1 where a run would be refused.\n\n" + exitHelp,
		ValidArgsFunction: a.completeTables,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.config()
			if err != nil {
				return err
			}
			sel, err := a.selectTables(c, args, all)
			if err != nil {
				return err
			}
			return a.planAll(cmd.Context(), c, sel, in)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "every table that the configuration stands for")
	cmd.Flags().BoolVar(&in.Full, "full", false, "as if run with --full")
	cmd.Flags().StringVar(&in.From, "from", "", "as if run with --from")
	cmd.Flags().StringVar(&in.To, "to", "", "as if run with --to")
	a.outputFlag(cmd)
	return cmd
}

func (a *app) planAll(ctx context.Context, c *config.Config, sel selection, in workflows.PlanTableInput) error {
	s, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	names, err := a.expand(ctx, s, c, sel)
	if err != nil {
		return err
	}
	code := exitOK
	for _, name := range names {
		in.Table = name
		p, err := a.planOne(ctx, s, in)
		var failed *failedError
		switch {
		case errors.As(err, &failed):
			code = exitFailed
			if a.json() {
				a.printJSON(outcome{Table: name, Outcome: outcomeFailed, Failure: failed})
				continue
			}
			printFailure(a.stderr, name, execution{WorkflowID: workflows.PlanTableID(name)}, err)
		case err != nil:
			return a.fromTemporal(ctx, err)
		default:
			if p.Verdict != activities.VerdictReady {
				code = exitFailed
			}
			a.printPlan(p)
		}
	}
	if code != exitOK {
		return &exitError{code: code}
	}
	return nil
}

// planOne waits for the preview, and says so when nobody works on it.
func (a *app) planOne(ctx context.Context, s service, in workflows.PlanTableInput) (workflows.PlanTableResult, error) {
	if there, err := s.workers(ctx); err == nil && !there {
		fmt.Fprintf(a.stderr, "%s: %s\n", in.Table, a.noWorker().Error())
	}
	e, err := s.startPlan(ctx, in)
	if err != nil {
		return workflows.PlanTableResult{}, err
	}
	teller := newWaitTeller(func(text string) { fmt.Fprintf(a.stderr, "%s: %s\n", in.Table, text) })
	return await(ctx, a.interval(), func() (workflows.PlanTableResult, error) { return s.waitPlan(ctx, e) }, func() {
		if steps, err := s.pending(ctx, e); err == nil {
			teller.tell(time.Now(), steps.Waits)
		}
	})
}

func (a *app) printPlan(p workflows.PlanTableResult) {
	if a.json() {
		a.printJSON(p)
		return
	}
	verdict := a.paint(a.stdout, green, p.Verdict)
	if p.Verdict != activities.VerdictReady {
		verdict = a.paint(a.stdout, red, p.Verdict)
	}
	fmt.Fprintf(a.stdout, "%s → %s: %s\n", p.Table, p.Target, verdict)
	switch p.Mode {
	case "":
	case activities.ModeWhole:
		fmt.Fprintf(a.stdout, "  mode:       whole: the table has no cursor, every run reads all of it\n")
	default:
		fmt.Fprintf(a.stdout, "  mode:       %s\n  window:     %s\n  watermark:  %s\n", p.Mode, windowText(p.Window), orNone(p.Watermark))
	}
	rows := "about " + number(p.RowsEstimate) + " rows"
	if p.RowsEstimate == 0 { // InnoDB says so of a table of a million rows until its statistics are made
		rows = "no estimate of its rows yet"
	}
	fmt.Fprintf(a.stdout, "  table:      %s, %s\n", rows, size(p.BytesEstimate))
	if p.Ranges > 0 {
		fmt.Fprintf(a.stdout, "  ranges:     %s\n", number(int64(p.Ranges)))
		index := p.Index
		if index == "" {
			index = "none: the whole table is scanned"
		}
		fmt.Fprintf(a.stdout, "  index:      %s\n", index)
	}
	if p.HeldBack != "" {
		fmt.Fprintf(a.stdout, "  held back:  %s\n", p.HeldBack)
	}
	for _, statement := range p.Statements {
		if p.Verdict != activities.VerdictReady {
			break // nothing would run
		}
		fmt.Fprintf(a.stdout, "  would run:\n    %s\n", strings.ReplaceAll(statement, "\n", "\n    "))
	}
	for _, f := range p.Findings {
		text := f.Text
		if f.Column != "" && !strings.Contains(text, f.Column) {
			text = f.Column + ": " + text
		}
		level := fmt.Sprintf("%-12s", f.Level+":")
		if c := levelColours[f.Level]; c != "" {
			level = a.paint(a.stdout, c, level)
		}
		fmt.Fprintf(a.stdout, "  %s%s\n", level, text)
		if f.Remedy != "" {
			fmt.Fprintf(a.stdout, "  %-12s→ %s\n", "", f.Remedy)
		}
	}
}

var levelColours = map[mysqldb.Level]colour{mysqldb.LevelRefuse: red, mysqldb.LevelWarn: yellow}
