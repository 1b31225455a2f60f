package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/notify"
	"github.com/tablehaul/tablehaul/internal/owner"
)

const (
	// slowestRuns is how many runs a digest names.
	slowestRuns = 3
	// keptRuns is how many runs a state keeps.
	keptRuns = 50
	// sendTimeout bounds the tries to send a digest.
	sendTimeout = 30 * time.Second
)

func (a *app) digestCommand() *cobra.Command {
	period, send := 24*time.Hour, false
	cmd := &cobra.Command{
		Use: "digest", Short: "Sum up all tables, and send it to the webhook",
		Long: "Digest sums up how all tables are: fresh, stale, failed and never loaded ones, rows and the slowest\n" +
			"runs of the last day, what comparisons have found, and rows in quarantine. With --send it posts the\n" +
			"text to notifications.webhook of the configuration, with fields for programs. Run it once a day, by\n" +
			"cron, a systemd timer or a CronJob. It needs no worker, and says where none runs.\n\n" + exitHelp,
		Example: "  tablehaul digest\n  tablehaul digest --send --quiet",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if period <= 0 {
				return fmt.Errorf("--period is %s: it is a time such as 24h", period)
			}
			return a.digest(cmd.Context(), period, send)
		},
	}
	cmd.Flags().DurationVar(&period, "period", period, "time whose runs are summed up")
	cmd.Flags().BoolVar(&send, "send", false, "post it to the webhook")
	a.outputFlag(cmd)
	return cmd
}

func (a *app) digest(ctx context.Context, period time.Duration, send bool) error {
	read := a.configToShow
	if send {
		read = a.config
	}
	c, err := read()
	if err != nil {
		return err
	}
	var hook *notify.Webhook
	if send {
		if hook, err = a.webhook(c); err != nil {
			return err
		}
	}
	s, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	o := &overview{service: s, config: c, selected: selection{all: true}}
	all, err := o.ask(ctx, a)
	if err != nil {
		return err
	}
	d := a.digestOf(all, o.fleet.worker, time.Now(), period)
	if r := o.fleet.refused(); r != nil {
		d.Config = refusedText(r) + "; " + refusedRemedy(r)
	}
	m := notify.NewDigest(digestText(d), d)
	switch {
	case a.json():
		a.printJSON(m.Digest)
	case !a.quiet || !send:
		fmt.Fprintln(a.stdout, digestText(d))
	}
	if !send {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	if err := hook.SendDigest(ctx, m); err != nil {
		return exitf(exitFailed, "the digest was not sent: %w", err)
	}
	return nil
}

// webhook is that of the configuration, whose variables are read here.
func (a *app) webhook(c *config.Config) (*notify.Webhook, error) {
	if c == nil || c.Notifications.Webhook == "" {
		return nil, exitf(exitUsage, "--send needs notifications.webhook in the configuration")
	}
	url, err := config.Expand(c.Notifications.Webhook.Reveal(), a.getenv)
	if err != nil {
		return nil, exitf(exitUsage, "notifications.webhook: %w", err)
	}
	secret, err := config.Expand(c.Notifications.Secret.Reveal(), a.getenv)
	if err != nil {
		return nil, exitf(exitUsage, "notifications.secret: %w", err)
	}
	return notify.NewWebhook(url, c.Notifications.Header, secret), nil
}

// digestOf sums up the tables at a time.
func (a *app) digestOf(all []tableStatus, worker bool, now time.Time, period time.Duration) notify.Digest {
	d := notify.Digest{
		Time: now.UTC(), Since: now.Add(-period).UTC(), Tables: len(all), Worker: worker, Link: a.webUI().List(),
	}
	for _, one := range all {
		if one.LagSeconds != nil && !one.Stale {
			d.Fresh++
		}
		a.addIssues(&d, one)
		if one.State != nil {
			a.addRuns(&d, one)
		}
	}
	worst := func(x, y notify.DigestLine) int {
		return cmp.Or(cmp.Compare(y.Seconds, x.Seconds), cmp.Compare(y.Count, x.Count), cmp.Compare(x.Table, y.Table))
	}
	for _, list := range []*[]notify.DigestLine{
		&d.Stale, &d.Failed, &d.Waiting, &d.NeverLoaded, &d.Differing, &d.Quarantined, &d.Slowest,
	} {
		slices.SortFunc(*list, worst)
	}
	d.Slowest = d.Slowest[:min(slowestRuns, len(d.Slowest))]
	return d
}

// addIssues adds what is wrong with a table.
func (a *app) addIssues(d *notify.Digest, one tableStatus) {
	for _, m := range one.Issues {
		line := notify.DigestLine{Table: one.Table, Text: m.Text}
		switch m.Kind {
		case issueStale:
			line.Seconds = *one.LagSeconds
			d.Stale = append(d.Stale, line)
		case issueFailed:
			line.Link = a.webLink(one)
			d.Failed = append(d.Failed, line)
		case issueWaits, issueNoWorker, issueNoAnswer, issueHeld, issueDeletesHeld:
			d.Waiting = append(d.Waiting, line)
		case issueNever:
			d.NeverLoaded = append(d.NeverLoaded, line)
		case issueDiffers:
			line.Count = one.State.LastVerify.Differing() + one.State.LastVerify.DifferingEarlier()
			d.Differing = append(d.Differing, line)
		case issueQuarantined:
			line.Count = one.State.Quarantine.Rows()
			d.Quarantined = append(d.Quarantined, line)
		}
	}
}

// addRuns adds the table's runs that have ended since d.Since.
func (a *app) addRuns(d *notify.Digest, one tableStatus) {
	var slowest owner.RunRecord
	runs := one.State.LastRuns
	for _, r := range runs {
		if r.Finished.Before(d.Since) {
			continue
		}
		d.Runs++
		d.Rows += r.Rows
		if r.Seconds >= slowest.Seconds {
			slowest = r
		}
	}
	d.AtLeast = d.AtLeast || len(runs) >= keptRuns && runs[0].Finished.After(d.Since)
	if slowest.RunID != "" {
		d.Slowest = append(d.Slowest, notify.DigestLine{
			Table: one.Table, Text: slowest.Mode, Count: slowest.Rows, Seconds: slowest.Seconds,
			Link: a.webUI().Run(slowest.WorkflowID, slowest.RunID),
		})
	}
}
