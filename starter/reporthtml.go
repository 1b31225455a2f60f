package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/report"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/verify"
)

func (a *app) reportCommand() *cobra.Command {
	file := ""
	cmd := &cobra.Command{
		Use:   "report --html FILE [TABLE…]",
		Short: "Write a page about all tables: freshness, runs, comparisons, what is wrong",
		Long: "Report asks what status asks, and writes it as one HTML file that loads nothing and runs no\n" +
			"script: it can be mailed, or put on any web server. A file that is there is replaced at once, so\n" +
			"that a reader never sees half of it. FILE may be - for standard output.\n\n" + exitHelp,
		Example:           "  tablehaul report --html tablehaul.html\n  tablehaul report --html - shop.orders",
		ValidArgsFunction: a.completeTables,
		RunE: func(cmd *cobra.Command, args []string) error {
			if file == "" {
				return errors.New("name the file to write: --html FILE")
			}
			c, sel, err := a.tablesToShow(args)
			if err != nil {
				return err
			}
			s, err := a.connect(cmd.Context())
			if err != nil {
				return err
			}
			defer s.Close()
			return a.writeReport(cmd.Context(), &overview{
				service: s, config: c, selected: sel, meters: map[string]*meter{},
			}, file)
		},
	}
	cmd.Flags().StringVar(&file, "html", "", "the file to write; - is standard output")
	return cmd
}

// writeReport writes the page. A table that gives no answer is an issue of the page.
func (a *app) writeReport(ctx context.Context, o *overview, file string) error {
	all, err := o.ask(ctx, a)
	if err != nil {
		return err
	}
	page := report.Page{At: time.Now(), Queue: a.taskQueue}
	for _, one := range all {
		if !o.selected.all && one.NoAnswer == "" {
			if err := a.checkKnown(o.config, one); err != nil {
				return err
			}
		}
		page.Tables = append(page.Tables, reported(o, one))
	}
	var text bytes.Buffer
	if err := report.Write(&text, page); err != nil {
		return err
	}
	if file == "-" {
		_, err := a.stdout.Write(text.Bytes())
		return err
	}
	if err := replaceFile(file, text.Bytes()); err != nil {
		return exitf(exitFailed, "write the report: %w", err)
	}
	if !a.quiet {
		fmt.Fprintf(a.stdout, "%s: %s\n", file, human.Count(len(all), "table"))
	}
	return nil
}

// replaceFile writes a file in one step: a reader sees the old content or the new one.
func replaceFile(file string, content []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+".*")
	if err != nil {
		return err
	}
	_, err = temp.Write(content)
	const readable = 0o644 // it is made to be read by others, and holds no row
	err = errors.Join(err, temp.Chmod(readable), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	return nil
}

// reported is a table as the page shows it.
func reported(o *overview, one tableStatus) report.Table {
	out := report.Table{Name: one.Table, Now: nowText(one), Next: nextCell(one)}
	if one.NoAnswer != "" {
		out.Now = "no answer"
	}
	if n, err := table.ParseName(one.Table); err == nil && o.config != nil {
		if t, err := o.config.Table(n); err == nil {
			out.Target = t.Target.String()
		}
	}
	out.Lag, out.StaleAfter = duration(one.LagSeconds), duration(one.StaleAfterSeconds)
	for _, m := range one.problems() {
		out.Issues = append(out.Issues, report.Issue{
			Text: m.Text, Remedy: m.remedy(one.Table), Serious: m.serious(),
		})
	}
	if one.State == nil {
		return out
	}
	out.Watermark, out.Deletes = one.State.Watermark, sweptText(one.State)
	out.Quarantine, out.Verify = quarantineText(one.State.Quarantine), comparedOf(one.State.LastVerify)
	for _, r := range one.State.LastRuns {
		out.Runs = append(out.Runs, report.Run{
			Finished: r.Finished, Mode: r.Mode, Outcome: r.Outcome, Window: windowCell(r.Window), Rows: r.Rows,
			Took: seconds(r.Seconds), Failure: r.Failure,
		})
	}
	return out
}

func duration(s *float64) *time.Duration {
	if s == nil {
		return nil
	}
	d := seconds(*s)
	return &d
}

// comparedOf is a comparison as the page shows it.
func comparedOf(v *owner.VerifyRecord) *report.Verify {
	if v == nil {
		return nil
	}
	out := &report.Verify{
		At: v.At, Depth: v.Depth, Partial: v.Partial, SourceRows: v.SourceRows, Pending: v.Pending,
		Took: seconds(v.Seconds),
	}
	open := v.Open()
	for _, verdict := range verify.Differences() {
		if keys := open[verdict]; keys > 0 {
			out.Differing = append(out.Differing, report.Count{Name: string(verdict), N: keys})
		}
	}
	return out
}
