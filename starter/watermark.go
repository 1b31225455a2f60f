package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/remote"
)

// tableWatermark is the line of --output json.
type tableWatermark struct {
	Table     string `json:"table"`
	Watermark string `json:"watermark"`
	Cursor    string `json:"cursor,omitempty"`
}

func (a *app) watermarkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "watermark",
		Short: "Show or move the point up to which a target is complete",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.watermarkShow(), a.watermarkSet(), a.watermarkAdopt())
	return cmd
}

func (a *app) watermarkShow() *cobra.Command {
	cmd := &cobra.Command{
		Use: "show TABLE…", Short: "Show the watermarks of tables",
		Args: cobra.MinimumNArgs(1), ValidArgsFunction: a.completeTables,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, all, err := a.askStates(cmd.Context(), a.configToShow, args)
			if err != nil {
				return err
			}
			defer s.Close()
			for _, one := range all {
				a.printWatermark(one, len(all) > 1)
			}
			return nil
		},
	}
	a.outputFlag(cmd)
	return cmd
}

// printWatermark prints the watermark of a table, with its name where there are several.
func (a *app) printWatermark(one tableStatus, several bool) {
	switch {
	case a.json():
		out := tableWatermark{Table: one.Table}
		if one.State != nil {
			out.Watermark, out.Cursor = one.State.Watermark, one.State.Cursor
		}
		a.printJSON(out)
	case several:
		fmt.Fprintf(a.stdout, "%s: %s\n", one.Table, watermarkText(one.State))
	default:
		fmt.Fprintln(a.stdout, watermarkText(one.State))
	}
}

// askStates connects, and asks for the tables that the arguments name. read is config, or configToShow of a command
// that changes nothing. The caller closes the service, unless there is an error.
func (a *app) askStates(
	ctx context.Context, read func() (*config.Config, error), args []string,
) (_ service, all []tableStatus, err error) {
	c, sel, err := a.selected(read, args)
	if err != nil {
		return nil, nil, err
	}
	s, err := a.connect(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if all, err = a.askKnown(ctx, s, c, sel); err != nil {
		return nil, nil, err
	}
	return s, all, nil
}

func (a *app) watermarkSet() *cobra.Command {
	forget, yes := false, false
	cmd := &cobra.Command{
		Use: "set {TABLE VALUE | TABLE… --none}", Short: "Move a table's watermark; the next run reads from there",
		Long: "Set moves the watermark by hand. A lower value makes the next run read more, which is harmless. A\n" +
			"higher value leaves out the rows between, so set asks first (--yes answers). A value above the\n" +
			"source's present time is refused. Set is also refused while a run holds the table.\n\n" +
			"VALUE is a value of the cursor as MySQL prints it: 42, 2024-05-01 or 2024-05-01 12:00:00.123456.\n" +
			"A TIMESTAMP is in UTC, a DATETIME in the writers' time zone. --none forgets the watermark, so that\n" +
			"the next run is a first load.\n\n" + exitHelp,
		Example: "  tablehaul watermark set shop.orders '2024-05-01 12:00:00'\n" +
			"  tablehaul watermark set shop.orders --none",
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: a.completeTables,
		RunE: func(cmd *cobra.Command, args []string) error {
			last := args[len(args)-1]
			switch isValue := cursorValue.MatchString(last); {
			case forget && isValue:
				return errors.New("give a value or --none, not both")
			case forget:
				return a.forgetWatermarks(cmd.Context(), args)
			case len(args) == 1:
				return errors.New("give a value, or --none to forget the watermark")
			case len(args) > 2:
				return errors.New("one command sets the watermark of one table: give its name and a value")
			case !isValue:
				return fmt.Errorf("%q is no value of a cursor: write 42, 2024-05-01 or 2024-05-01 12:00:00.123456",
					last)
			}
			return a.setWatermark(cmd.Context(), args[:1], last, yes)
		},
	}
	cmd.Flags().BoolVar(&forget, "none", false, "forget the watermark")
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	a.outputFlag(cmd)
	return cmd
}

// cursorValue is the text of an integer, a DATE, a DATETIME or a TIMESTAMP.
var cursorValue = regexp.MustCompile(`^(-?\d+|\d{4}-\d{2}-\d{2}( \d{2}:\d{2}:\d{2}(\.\d{1,6})?)?)$`)

// exactValue is the value as the server prints it. Only a worker knows the cursor's type, so exactValue asks for a
// preview of a backfill from there. A watermark that is no value of the cursor would fail every later run.
func (a *app) exactValue(ctx context.Context, s service, name, value string, yes bool) (string, error) {
	p, err := askOne(ctx, a, s, name, previews(s, api.PlanTableInput{From: value}))
	var failed *remote.FailedError
	switch {
	case errors.As(err, &failed) && failed.Type == failure.InvalidInput:
		why := strings.TrimPrefix(cmp.Or(failed.What, failed.Message), "from ") // as the preview calls the value
		return "", exitf(exitUsage, "%s: %q %s; the watermark stays", name, value, why)
	case errors.As(err, &failed):
		printFailure(a.stderr, name, remote.Execution{WorkflowID: api.PlanTableID(a.taskQueue, name)}, err)
		return "", &exitError{code: exitFailed}
	case err != nil:
		return "", a.fromTemporal(ctx, err)
	case p.Verdict != api.VerdictReady:
		return "", exitf(exitFailed, "a run of %s would be refused, so its watermark stays: see tablehaul plan %s",
			name, human.Arg(name))
	case p.Window.Lo == "":
		why := cmp.Or(p.HeldBack, "there is nothing to read")
		return "", exitf(exitFailed, "%s cannot be checked now, so its watermark stays: %s", name, why)
	}
	question := fmt.Sprintf("Leave out the rows of %s between the watermark %s and %s?", name, p.Watermark, p.Window.Lo)
	if p.AboveWatermark && !yes && (a.json() || !a.confirm(question)) {
		return "", exitf(exitUsage, "%s: %s is above the watermark %s, so no run would read the rows between: --yes "+
			"sets it anyway", name, p.Window.Lo, p.Watermark)
	}
	return p.Window.Lo, nil
}

// setWatermark checks the value, and sets it.
func (a *app) setWatermark(ctx context.Context, args []string, value string, yes bool) error {
	c, err := a.config()
	if err != nil {
		return err
	}
	names, err := a.tables(c, args)
	if err != nil {
		return err
	}
	cursor := ""
	if settings := settingsOf(c, names[0]); settings != nil {
		if cursor = settings.Columns.TargetName(settings.Cursor); cursor == "" {
			return exitf(exitUsage, "%s has no cursor, and so no watermark: every run reads the whole table", names[0])
		}
	}
	s, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	if value, err = a.exactValue(ctx, s, names[0], value, yes); err != nil {
		return err
	}
	return a.changeWatermark(ctx, s, names[0], owner.SetRequest{Watermark: value, Cursor: cursor})
}

// forgetWatermarks forgets the watermarks of the tables that the arguments name.
func (a *app) forgetWatermarks(ctx context.Context, args []string) error {
	s, all, err := a.askStates(ctx, a.config, args)
	if err != nil {
		return err
	}
	defer s.Close()
	each := tableErrors{app: a}
	for _, one := range all {
		failed := a.changeWatermark(ctx, s, one.Table, owner.SetRequest{})
		if err := each.take(ctx, one.Table, failed); err != nil {
			return err
		}
	}
	return each.err()
}

// changeWatermark asks the state workflow for a change, and prints the result.
func (a *app) changeWatermark(ctx context.Context, s service, name string, req owner.SetRequest) error {
	state, err := s.SetWatermark(ctx, name, req)
	var failed *remote.FailedError
	switch {
	case errors.As(err, &failed) && failed.Type == failure.TableBusy:
		return &exitError{exitBusy, err}
	case err != nil:
		return a.fromTemporal(ctx, a.explainSilence(ctx, s, err))
	case a.json():
		a.printJSON(tableWatermark{name, state.Watermark, state.Cursor})
	case req.Adopt && state.Watermark == "":
		fmt.Fprintf(a.stdout, "%s: the next run takes the target over, and loads it again\n", name)
	case req.Adopt:
		fmt.Fprintf(a.stdout, "%s: the next run binds the watermark %s to the servers, target and cursor that it "+
			"finds\n", name, state.Watermark)
	default:
		fmt.Fprintf(a.stdout, "%s: the watermark is %s\n", name, orNone(state.Watermark))
	}
	return nil
}
