package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/config"
	domain "github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/workflows"
)

// shownRuns is how many of the last runs status lists for a named table.
const shownRuns = 10

// tableStatus is a table's line of --output json.
type tableStatus struct {
	Table string `json:"table"`
	// State is missing where the table has never had a run.
	State *workflows.TableStateView `json:"state,omitempty"`
	// Run is how far the run that holds the table is; missing where none does or it does not answer.
	Run *progress `json:"run,omitempty"`
	// Ended is how the run that still holds the table has ended without giving it back, such as
	// "terminated": the next run takes the table over.
	Ended string `json:"ended,omitempty"`
}

func (a *app) statusCommand() *cobra.Command {
	follow := false
	cmd := &cobra.Command{
		Use:               "status [TABLE…]",
		Short:             "Show watermarks, what is going on now, and the last runs",
		Long:              "Status shows every table that is configured or has had a run. With names, it lists the last runs too.\n\n" + exitHelp,
		ValidArgsFunction: a.completeTables,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.config()
			if err != nil {
				return err
			}
			// A table that has left the configuration still has a state to look at.
			names, err := a.tables(nil, args)
			if err != nil {
				return err
			}
			if follow && len(names) == 0 {
				return errors.New("--follow needs the tables' names")
			}
			s, err := a.connect(cmd.Context())
			if err != nil {
				return err
			}
			defer s.close()
			if follow {
				return a.followAgain(cmd.Context(), s, names)
			}
			if len(names) == 0 {
				if names, err = a.knownTables(cmd.Context(), s, c); err != nil {
					return a.fromTemporal(cmd.Context(), err)
				}
				return a.printOverview(cmd.Context(), s, names)
			}
			return a.printDetails(cmd.Context(), s, c, names)
		},
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "follow the runs that are going on, as run does")
	a.outputFlag(cmd)
	return cmd
}

// askTable collects what can be known of a table.
func (a *app) askTable(ctx context.Context, s service, name string) (tableStatus, error) {
	out := tableStatus{Table: name}
	state, found, err := s.state(ctx, name)
	if err != nil {
		return out, a.fromTemporal(ctx, a.silent(ctx, s, err))
	}
	if !found {
		return out, nil
	}
	out.State = &state
	if l := state.Lease; l != nil {
		out.Run, out.Ended = askRun(ctx, s, execution{l.WorkflowID, l.RunID})
	}
	return out, nil
}

// askRun returns how far a run is, or how it has ended; neither where nobody answers.
func askRun(ctx context.Context, s service, e execution) (*progress, string) {
	steps, stepsErr := s.pending(ctx, e)
	if steps.Closed != "" {
		return nil, steps.Closed
	}
	status, err := s.status(ctx, e)
	if err != nil && (stepsErr != nil || len(steps.Waits) == 0) {
		return nil, ""
	}
	run := join(status, steps)
	return &run, ""
}

// maxAsked bounds the tables that are asked for at once.
const maxAsked = 8

// askTables asks for several tables side by side; the answers are in the order of names.
func (a *app) askTables(ctx context.Context, s service, names []string) ([]tableStatus, error) {
	out := make([]tableStatus, len(names))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxAsked)
	for i, name := range names {
		group.Go(func() (err error) {
			out[i], err = a.askTable(ctx, s, name)
			return err
		})
	}
	return out, group.Wait()
}

func (a *app) printOverview(ctx context.Context, s service, names []string) error {
	all, err := a.askTables(ctx, s, names)
	if err != nil {
		return err
	}
	t := newGrid("Table", "Watermark", "Now", "Last run")
	for _, one := range all {
		if a.json() {
			a.printJSON(one)
			continue
		}
		t.add(one.Table, watermarkText(one.State), nowText(one), lastText(one.State))
	}
	switch {
	case a.json():
	case len(names) == 0:
		fmt.Fprintln(a.stdout, "No table is configured here, and none has had a run.")
	default:
		a.printGrid(t)
	}
	return nil
}

func (a *app) printDetails(ctx context.Context, s service, c *config.Config, names []string) error {
	all, err := a.askTables(ctx, s, names)
	if err != nil {
		return err
	}
	for _, one := range all {
		if err := a.known(c, one); err != nil {
			return err
		}
	}
	for _, one := range all {
		if a.json() {
			a.printJSON(one)
			continue
		}
		fmt.Fprintf(a.stdout, "%s\n  watermark:  %s\n  now:        %s\n", one.Table, watermarkText(one.State), nowText(one))
		if one.State == nil {
			continue
		}
		a.printWaits(one.Run)
		if one.State.HeldBack != "" {
			fmt.Fprintf(a.stdout, "  held back:  %s, when it was last looked at\n", one.State.HeldBack)
		}
		a.printRuns(one.State.LastRuns)
	}
	return nil
}

// printWaits says in full what a run waits for.
func (a *app) printWaits(run *progress) {
	if run == nil {
		return
	}
	for _, w := range run.Waits {
		if w.Step != "" { // what holds the table back is in its state
			fmt.Fprintf(a.stdout, "  %s\n", a.paint(a.stdout, yellow, w.text(time.Now())))
		}
	}
}

// printRuns lists the last runs, newest first.
func (a *app) printRuns(runs []activities.RunRecord) {
	if len(runs) == 0 {
		return
	}
	t := newGrid("Finished", "Mode", "Outcome", "Rows", "Took", "Window", "Failure")
	for _, r := range slices.Backward(runs[max(0, len(runs)-shownRuns):]) {
		t.add(r.Finished.UTC().Format("2006-01-02 15:04:05Z"), r.Mode, r.Outcome, number(r.Rows), span(seconds(r.Seconds)), windowCell(r.Window), r.Failure)
	}
	a.printGrid(t)
}

// windowCell leaves out what a column is too narrow for.
func windowCell(w domain.Window) string {
	if w.Lo == w.Hi {
		return ""
	}
	return w.String()
}

func watermarkText(state *workflows.TableStateView) string {
	if state == nil {
		return "none"
	}
	return orNone(state.Watermark)
}

func nowText(one tableStatus) string {
	switch {
	case one.State == nil:
		return "never run"
	case one.Ended != "":
		return "idle; the last run was " + one.Ended + ", the next one takes over"
	case one.Run != nil:
		text := one.Run.text(&meter{})
		if w, ok := one.Run.stalled(); ok {
			text = strings.TrimPrefix(text+"; ", "; ") + w.short(time.Now())
		}
		return text
	case one.State.Lease != nil:
		return "held by workflow " + one.State.Lease.WorkflowID + ", which does not answer"
	case one.State.HeldBack != "":
		return "idle; held back"
	default:
		return "idle"
	}
}

func lastText(state *workflows.TableStateView) string {
	if state == nil || len(state.LastRuns) == 0 {
		return ""
	}
	r := state.LastRuns[len(state.LastRuns)-1]
	text := fmt.Sprintf("%s %s ago, %s rows in %s", r.Outcome, span(time.Since(r.Finished).Truncate(time.Second)), number(r.Rows), span(seconds(r.Seconds)))
	if r.Failure != "" {
		typ, _, _ := strings.Cut(r.Failure, ":") // its text is in the table's own status
		text += ": " + typ
	}
	return text
}

// followAgain follows what is going on, for whoever stopped following.
func (a *app) followAgain(ctx context.Context, s service, names []string) error {
	d := a.display(names)
	results := make([]outcome, 0, len(names))
	held := map[string]execution{}
	for _, name := range names {
		state, _, err := s.state(ctx, name)
		if err != nil {
			return a.fromTemporal(ctx, a.silent(ctx, s, err))
		}
		if l := state.Lease; l != nil {
			held[name] = execution{l.WorkflowID, l.RunID}
		}
	}
	ended := make(chan outcome)
	for name, e := range held {
		go func() { ended <- a.followOne(ctx, s, name, e, d) }()
	}
	for range held {
		results = append(results, <-ended)
	}
	for _, name := range names {
		if _, ok := held[name]; !ok {
			d.finish(name, "idle", 0)
		}
	}
	d.close()
	for _, name := range names {
		if _, ok := held[name]; !ok && !a.json() {
			fmt.Fprintf(a.stdout, "%s: no run is going on\n", name)
		}
	}
	for _, r := range results {
		a.report(r)
	}
	return exitOf(results)
}

func (a *app) followOne(ctx context.Context, s service, name string, e execution, d display) outcome {
	result, err := a.follow(ctx, s, name, e, d)
	out := outcome{Table: name, Outcome: outcomeDone, execution: e, Result: &result}
	if err != nil {
		out = a.failed(ctx, name, e, err)
	}
	d.finish(name, out.Outcome, out.rows())
	return out
}
