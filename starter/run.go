package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/remote"
)

// Outcomes of a run, as --output json names them.
const (
	outcomeDone    = "done"
	outcomeSkipped = "skipped"
	outcomeStarted = "started"
	outcomeFailed  = "failed"
	outcomeBusy    = "busy"
	// outcomeStopped: this program stopped following, the run goes on.
	outcomeStopped = "stopped"
	// outcomeLost: Temporal no longer answers; a run that was started goes on.
	outcomeLost = "lost"
)

// outcome is what became of one table: the line of --output json.
type outcome struct {
	Table   string `json:"table"`
	Outcome string `json:"outcome"`
	remote.Execution
	Result  *api.SyncTableResult `json:"result,omitempty"`
	Failure *remote.FailedError  `json:"failure,omitempty"`

	err error
}

// rows is how many the run has read; 0 where it has no result.
func (o outcome) rows() int64 {
	if o.Result == nil {
		return 0
	}
	return o.Result.RowsExtracted
}

type runFlags struct {
	all    bool
	noWait bool
	input  api.SyncTableInput
}

func (a *app) runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run TABLE…",
		Short: "Bring tables up to date, and follow the runs",
		Long: "Run starts one run per table and follows them. Without a watermark a run is a first load;\n" +
			"later ones read what has changed. Ctrl-C stops following; the runs go on.\n\n" + exitHelp,
		Example: "  tablehaul run shop.orders\n  tablehaul run --all --if-busy skip --output json\n  tablehaul run 'shop.log_*'\n" +
			"  tablehaul run shop.orders --from '2024-05-01 00:00:00' --to '2024-06-01 00:00:00'",
		ValidArgsFunction: a.completeTables,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkRun(cmd, f, args); err != nil {
				return err
			}
			c, err := a.config()
			if err != nil {
				return err
			}
			sel, err := a.selectTables(c, args, f.all)
			if err != nil {
				return err
			}
			return a.runAll(cmd.Context(), f, c, sel)
		},
	}
	fl := cmd.Flags()
	fl.BoolVar(&f.all, "all", false, "every table that the configuration stands for")
	fl.BoolVar(&f.input.Full, "full", false, "start over: read the whole table and set the watermark anew")
	fl.StringVar(&f.input.From, "from", "", "backfill: read above this cursor value (exclusive); the watermark stays")
	fl.StringVar(&f.input.To, "to", "", "backfill: read up to this cursor value (inclusive); the watermark stays")
	fl.BoolVar(&f.noWait, "no-wait", false, "start and do not follow")
	fl.StringVar(&f.input.IfBusy, "if-busy", api.IfBusyFail, "when another run holds the table: fail, wait or skip")
	words := []string{api.IfBusyFail, api.IfBusyWait, api.IfBusySkip}
	_ = cmd.RegisterFlagCompletionFunc("if-busy", cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)) // fails only for an unknown flag
	cmd.MarkFlagsMutuallyExclusive("full", "from")
	cmd.MarkFlagsMutuallyExclusive("full", "to")
	a.outputFlag(cmd)
	return cmd
}

// checkRun checks the flags that cobra cannot.
func checkRun(cmd *cobra.Command, f runFlags, args []string) error {
	switch f.input.IfBusy {
	case api.IfBusyFail, api.IfBusyWait, api.IfBusySkip:
	default:
		return fmt.Errorf("--if-busy is %q: it is fail, wait or skip", f.input.IfBusy)
	}
	bounded := cmd.Flags().Changed("from") || cmd.Flags().Changed("to")
	switch {
	case bounded && (f.all || len(args) > 1 || len(args) == 1 && strings.Contains(args[0], "*")):
		return errors.New("--from and --to are values of one table's cursor: give one table")
	case bounded && f.input.From == "" && f.input.To == "":
		return errors.New("--from and --to are empty: give a cursor value")
	}
	return nil
}

// runAll starts and follows all tables side by side. How much happens at once is the workers'
// decision, not ours.
func (a *app) runAll(ctx context.Context, flags runFlags, c *config.Config, sel selection) error {
	s, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	names, err := a.expand(ctx, s, c, sel)
	if err != nil {
		return err
	}
	r := a.newRunner(ctx, s, names)
	defer r.follower.Close()
	results := make([]outcome, len(names))
	var group sync.WaitGroup
	for i, name := range names {
		group.Go(func() {
			in := flags.input
			in.Table = name
			results[i] = r.runTable(ctx, in, flags.noWait)
			r.display.finish(name, results[i].Outcome, results[i].rows())
		})
	}
	group.Wait()
	r.display.close()
	a.reportAll(results)
	return exitOf(results)
}

// reportAll prints the outcomes: runs that are done as one table where there are several.
func (a *app) reportAll(results []outcome) {
	var done []outcome
	for _, r := range results {
		if r.Outcome == outcomeDone {
			done = append(done, r)
		}
	}
	if len(done) < 2 || a.json() || a.quiet {
		done = nil
	}
	a.printDone(done)
	for _, r := range results {
		if done == nil || r.Outcome != outcomeDone {
			a.report(r)
		}
	}
}

func (a *app) printDone(done []outcome) {
	if len(done) == 0 {
		return
	}
	t := newGrid("Table", "Mode", "Read", "Inserted", "Updated", "Unchanged", "Took")
	t.right("Read", "Inserted", "Updated", "Unchanged", "Took")
	for _, o := range done {
		r := o.Result
		t.add(o.Table, r.Mode, humanize.Comma(r.RowsExtracted), humanize.Comma(r.Inserted), humanize.Comma(r.Updated), humanize.Comma(r.Unchanged), human.Seconds(r.Seconds[api.PhaseTotal]))
	}
	a.printGrid(t)
	for _, o := range done {
		if o.Result.HeldBack != "" {
			fmt.Fprintf(a.stdout, "%s held back: %s\n", o.Table, o.Result.HeldBack)
		}
		a.printWarnings(*o.Result)
	}
}

// runTable brings one table's run to an outcome.
func (r *runner) runTable(ctx context.Context, in api.SyncTableInput, noWait bool) outcome {
	e, err := r.start(ctx, in, noWait)
	var busy *remote.BusyError
	if errors.As(err, &busy) && in.IfBusy == api.IfBusySkip {
		skipped := api.SyncTableResult{Table: in.Table, Skipped: true, HolderID: busy.Holder.WorkflowID}
		return outcome{Table: in.Table, Outcome: outcomeSkipped, Result: &skipped}
	}
	if err != nil {
		return r.failed(ctx, in.Table, e, err)
	}
	if noWait {
		return outcome{Table: in.Table, Outcome: outcomeStarted, Execution: e}
	}
	result, err := r.follow(ctx, in.Table, e)
	if err != nil {
		return r.failed(ctx, in.Table, e, err)
	}
	out := outcome{Table: in.Table, Outcome: outcomeDone, Execution: e, Result: &result}
	if result.Skipped {
		out.Outcome = outcomeSkipped
	}
	return out
}

// failed sorts an error into an outcome.
func (a *app) failed(ctx context.Context, tbl string, e remote.Execution, err error) outcome {
	out := outcome{Table: tbl, Outcome: outcomeFailed, Execution: e, err: err}
	var busy *remote.BusyError
	switch {
	case errors.As(err, &busy):
		out.Outcome, out.Execution = outcomeBusy, busy.Holder
	case errors.As(err, &out.Failure):
		if out.Failure.Type == failure.TableBusy {
			out.Outcome = outcomeBusy
		}
	case ctx.Err() != nil:
		out.Outcome = outcomeStopped
	case remote.IsUnreachable(err):
		out.Outcome = outcomeLost
	}
	if out.Failure == nil && out.Outcome != outcomeStopped {
		out.Failure = &remote.FailedError{Type: failureTypes[out.Outcome], Message: err.Error()}
	}
	return out
}

// failureTypes name failures that no workflow had, for --output json.
var failureTypes = map[string]string{
	outcomeBusy: failure.TableBusy, outcomeLost: "TemporalUnavailable", outcomeFailed: "NotStarted",
}

// report prints the outcome of one table: results on stdout, the rest on stderr.
func (a *app) report(o outcome) {
	if a.json() {
		a.printJSON(o)
		return
	}
	if a.quiet && (o.Outcome == outcomeStarted || o.Outcome == outcomeSkipped || o.Outcome == outcomeDone) {
		return
	}
	switch o.Outcome {
	case outcomeStarted:
		fmt.Fprintf(a.stdout, "%s started: %s\n", o.Table, o.Execution)
	case outcomeStopped:
		fmt.Fprintf(a.stderr, "%s: stopped following; the run goes on (%s).\nLook again with: tablehaul status %s --follow\n", o.Table, o.Execution, o.Table)
	case outcomeSkipped:
		fmt.Fprintf(a.stdout, "%s skipped: another run holds the table%s\n", o.Table, holderText(o))
	case outcomeDone:
		a.printResult(*o.Result)
	case outcomeBusy:
		if o.err != nil && o.Failure.Message == o.err.Error() {
			fmt.Fprintf(a.stderr, "%s\n  remedy: %s\n", o.err.Error(), remedyOf(failure.TableBusy, o.Table))
			return
		}
		printFailure(a.stderr, o.Table, o.Execution, o.Failure)
	case outcomeLost:
		fmt.Fprintf(a.stderr, "%s: %s\n", o.Table, o.err.Error())
		if o.WorkflowID != "" {
			fmt.Fprintf(a.stderr, "The run goes on when Temporal is back (%s).\n", o.Execution)
		}
	default:
		printFailure(a.stderr, o.Table, o.Execution, o.err)
	}
}

func holderText(o outcome) string {
	if o.Result != nil && o.Result.HolderID != "" {
		return " (workflow " + o.Result.HolderID + ")"
	}
	return ""
}

func (a *app) printJSON(v any) {
	line, err := json.Marshal(v)
	if err != nil {
		fmt.Fprintf(a.stderr, "tablehaul: write JSON: %s\n", err.Error())
		return
	}
	fmt.Fprintf(a.stdout, "%s\n", line)
}

// exitOf is the exit code of several tables together: what needs somebody's attention first.
func exitOf(results []outcome) error {
	worst := map[string]int{
		outcomeStopped: exitStopped, outcomeLost: exitUnreachable, outcomeFailed: exitFailed, outcomeBusy: exitBusy,
	}
	for _, kind := range []string{outcomeStopped, outcomeLost, outcomeFailed, outcomeBusy} {
		for _, r := range results {
			var settings *remote.SettingsError
			switch {
			case r.Outcome != kind:
			case errors.As(r.err, &settings):
				return &exitError{code: exitUsage}
			default:
				return &exitError{code: worst[kind]}
			}
		}
	}
	return nil
}
