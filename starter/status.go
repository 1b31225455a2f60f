package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/remote"
	domain "github.com/tablehaul/tablehaul/internal/table"
)

// shownRuns is how many of the last runs status lists for a named table.
const shownRuns = 10

// tableStatus is a table's line of --output json.
type tableStatus struct {
	Table string `json:"table"`
	// State is missing where the table has never had a run.
	State *owner.State `json:"state,omitempty"`
	// Run is how far the run that holds the table is; missing where none does or it does not answer.
	Run *remote.Progress `json:"run,omitempty"`
	// Ended is how the run that still holds the table has ended without giving it back, such as
	// "terminated": the next run takes the table over.
	Ended string `json:"ended,omitempty"`
	// LagSeconds is how long ago the latest moment was up to which the target is known to hold
	// everything; missing where no run has said it.
	LagSeconds *float64 `json:"lagSeconds,omitempty"`
	// Schedule is the table's, if any.
	Schedule *remote.Schedule `json:"schedule,omitempty"`
	// Failure is the last run's, where it failed.
	Failure *remote.FailedError `json:"failure,omitempty"`
	// NoAnswer says why the table's owner did not answer; State is missing then.
	NoAnswer string `json:"noAnswer,omitempty"`
}

func (a *app) statusCommand() *cobra.Command {
	follow, watch := false, time.Duration(0)
	cmd := &cobra.Command{
		Use:   "status [TABLE…]",
		Short: "Show how fresh every table is, what goes on, and what is wrong",
		Long: "Status has a line for every table that is configured or has had a run, and below them whatever\n" +
			"waits or has failed, with what to do. Lag is the age of the latest moment of the source up to which\n" +
			"the target holds everything. With names, it shows the watermark and the last runs too.\n\n" + exitHelp,
		Example:           "  tablehaul status\n  tablehaul status --watch\n  tablehaul status shop.orders --follow",
		ValidArgsFunction: a.completeTables,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, names, err := a.asked(args)
			if err != nil {
				return err
			}
			switch {
			case follow && len(names) == 0:
				return errors.New("--follow needs the tables' names")
			case watch < 0 || watch > 0 && watch < minWatch:
				return fmt.Errorf("--watch is %s: allowed is %s and more", watch, minWatch)
			}
			s, err := a.connect(cmd.Context())
			if err != nil {
				return err
			}
			defer s.Close()
			if follow {
				return a.followAgain(cmd.Context(), s, names)
			}
			o := &overview{service: s, config: c, meters: map[string]*meter{}, watched: watch > 0}
			show := o.show
			if len(names) > 0 {
				show = func(ctx context.Context, a *app) error { return a.printDetails(ctx, s, c, names) }
			}
			if watch > 0 {
				return a.watch(cmd.Context(), watch, show)
			}
			return show(cmd.Context(), a)
		},
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "follow the runs that are going on, as run does")
	cmd.Flags().DurationVarP(&watch, "watch", "w", 0, "show it anew every so often, until Ctrl-C")
	cmd.Flags().Lookup("watch").NoOptDefVal = "2s"
	cmd.MarkFlagsMutuallyExclusive("follow", "watch")
	a.outputFlag(cmd)
	return cmd
}

// askTable collects what can be known of a table.
func (a *app) askTable(ctx context.Context, s service, name string) (tableStatus, error) {
	out := tableStatus{Table: name}
	state, found, err := s.State(ctx, name)
	if err != nil {
		return out, a.fromTemporal(ctx, a.explainSilence(ctx, s, err))
	}
	if !found {
		return out, nil
	}
	out.State = &state
	if !state.FreshAt.IsZero() {
		lag := max(0, time.Since(state.FreshAt).Seconds())
		out.LagSeconds = &lag
	}
	out.Failure = lastFailure(state)
	if l := state.Lease; l != nil {
		out.Run, out.Ended = askRun(ctx, s, remote.Execution{WorkflowID: l.WorkflowID, RunID: l.RunID})
	}
	return out, nil
}

// askRun returns how far a run is, or how it has ended; neither where nobody answers.
func askRun(ctx context.Context, s service, e remote.Execution) (*remote.Progress, string) {
	steps, stepsErr := s.Pending(ctx, e)
	if steps.Closed != "" {
		return nil, steps.Closed
	}
	status, err := s.Status(ctx, e)
	if err != nil && (stepsErr != nil || len(steps.Waits) == 0) {
		return nil, ""
	}
	run := remote.Join(status, steps)
	return &run, ""
}

// maxAsked bounds the tables that are asked for at once.
const maxAsked = 8

// askTables asks for several tables side by side; the answers are in the order of names. With
// patience, an owner that does not answer is an answer, too.
func (a *app) askTables(ctx context.Context, s service, names []string, patience bool) ([]tableStatus, error) {
	out := make([]tableStatus, len(names))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxAsked)
	for i, name := range names {
		group.Go(func() (err error) {
			out[i], err = a.askTable(ctx, s, name)
			if patience && err != nil && ctx.Err() == nil && !remote.IsUnreachable(err) {
				out[i].NoAnswer, err = err.Error(), nil
			}
			return err
		})
	}
	return out, group.Wait()
}

func (a *app) printDetails(ctx context.Context, s service, c *config.Config, names []string) error {
	all, err := a.askTables(ctx, s, names, false)
	if err != nil {
		return err
	}
	for _, one := range all {
		if err := a.known(c, one); err != nil {
			return err
		}
	}
	for i := range all {
		if one, found, err := s.Schedule(ctx, remote.ScheduleID(a.taskQueue, all[i].Table)); err == nil && found {
			all[i].Schedule = &one
		}
	}
	for _, one := range all {
		if a.json() {
			a.printJSON(one)
			continue
		}
		fmt.Fprintf(a.stdout, "%s\n  watermark:  %s\n  now:        %s\n", one.Table, watermarkText(one.State), nowText(one))
		if one.State != nil && one.State.Identity != nil {
			fmt.Fprintf(a.stdout, "  is of:      %s\n", one.State.Identity)
		}
		if one.LagSeconds != nil {
			fmt.Fprintf(a.stdout, "  lag:        %s\n", lagCell(one))
		}
		if one.Schedule != nil {
			fmt.Fprintf(a.stdout, "  schedule:   %s; next %s\n", one.Schedule.Text(), strings.Join(compact(nextText(*one.Schedule), one.Schedule.Note), ": "))
		}
		if one.State == nil {
			continue
		}
		a.printWaits(one.Run)
		if one.State.HeldBack != "" {
			fmt.Fprintf(a.stdout, "  held back:  %s, when it was last looked at\n", one.State.HeldBack)
		}
		a.printRuns(one.State.LastRuns, shownRuns)
		if one.Failure != nil {
			a.printTrouble(one)
		}
	}
	return nil
}

// printWaits says in full what a run waits for.
func (a *app) printWaits(run *remote.Progress) {
	if run == nil {
		return
	}
	for _, w := range run.Waits {
		if w.Step != "" { // what holds the table back is in its state
			fmt.Fprintf(a.stdout, "  %s\n", a.paint(a.stdout, yellow, waitText(w, time.Now())))
		}
	}
}

// windowCell leaves out what a column is too narrow for.
func windowCell(w domain.Window) string {
	if w.Lo == w.Hi {
		return ""
	}
	return w.String()
}

func watermarkText(state *owner.State) string {
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
		text := progressText(*one.Run, &meter{})
		if w, ok := one.Run.Stalled(); ok {
			text = strings.TrimPrefix(text+"; ", "; ") + waitCell(w, time.Now())
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

// followAgain follows what is going on, for whoever stopped following.
func (a *app) followAgain(ctx context.Context, s service, names []string) error {
	results := make([]outcome, 0, len(names))
	held := map[string]remote.Execution{}
	for _, name := range names {
		state, _, err := s.State(ctx, name)
		if err != nil {
			return a.fromTemporal(ctx, a.explainSilence(ctx, s, err))
		}
		if l := state.Lease; l != nil {
			held[name] = remote.Execution{WorkflowID: l.WorkflowID, RunID: l.RunID}
		}
	}
	r := a.newRunner(ctx, s, names)
	defer r.follower.Close()
	ended := make(chan outcome)
	for name, e := range held {
		go func() { ended <- r.followOne(ctx, name, e) }()
	}
	for range held {
		results = append(results, <-ended)
	}
	for _, name := range names {
		if _, ok := held[name]; !ok {
			r.display.finish(name, "idle", 0)
		}
	}
	r.display.close()
	for _, name := range names {
		if _, ok := held[name]; !ok && !a.json() {
			fmt.Fprintf(a.stdout, "%s: no run is going on\n", name)
		}
	}
	for _, o := range results {
		a.report(o)
	}
	return exitOf(results)
}

func (r *runner) followOne(ctx context.Context, name string, e remote.Execution) outcome {
	result, err := r.follow(ctx, name, e)
	out := outcome{Table: name, Outcome: outcomeDone, Execution: e, Result: &result}
	if err != nil {
		out = r.failed(ctx, name, e, err)
	}
	r.display.finish(name, out.Outcome, out.rows())
	return out
}
