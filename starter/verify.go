package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/remote"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// maxVerified bounds the comparisons at once: each reads both servers.
const maxVerified = 2

func (a *app) verifyCommand() *cobra.Command {
	var in api.VerifyTableInput
	var all bool
	cmd := &cobra.Command{
		Use:   "verify TABLE…|--all",
		Short: "Compare both sides of tables, row by row; nothing is written",
		Long: "Verify reads each table on both sides by short pages, and compares the rows up to the watermark less\n" +
			"the overlap. Runs go on meanwhile: rows that have changed since are counted as pending. A key " +
			"whose rows\n" +
			"differ is looked at once more after the overlap, and gets a verdict. A table without a cursor has no\n" +
			"watermark: what has changed since its last run differs. It ends with exit code 5 where two sides " +
			"differ.\n\n" +
			exitHelp,
		Example: "  tablehaul verify shop.orders\n  tablehaul verify --all --depth keys\n" +
			"  tablehaul verify shop.orders --output json",
		ValidArgsFunction: a.completeTables,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.config()
			if err != nil {
				return err
			}
			if in.Depth != api.DepthDigest && in.Depth != api.DepthKeys {
				return &exitError{exitUsage, fmt.Errorf("--depth %s: write digest or keys", in.Depth)}
			}
			sel, err := a.selectTables(c, args, all)
			if err != nil {
				return err
			}
			s, err := a.connect(cmd.Context())
			if err != nil {
				return err
			}
			defer s.Close()
			names, err := a.expand(cmd.Context(), s, c, sel)
			if err != nil {
				return err
			}
			return a.verifyAll(cmd.Context(), s, names, in)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "every table of the configuration")
	cmd.Flags().
		StringVar(&in.Depth, "depth", api.DepthDigest, "digest: all values of each row; keys: the key and the cursor")
	a.outputFlag(cmd)
	return cmd
}

// compared is what came of one table's comparison: one of the two is set.
type compared struct {
	Table   string                 `json:"table"`
	Receipt *api.VerifyTableResult `json:"receipt,omitempty"`
	Failure *remote.FailedError    `json:"failure,omitempty"`
}

// verifyAll compares tables side by side, and shows the receipts in the order asked for.
func (a *app) verifyAll(ctx context.Context, s service, names []string, in api.VerifyTableInput) error {
	all := make([]compared, len(names))
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(maxVerified)
	for i, name := range names {
		all[i].Table = name
		group.Go(func() error {
			one := in
			one.Table = name
			receipt, err := a.verifyOne(inner, s, one)
			if errors.As(err, &all[i].Failure) {
				return nil
			}
			all[i].Receipt = &receipt
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return a.fromTemporal(ctx, err)
	}
	code := exitOK
	for _, one := range all {
		a.printCompared(one)
		switch {
		case one.Failure != nil:
			code = exitFailed
		case one.Receipt.Differs && code == exitOK:
			code = exitDiffers
		}
	}
	if code != exitOK {
		return &exitError{code: code}
	}
	return nil
}

// verifyOne starts a comparison and waits for it, and says what it waits for.
func (a *app) verifyOne(ctx context.Context, s service, in api.VerifyTableInput) (api.VerifyTableResult, error) {
	if there, err := s.HasWorker(ctx); err == nil && !there {
		fmt.Fprintf(a.stderr, "%s: %s\n", in.Table, a.noWorker().Error())
	}
	e, err := s.StartVerify(ctx, in)
	if err != nil {
		return api.VerifyTableResult{}, err
	}
	printer := newWaitPrinter(func(text string) { fmt.Fprintf(a.stderr, "%s: %s\n", in.Table, text) })
	return await(ctx, a.interval(), func() (api.VerifyTableResult, error) { return s.WaitVerify(ctx, e) }, func() {
		if steps, err := s.Pending(ctx, e); err == nil {
			printer.update(time.Now(), steps.Waits)
		}
	})
}

// verdictTexts say what a verdict means, to who reads the receipt.
var verdictTexts = map[verify.Verdict]string{
	verify.Missing:   "rows of the source are not on the target",
	verify.Stale:     "the target's version is older",
	verify.Silent:    "the cursor is the same, and other values differ",
	verify.Newer:     "the target's cursor is above the source's",
	verify.Respelled: "the key has another spelling on the target",
	verify.Deleted:   "rows of the target are not at the source any more",
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
	verdict := a.paint(a.stdout, green, "equal")
	if r.Differs {
		verdict = a.paint(a.stdout, red, "differs")
	}
	fmt.Fprintf(a.stdout, "%s: %s\n", r.Table, verdict)
	line := func(key, format string, args ...any) {
		fmt.Fprintf(a.stdout, "  %-10s %s\n", key, fmt.Sprintf(format, args...))
	}
	what := "all values"
	if r.Depth == api.DepthKeys {
		what = "key and cursor"
	}
	line(
		"compared",
		"%s of %s, %s of %s: %s",
		human.Count(r.SourceRows, "row"),
		r.Table,
		human.Count(r.TargetRows, "row"),
		r.Target,
		what,
	)
	if r.Cursor != "" {
		line("up to", "%s %s", r.Cursor, r.AsOf)
	}
	if r.Pending > 0 {
		line("pending", "%s: changed since, and not compared", humanize.Comma(r.Pending))
	}
	for _, v := range verify.Differences() {
		if n := r.Verdicts[v]; n > 0 {
			line(string(v), "%s: %s", humanize.Comma(n), verdictTexts[v])
		}
	}
	if r.Differences != "" {
		line("keys", "%s in the worker's staging", r.Differences)
	}
	line("took", "%s, longest page %s", human.Seconds(r.Seconds), human.Seconds(r.LongestPage))
	for _, w := range r.Warnings {
		line("warning", "%s", w)
	}
}
