package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/remote"
	"github.com/tablehaul/tablehaul/internal/sealed"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// shownAtOnce is how many differences one question asks for.
const shownAtOnce = 1000

func (a *app) verifyShowCommand() *cobra.Command {
	in := api.ShowDifferencesInput{}
	cmd := &cobra.Command{
		Use:   "show TABLE [RUN]",
		Short: "Print the keys that a comparison found to differ",
		Long: "Show prints the list of differences of a comparison: the key of each row, the verdict, and the\n" +
			"cursor of both sides. RUN is the run of a receipt; without it, the list is that of the last\n" +
			"comparison. The list is in the worker's staging. A worker reads it, and encrypts its answer for\n" +
			"this one command: Temporal keeps no key in clear text. Bytes that are no text are printed as 0x\n" +
			"and hexadecimal digits.\n\n" +
			exitHelp,
		Example: "  tablehaul verify show shop.orders\n" +
			"  tablehaul verify show shop.orders --verdict missing --limit 0\n" +
			"  tablehaul verify show shop.orders --output json",
		Args:              cobra.RangeArgs(1, 2),
		ValidArgsFunction: a.completeTables,
		RunE: func(cmd *cobra.Command, args []string) error {
			if in.Verdict != "" && !verify.Verdict(in.Verdict).Differs() {
				return exitf(exitUsage, "--verdict %s: write %s", in.Verdict, verdictWords())
			}
			if in.Limit < 0 {
				return exitf(exitUsage, "--limit %d: write a number, or 0 for all", in.Limit)
			}
			names, err := a.tables(nil, args[:1])
			if err != nil {
				return err
			}
			if in.Table = names[0]; len(args) > 1 {
				in.Run = args[1]
			}
			s, err := a.connect(cmd.Context())
			if err != nil {
				return err
			}
			defer s.Close()
			return a.showDifferences(cmd.Context(), s, in)
		},
	}
	cmd.Flags().StringVar(&in.Verdict, "verdict", "", "only "+verdictWords())
	completeFlag(cmd, "verdict", strings.Split(verdictWords(), ", ")...)
	cmd.Flags().IntVar(&in.Limit, "limit", 100, "how many to print at most; 0: all")
	a.outputFlag(cmd)
	return cmd
}

func verdictWords() string {
	var out []string
	for _, v := range verify.Differences() {
		out = append(out, string(v))
	}
	return strings.Join(out, ", ")
}

// showDifferences prints a list of differences page by page, at most in.Limit, 0 for all.
func (a *app) showDifferences(ctx context.Context, s service, in api.ShowDifferencesInput) error {
	receipt, found, err := s.Comparison(ctx, in.Table, in.Run)
	if err != nil {
		return a.fromTemporal(ctx, err)
	}
	if found {
		in.Run, in.Queue = receipt.Run, receipt.Queue
	}
	printed, most := 0, in.Limit
	for {
		if in.Limit = shownAtOnce; most > 0 {
			in.Limit = min(shownAtOnce, most-printed)
		}
		out, page, err := a.differencePage(ctx, s, in)
		if err != nil {
			return err
		}
		a.printDifferencePage(in.Table, out.Run, page)
		printed += out.Shown
		switch {
		case out.Next == 0 && printed == 0:
			a.printNote("%s: the comparison %s found no such difference", in.Table, out.Run)
			return nil
		case out.Next == 0:
			return nil
		case most > 0 && printed >= most:
			a.printNote("there are more: --limit 0 prints all")
			return nil
		}
		in.Run, in.After = out.Run, out.Next
	}
}

// differencePage asks a worker for a page.
func (a *app) differencePage(
	ctx context.Context, s service, in api.ShowDifferencesInput,
) (out api.ShowDifferencesResult, page api.DifferencePage, err error) {
	key, err := sealed.NewKey()
	if err != nil {
		return out, page, err
	}
	q := question[api.ShowDifferencesResult]{
		start: func(ctx context.Context, _ string) (remote.Execution, error) { return s.StartShow(ctx, in, key) },
		wait: func(ctx context.Context, e remote.Execution) (out api.ShowDifferencesResult, err error) {
			out, page, err = s.WaitShow(ctx, e, in.Table, key)
			return out, err
		},
	}
	out, err = askOne(ctx, a, s, in.Table, q)
	var failed *remote.FailedError
	switch {
	case err == nil:
		return out, page, nil
	case errors.As(err, &failed):
		return out, page, exitf(exitFailed, "%s: %s; %s", in.Table, failed.Message, failed.Remedy)
	}
	return out, page, a.fromTemporal(ctx, err)
}

// shownDifference is a line of --output json.
type shownDifference struct {
	Table string `json:"table"`
	Run   string `json:"run"`
	// Key has the key's values by column. Bytes of a binary column are 0x and hexadecimal digits.
	Key          map[string]string `json:"key"`
	Verdict      string            `json:"verdict"`
	SourceCursor string            `json:"sourceCursor,omitempty"`
	TargetCursor string            `json:"targetCursor,omitempty"`
}

func (a *app) printDifferencePage(tbl, run string, page api.DifferencePage) {
	if a.json() {
		for _, d := range page.Differences {
			one := shownDifference{
				Table: tbl, Run: run, Key: keyTexts(page.Columns, d.Key), Verdict: d.Verdict,
				SourceCursor: d.SourceCursor, TargetCursor: d.TargetCursor,
			}
			a.printJSON(one)
		}
		return
	}
	if len(page.Differences) == 0 {
		return
	}
	var headings []string
	for _, c := range page.Columns {
		headings = append(headings, c.Name)
	}
	t := newGrid(append(headings, "Verdict", "At the source", "On the target")...)
	for _, d := range page.Differences {
		var cells []string
		for i, c := range page.Columns {
			cells = append(cells, valueText(d.Key[i], c.Binary))
		}
		t.add(append(cells, d.Verdict, d.SourceCursor, d.TargetCursor)...)
	}
	a.printGrid(t)
}

// keyTexts are a key's values by column, as they are; bytes as hexadecimal digits.
func keyTexts(columns []api.DifferenceColumn, key [][]byte) map[string]string {
	out := make(map[string]string, len(columns))
	for i, c := range columns {
		out[c.Name] = string(key[i])
		if c.Binary {
			out[c.Name] = hexText(key[i])
		}
	}
	return out
}

// valueText is a value for people: text as it is where it can be read, else in quotes with escapes; bytes as
// hexadecimal digits.
func valueText(v []byte, binary bool) string {
	if binary {
		return hexText(v)
	}
	text := string(v)
	unclear := func(r rune) bool { return !unicode.IsPrint(r) || r == '"' || r == '\\' }
	if text == "" || strings.TrimSpace(text) != text || slices.ContainsFunc([]rune(text), unclear) {
		return strconv.Quote(text)
	}
	return text
}

func hexText(v []byte) string { return fmt.Sprintf("0x%s", hex.EncodeToString(v)) }
