package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/remote"
	"github.com/tablehaul/tablehaul/internal/verify"
)

func (a *app) verifyCommand() *cobra.Command {
	var in api.VerifyTableInput
	var all bool
	cmd := &cobra.Command{
		Use:   "verify TABLE…|--all",
		Short: "Compare both sides of tables, row by row, and repair what differs",
		Long: "Verify reads each table on both sides by short pages, and compares the rows up to the watermark less\n" +
			"the overlap. Runs go on meanwhile: rows that have changed since are counted as pending. A key whose\n" +
			"rows differ is looked at once more after the overlap, and gets a verdict. A table without a cursor has\n" +
			"no watermark: what has changed since its last run differs. It ends with exit code 5 where two sides\n" +
			"differ. Nothing is written, unless --repair is given: then the rows that differ are written as the\n" +
			"source has them, under the table's lease, a batch at a time. Rows that are not at the source any more\n" +
			"stay. `tablehaul undo` takes a repair back.\n\n" + exitHelp,
		Example: "  tablehaul verify shop.orders\n  tablehaul verify --all --depth keys\n" +
			"  tablehaul verify shop.orders --output json\n" +
			"  tablehaul verify shop.orders --depth sample --share 0.1\n" +
			"  tablehaul verify shop.orders --since\n" +
			"  tablehaul verify --all --dry-run\n" +
			"  tablehaul verify shop.orders --repair",
		ValidArgsFunction: a.completeTables,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.config()
			if err != nil {
				return err
			}
			if err := checkVerifyFlags(in); err != nil {
				return err
			}
			sel, err := a.selectTables(c, args, all)
			if err != nil {
				return err
			}
			return a.verifyAll(cmd.Context(), c, sel, in)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "every table of the configuration")
	cmd.Flags().StringVar(&in.Depth, "depth", api.DepthDigest,
		"digest: all values of each row; keys: the key and the cursor; sample: all values of a share of the rows")
	completeFlag(cmd, "depth", api.Depths()...)
	cmd.Flags().BoolVar(&in.Since, "since", false,
		"only rows whose cursor has risen since the last comparison; deletes and silent changes are not seen")
	cmd.Flags().BoolVar(&in.DryRun, "dry-run", false,
		"print what a comparison would read and how long it would take")
	cmd.Flags().Float64Var(&in.Share, "share", 0,
		"how much of the table a sample compares, from where the last one ended (default a thirtieth)")
	cmd.Flags().BoolVar(&in.Repair, "repair", false, "write the rows that differ as the source has them")
	cmd.Flags().BoolVar(&in.OverwriteNewer, "overwrite-newer", false,
		"with --repair: also rows that are newer on the target")
	a.webFlag(cmd)
	a.outputFlag(cmd)
	cmd.AddCommand(a.verifyShowCommand())
	return cmd
}

// checkVerifyFlags refuses flags that do not go together.
func checkVerifyFlags(in api.VerifyTableInput) error {
	switch {
	case !slices.Contains(api.Depths(), in.Depth):
		return exitf(exitUsage, "--depth %s: write digest, keys or sample", in.Depth)
	case in.Share < 0 || in.Share > 1:
		return exitf(exitUsage, "--share %g: write a number above 0 and up to 1", in.Share)
	case in.Since && in.Depth == api.DepthSample:
		return exitf(exitUsage, "--since is of --depth digest or keys")
	case in.Share > 0 && in.Depth != api.DepthSample:
		return exitf(exitUsage, "--share is of --depth sample")
	case in.DryRun && in.Repair:
		return exitf(exitUsage, "--dry-run estimates a comparison, and --repair writes: give one of them")
	case in.OverwriteNewer && !in.Repair:
		return exitf(exitUsage, "--overwrite-newer says which rows --repair writes: give both")
	}
	return nil
}

// compared is what came of one table's comparison: one of the two is set.
type compared struct {
	Table   string                 `json:"table"`
	Receipt *api.VerifyTableResult `json:"receipt,omitempty"`
	Failure *remote.FailedError    `json:"failure,omitempty"`
}

// verifyAll compares tables side by side, and shows the receipts in the order of the arguments.
func (a *app) verifyAll(ctx context.Context, c *config.Config, sel selection, in api.VerifyTableInput) error {
	all, err := askAll(ctx, a, c, sel, func(s service) question[api.VerifyTableResult] {
		return a.comparisons(s, in)
	})
	if err != nil {
		return err
	}
	return showEach(all, func(one answer[api.VerifyTableResult]) {
		a.printCompared(compared{one.table, one.result, one.failed})
	}, func(r *api.VerifyTableResult) bool { return r.Differs })
}

// comparisons ask for a comparison of each table, or a sweep of its deletes.
func (a *app) comparisons(s service, in api.VerifyTableInput) question[api.VerifyTableResult] {
	return question[api.VerifyTableResult]{
		limit: 2, wait: s.WaitVerify,
		show: a.verifyDisplay, rows: func(r api.VerifyTableResult) int64 { return r.SourceRows },
		start: func(ctx context.Context, table string) (remote.Execution, error) {
			one := in
			one.Table = table
			return s.StartVerify(ctx, one)
		},
	}
}

// verifyDisplay shows how far comparisons are: bars on a terminal, and lines beside the receipts otherwise.
func (a *app) verifyDisplay(names []string) display {
	d := a.display(names)
	if _, ok := d.(*lines); ok {
		return newLines(a.stderr, a.stderr, false, time.Now)
	}
	return d
}

// verdictTexts say what a verdict means, to who reads the receipt.
var verdictTexts = map[verify.Verdict]string{
	verify.Missing:   "rows of the source are not on the target",
	verify.Stale:     "the target's version is older",
	verify.Silent:    "the cursor is the same, and other values differ",
	verify.Newer:     "the target's cursor is above the source's",
	verify.Respelled: "the key has another spelling on the target",
	verify.Deleted:   "rows of the target are not at the source any more",
	verify.Extra:     "rows of the target are not at the source, and may be those of others",
}

// comparedBasis says what an estimate of a comparison's time goes by.
var comparedBasis = map[string]string{
	api.BasisEarlier: "at the speed of the last one", api.BasisGuess: "a guess until the table was compared",
}

// printEstimate prints what a dry run has found.
func (a *app) printEstimate(r api.VerifyTableResult) {
	e := r.Estimate
	fmt.Fprintf(a.stdout, "%s: about %s at the source, %s on the target, %s in %s; takes %s, %s\n", r.Table,
		human.Count(e.SourceRows, "row"), human.Count(e.TargetRows, "row"), human.Size(e.Bytes),
		human.Count(int64(r.Ranges), "range"), human.Seconds(e.Seconds), comparedBasis[e.Basis])
}

func (a *app) printCompared(one compared) {
	switch {
	case a.json():
		a.printJSON(one)
		return
	case one.Failure != nil:
		printFailure(
			a.stderr,
			one.Table,
			remote.Execution{WorkflowID: api.VerifyTableID(a.taskQueue, one.Table)},
			one.Failure,
		)
		return
	}
	r := one.Receipt
	if r.Estimate != nil {
		a.printEstimate(*r)
		return
	}
	verdict := a.paint(a.stdout, green, "equal")
	if r.Differs {
		verdict = a.paint(a.stdout, red, "differs")
	}
	fmt.Fprintf(a.stdout, "%s: %s\n", r.Table, verdict)
	a.printScope(r)
	for _, v := range verify.Differences() {
		if n := r.Verdicts[v]; n > 0 {
			a.printLine(string(v), "%s: %s", humanize.Comma(n), verdictTexts[v])
		}
	}
	if n := r.Verdicts[verify.Quarantined]; n > 0 {
		a.printLine(string(verify.Quarantined), "%s: rows that the target has refused", humanize.Comma(n))
	}
	a.printRepair(r)
	if r.Differences != "" {
		a.printLine("keys", "tablehaul verify show %s %s", human.Arg(r.Table), r.Run)
	}
	a.printLine("digest", "%s of the %s", r.Digest, human.Clause(r.Equal, "row", "that is equal", "that are equal"))
	a.printLine("took", "%s, longest page %s", human.Seconds(r.Seconds), human.Seconds(r.LongestPage))
	for _, w := range r.Warnings {
		a.printLine("warning", "%s", w)
	}
}

// printScope says what was compared.
func (a *app) printScope(r *api.VerifyTableResult) {
	what := "all values"
	if r.Depth == api.DepthKeys {
		what = "key and cursor"
	}
	if r.KeysOnly {
		what = "keys"
	}
	a.printLine("compared", "%s of %s, %s of %s: %s", human.Count(r.SourceRows, "row"), r.Table,
		human.Count(r.TargetRows, "row"), r.Target, what)
	if r.Replay != "" {
		a.printLine("replayed", "the keys of run %s", r.Replay)
	}
	if r.Since != "" {
		a.printLine("since", "%s %s: deleted rows and changes that left the cursor as it was are not seen",
			r.Cursor, r.Since)
	}
	if f := r.Files; f != nil {
		a.printLine("files", "%s of %s, %s", human.Count(f.Files, "file"), human.Count(f.Loads, "load"),
			human.Size(f.Bytes))
	}
	if r.Superseded > 0 {
		a.printLine("superseded", "%s: the target has a newer version", humanize.Comma(r.Superseded))
	}
	if r.Refused > 0 {
		a.printLine("refused", "%s: rows of the files that cannot be converted", humanize.Comma(r.Refused))
	}
	if r.Cursor != "" {
		a.printLine("up to", "%s %s", r.Cursor, r.AsOf)
	}
	if s := r.Sample; s != nil {
		a.printLine("sample", "%g %% to %g %% of the rows, by key; the next one goes on there", s.From, s.To)
	}
	if r.Pending > 0 {
		a.printLine("pending", "%s: changed since, and not compared", humanize.Comma(r.Pending))
	}
}
