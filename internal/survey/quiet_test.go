package survey

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/integration/monitoring"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
)

// quiet are tables of which nothing is wrong: one that does not change, one with a DATE cursor, one without a cursor.
var quiet = map[string]struct{ cursor, cursorType string }{
	"shop.idle": {"updated_at", "timestamp(6)"}, "shop.days": {"day", "date"}, "shop.plain": {},
}

// initFile is what init writes for them.
func initFile() string {
	r := &Result{Server: "mysql 8.4.6"}
	for _, name := range []string{"idle", "days", "plain"} {
		n := table.Name{Schema: "shop", Table: name}
		r.Tables = append(r.Tables, &Table{
			Table: n.String(), Rows: 10, Key: []string{"id"}, Cursor: quiet[n.String()].cursor, name: n,
		})
	}
	return r.YAML(Setup{
		Source: Connection{"shop", "${DSN}"}, Target: Connection{"dw", "${DSN}"}, TargetSchema: "dw", Staging: "/tmp/x",
	})
}

// begins reports whether a run of the schedule begins in the minute of at.
func begins(s config.Schedule, at time.Time) bool {
	if s.Every > 0 {
		return at.Unix()%int64(s.Every.Seconds()) < 60
	}
	in := func(ranges []config.CalendarRange, v int) bool {
		for _, r := range ranges {
			if v >= r.First && v <= r.Last && (v-r.First)%r.Step == 0 {
				return true
			}
		}
		return false
	}
	return in(s.Calendar.Hour, at.Hour()) && in(s.Calendar.Minute, at.Minute())
}

// freshAt is what a run that begins at a moment brings the target to: with a DATE cursor the beginning of that day,
// since a day is read as a whole when it is over.
func freshAt(cursorType string, at time.Time) time.Time {
	switch cursorType {
	case "":
		return at
	case "date":
		return at.Truncate(24 * time.Hour).Add(-time.Second)
	}
	return at.Add(-time.Second)
}

// day is one simulated table.
type day struct {
	state      owner.State
	schedule   config.Schedule
	cursorType string
	// next is when the run that has begun ends, and what it brings the target to.
	next, fresh time.Time
	// lags and limits are a value a minute, of the two series that alerts compare.
	lags, limits []string
	// events are those of which the webhook would get a message.
	events []string
}

// pass is one minute: a run begins half a minute late, by its jitter, and takes four and a half.
func (d *day) pass(at time.Time) {
	if !d.next.IsZero() && !at.Before(d.next) {
		d.state.FreshAt, d.state.LastSuccess, d.next = d.fresh, at, time.Time{}
	}
	if begins(d.schedule, at) {
		d.next, d.fresh = at.Add(5*time.Minute), freshAt(d.cursorType, at.Add(30*time.Second))
	}
	if event := d.state.Due(at); event != "" {
		d.events = append(d.events, event+" "+at.Format(time.TimeOnly))
		d.state.Notices.SetNotified(event)
	}
	d.lags = append(d.lags, fmt.Sprintf("%d", int(at.Sub(d.state.FreshAt).Seconds())))
	d.limits = append(d.limits, fmt.Sprintf("%d", int(d.state.StaleLimit(d.state.Notices.NoticeSettings).Seconds())))
}

// minutes are how long the tables are simulated: from noon until an hour after the second run of a nightly table.
const minutes = 40 * 60

// days simulates all tables of a configuration, a minute at a time.
func days(t *testing.T, c *config.Config) map[string]*day {
	t.Helper()
	from := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	out := map[string]*day{}
	for _, set := range c.Tables() {
		name := set.Name.String()
		q := quiet[name]
		d := &day{schedule: set.Schedule, cursorType: q.cursorType}
		d.state = owner.State{
			Table: name, FreshAt: freshAt(q.cursorType, from), Identity: &owner.Identity{CursorType: q.cursorType},
			Notices: &owner.Notices{NoticeSettings: owner.NoticeSettings{
				StaleAfter: set.StaleAfter, StaleByDefault: set.StaleByDefault,
			}},
		}
		for at := from; at.Before(from.Add(minutes * time.Minute)); at = at.Add(time.Minute) {
			d.pass(at)
		}
		out[name] = d
	}
	return out
}

// loadConfig reads a configuration as a worker does.
func loadConfig(t *testing.T, text string) *config.Config {
	t.Helper()
	c, err := config.Load(strings.NewReader(text), func(string) string { return "u@tcp(h)/" })
	require.NoError(t, err)
	require.Len(t, c.Tables(), len(quiet))
	return c
}

// More than a day of a configuration that init wrote, through two midnights: no message, and no alert.
func TestNoFalseAlarm(t *testing.T) {
	c := loadConfig(t, initFile())
	require.Empty(t, c.Warnings)
	found := days(t, c)
	for name, d := range found {
		require.Empty(t, d.events, name)
	}
	require.NoError(t, promtool(t, found))
}

// The same with the limits that were once the defaults: a day for all, or an hour more than two gaps for a DATE cursor.
func TestAFalseAlarmWouldBeSeen(t *testing.T) {
	fixed := strings.Replace(initFile(), "defaults:\n", "defaults:\n  staleAfter: 24h\n", 1)
	c := loadConfig(t, fixed)
	require.Len(t, c.Warnings, 1, "the nightly table's own schedule is as long")
	found := days(t, c)
	require.NotEmpty(t, found["shop.plain"].events, "a nightly table was stale each night")
	require.Error(t, promtool(t, found))

	fixed = strings.Replace(initFile(), "defaults:\n", "defaults:\n  staleAfter: 90m\n", 1)
	require.NotEmpty(t, days(t, loadConfig(t, fixed))["shop.days"].events, "a DATE cursor was stale each day")
}

// promtool evaluates all alerts of the documentation on the series of the simulated tables; its error is that of an
// alert that fires.
func promtool(t *testing.T, all map[string]*day) error {
	t.Helper()
	alerts, err := filepath.Abs("../../docs/monitoring/alerts.yml")
	require.NoError(t, err)
	known, err := monitoring.Alerts(filepath.Dir(alerts))
	require.NoError(t, err)
	var b strings.Builder
	fmt.Fprintf(&b, "rule_files: [%q]\nevaluation_interval: 1m\ntests:\n  - interval: 1m\n    input_series:\n", alerts)
	series := func(name, values string) {
		fmt.Fprintf(&b, "      - { series: '%s', values: %q }\n", name, values)
	}
	series(`tablehaul_worker_ready{instance="a"}`, fmt.Sprintf("1x%d", minutes))
	for name, d := range all {
		series(`tablehaul_freshness_lag_seconds{table="`+name+`"}`, strings.Join(d.lags, " "))
		series(`tablehaul_stale_after_seconds{table="`+name+`"}`, strings.Join(d.limits, " "))
		for _, zero := range []string{
			"consecutive_failed_runs", "watermark_ahead", "watermark_held_back_seconds", "run_in_progress_seconds",
			"deletes_held", "quarantine_age_seconds",
		} {
			series("tablehaul_"+zero+`{table="`+name+`"}`, fmt.Sprintf("0x%d", minutes))
		}
	}
	b.WriteString("    alert_rule_test:\n")
	seen := map[string]bool{}
	for _, a := range known {
		step := 60
		if a.Alert == "TablehaulTableStale" { // it could fire for a minute before a run
			step = 1
		}
		for minute := step; !seen[a.Alert] && minute < minutes; minute += step {
			fmt.Fprintf(&b, "      - { eval_time: %dm, alertname: %s, exp_alerts: [] }\n", minute, a.Alert)
		}
		seen[a.Alert] = true
	}
	file := filepath.Join(t.TempDir(), "days_test.yml")
	require.NoError(t, os.WriteFile(file, []byte(b.String()), 0o600))
	path, err := monitoring.Promtool()
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "test", "rules", file).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out[:min(len(out), 2000)])
	}
	return nil
}
