package main

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/remote"
)

// scheduledConfig gives every table of testConfig five minutes, but for one.
var scheduledConfig = strings.Replace(strings.Replace(testConfig, "targetConnection: warehouse }",
	"targetConnection: warehouse, schedule: 5m, scheduleJitter: 0s }", 1),
	"name: shop.countries }", `name: shop.countries, schedule: "0 3 * * * Europe/Berlin", schedulePaused: true }`, 1)

func ours(tbl, when string, mutate ...func(*remote.Schedule)) remote.Schedule {
	s := remote.Schedule{ID: remote.ScheduleID(api.DefaultTaskQueue, tbl), Table: tbl, Ours: true, When: when}
	for _, f := range mutate {
		f(&s)
	}
	return s
}

func byID(all ...remote.Schedule) map[string]remote.Schedule {
	out := map[string]remote.Schedule{}
	for _, s := range all {
		out[s.ID] = s
	}
	return out
}

func TestApplyPrintsTheDiffFirst(t *testing.T) {
	f := &fakeService{listed: listing(t, scheduledConfig, "shop.log_1", "shop.log_2"), sched: byID(
		ours("shop.orders", "1h"), ours("shop.log_1", "5m"), ours("shop.gone", "5m"),
		remote.Schedule{ID: "nightly", Table: "shop.log_2", When: "1h"},
	)}
	apply := func(args ...string) invocation {
		return callConfig(t.Context(), t, f, scheduledConfig, append([]string{"schedule", "apply"}, args...)...)
	}
	diff := `+ shop.countries  0 3 * * * Europe/Berlin, paused
- shop.gone       5m (no longer in the configuration)
+ shop.log_2      5m
~ shop.orders     1h → 5m
  1 schedule as configured
`
	got := apply("--dry-run")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Equal(t, diff, got.stdout)
	require.Equal(t, "note: shop.log_2 also has the schedule nightly, which schedule apply did not make: both "+
		"start runs\n", got.stderr)
	require.Empty(t, f.did)

	got = apply()
	require.Equal(t, exitUsage, got.code, "no terminal to ask on")
	require.Contains(t, got.stderr, "nothing was changed: give --yes to apply the changes, or --dry-run")
	require.Empty(t, f.did)

	got = apply("--yes")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Equal(t, diff+"4 changes applied. tablehaul status shows the next runs.\n", got.stdout)
	require.Equal(t, []string{
		"create shop.countries 0 3 * * * Europe/Berlin", "delete tablehaul-shop.gone", "create shop.log_2 5m",
		"update shop.orders 5m",
	}, f.did)

	f.did = nil
	got = apply("shop.orders", "--yes", "--output", "json")
	require.Equal(t, exitOK, got.code, got.stderr)
	var c remote.Change
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &c))
	require.True(t, c.Applied)
	require.Equal(t, []string{"update shop.orders 5m"}, f.did, "with names, nothing else is looked at")
}

func TestApplyGoesOnAfterAChangeThatFails(t *testing.T) {
	f := &fakeService{
		listed: listing(t, scheduledConfig, "shop.log_1"),
		deny:   map[string]error{"create shop.log_1 5m": errors.New("boom")},
	}
	got := callConfig(t.Context(), t, f, scheduledConfig, "schedule", "apply", "-y")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.stderr, "shop.log_1: create the schedule: boom\n"+
		"tablehaul: 1 of 3 changes failed: run the command again\n")
	require.Len(t, f.did, 3)
}

func TestPausesByHandAreLeftAlone(t *testing.T) {
	want := remote.ScheduleSpec{Table: "shop.orders", When: config.Schedule{Every: 5 * time.Minute}}
	paused := func(note string) func(*remote.Schedule) {
		return func(s *remote.Schedule) { s.Paused, s.Note = true, note }
	}
	action := func(want remote.ScheduleSpec, have remote.Schedule) (out string) {
		for _, c := range remote.Changes(api.DefaultTaskQueue, want, &have) {
			out += c.Action + " "
		}
		return strings.TrimSpace(out)
	}
	require.Equal(t, "none", action(want, ours("shop.orders", "5m")))
	require.Equal(t, "none", action(want, ours("shop.orders", "5m", paused("maintenance"))))
	require.Equal(t, "resume", action(want, ours("shop.orders", "5m", paused(remote.PausedByFile))))
	require.Equal(t, "update resume", action(want, ours("shop.orders", "1h", paused(remote.PausedByFile))))
	require.Equal(t, "update", action(want, ours("shop.orders", "5m",
		func(s *remote.Schedule) { s.Unexpected = "overlap AllowAll" })))
	want.Paused = true
	require.Equal(t, "pause", action(want, ours("shop.orders", "5m")))
	require.Equal(t, "none", action(want, ours("shop.orders", "5m", paused("maintenance"))))
}

// A schedule that a table gets while it is paused by hand begins paused: a sweep deletes rows.
func TestANewScheduleKeepsThePauseOfItsTable(t *testing.T) {
	paused := func(s *remote.Schedule) { s.Paused, s.Note = true, "the source is built again" }
	text := strings.Replace(scheduledTables, "staleAfter: 1h,", "staleAfter: 1h, verify: { every: 24h },", 1)
	f := &fakeService{
		listed: listing(t, text, "shop.log_1"),
		sched:  byID(ours("shop.orders", "5m", paused), ours("shop.countries", "5m")),
	}
	got := callConfig(t.Context(), t, f, text, "schedule", "apply", "--yes")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Regexp(t, `\+ shop.orders +verify by digest: 24h.*, paused\n`, got.stdout)
	require.NotRegexp(t, `\+ shop.countries .*paused`, got.stdout)
	require.NotRegexp(t, `\+ shop.log_1 .*paused`, got.stdout)
}

func TestKeepPauses(t *testing.T) {
	byHand := &remote.Schedule{Paused: true, Note: "maintenance"}
	byFile := &remote.Schedule{Paused: true, Note: remote.PausedByFile}
	running := &remote.Schedule{}
	for want, have := range map[string][]*remote.Schedule{
		"maintenance maintenance": {byHand, nil, nil},
		"maintenance":             {byHand, byHand, nil},
		"":                        {byHand, running, nil}, // of its runs alone
	} {
		wanted := make([]remote.ScheduleSpec, len(have))
		remote.KeepPauses(wanted, have)
		var got []string
		for _, w := range wanted {
			if w.PausedNote != "" {
				got = append(got, w.PausedNote)
			}
		}
		require.Equal(t, want, strings.Join(got, " "))
	}
	wanted := make([]remote.ScheduleSpec, 2)
	remote.KeepPauses(wanted, []*remote.Schedule{byFile, nil})
	require.Empty(t, wanted[1].PausedNote, "the file says it of each of them")
	remote.KeepPauses(wanted, []*remote.Schedule{{Paused: true}, nil})
	require.Equal(t, "paused", wanted[1].PausedNote)
}

func TestSchedulesOfOthersAreNeverTouched(t *testing.T) {
	f := &fakeService{
		listed: listing(t, scheduledConfig),
		sched:  byID(remote.Schedule{ID: "tablehaul-shop.orders", Table: "shop.orders", When: "1h"}),
	}
	got := callConfig(t.Context(), t, f, scheduledConfig, "schedule", "apply", "--yes")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.stderr, "schedule apply did not make the schedule tablehaul-shop.orders")
	require.Empty(t, f.did)
	got = call(t, f, "schedule", "pause", "shop.orders")
	require.Equal(t, exitUsage, got.code)
	require.Contains(t, got.stderr, "schedule apply did not make the schedule")

	f.sched = byID(remote.Schedule{ID: "nightly", Table: "shop.orders"})
	got = call(t, f, "schedule", "trigger", "shop.orders")
	require.Contains(t, got.stderr, "schedule apply did not make the schedule of shop.orders: use temporal "+
		"schedule … --schedule-id nightly")
	require.Empty(t, f.did)
}

func TestScheduleVerbs(t *testing.T) {
	f := &fakeService{sched: byID(ours("shop.orders", "5m"), ours("shop.gone", "5m"),
		remote.Schedule{ID: "nightly", Table: "shop.log_1"})}
	for want, args := range map[string][]string{
		"pause tablehaul-shop.orders: load test":        {"pause", "shop.orders", "--reason", "load test"},
		"resume tablehaul-shop.orders: resumed by hand": {"resume", "shop.orders"},
		"trigger tablehaul-shop.gone":                   {"trigger", "shop.gone"},
	} {
		f.did = nil
		got := call(t, f, append([]string{"schedule"}, args...)...)
		require.Equal(t, exitOK, got.code, got.stderr)
		require.Equal(t, []string{want}, f.did)
	}
	f.did = nil
	got := call(t, f, "schedule", "pause", "--all", "--output", "json")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Equal(t, []string{
		"pause tablehaul-shop.gone: paused by hand",
		"pause tablehaul-shop.orders: paused by hand",
	}, f.did)
	require.Contains(t, got.stdout, `{"table":"shop.gone","scheduleId":"tablehaul-shop.gone","done":"paused"}`)
	for want, args := range map[string][]string{
		"did you mean shop.orders?":                            {"pause", "shop.order"},
		"shop.countries has no schedule: set the key schedule": {"trigger", "shop.countries"},
		"name at least one table, or give --all":               {"pause"},
		"give tables or --all, not both":                       {"resume", "--all", "shop.orders"},
		`"orders": write it as schema.table`:                   {"trigger", "orders"},
		`unknown command "stop" for "tablehaul schedule"`:      {"stop", "shop.orders"},
		"shop.order is not in the configuration":               {"apply", "shop.order"},
	} {
		got := call(t, f, append([]string{"schedule"}, args...)...)
		require.Equal(t, exitUsage, got.code, args)
		require.Contains(t, got.stderr, want)
	}
}

// Each kind of schedule is named by its flag. A table that has another kind has none of this one.
func TestScheduleVerbsOfSweepsAndComparisons(t *testing.T) {
	sweeps, comparisons := ours("shop.orders", "6h"), ours("shop.log_1", "1h")
	sweeps.ID, sweeps.Depth = remote.DeletesScheduleID(api.DefaultTaskQueue, "shop.orders"), remote.DepthDeletes
	comparisons.ID, comparisons.Depth = remote.VerifyScheduleID(api.DefaultTaskQueue, "shop.log_1"), api.DepthKeys
	f := &fakeService{sched: byID(sweeps, comparisons)}
	for _, args := range [][]string{{"shop.orders"}, {"--all"}} {
		f.did = nil
		got := call(t, f, append([]string{"schedule", "pause", "--deletes"}, args...)...)
		require.Equal(t, exitOK, got.code, got.stderr)
		require.Equal(t, []string{"pause tablehaul-deletes@shop.orders: paused by hand"}, f.did)
	}
	f.did = nil
	require.Equal(t, exitOK, call(t, f, "schedule", "trigger", "--all", "--verify").code)
	require.Equal(t, []string{"trigger tablehaul-verify@shop.log_1"}, f.did)
	for want, args := range map[string][]string{
		"shop.orders has no schedule: set the key verify.every": {"resume", "shop.orders", "--verify"},
		"shop.log_1 has no schedule: set the key deletes.every": {"resume", "shop.log_1", "--deletes"},
		"shop.orders has no schedule: set the key schedule ":    {"trigger", "shop.orders"},
		"[deletes verify]": {"trigger", "shop.orders", "--verify", "--deletes"},
	} {
		got := call(t, f, append([]string{"schedule"}, args...)...)
		require.Equal(t, exitUsage, got.code, args)
		require.Contains(t, got.stderr, want)
	}
}

func TestScheduleList(t *testing.T) {
	f := &fakeService{sched: byID(
		ours("shop.orders", "5m", func(s *remote.Schedule) {
			s.Jitter, s.Next = 30*time.Second,
				time.Now().Add(190*time.Second)
		}),
		ours("shop.gone", "5m", func(s *remote.Schedule) {
			s.Paused, s.Note, s.Unexpected = true, "load test",
				"overlap AllowAll"
		}),
		remote.Schedule{ID: "nightly", Table: "shop.log_1", When: remote.OtherCalendar},
	)}
	got := call(t, f, "schedule", "list")
	require.Regexp(t, `shop.log_1 +a calendar that the configuration cannot express +never +`+
		`not made by schedule apply: nightly\n`, got.stdout)
	require.Regexp(t, `shop.orders +5m, up to 30s later +in 3m(9|10)s\n`, got.stdout)
	require.Regexp(t, `shop.gone +5m +paused +load test; changed by hand: overlap AllowAll\n`, got.stdout)
	got = call(t, &fakeService{}, "schedule", "list")
	require.Equal(t, invocation{exitOK, "", "note: there is no schedule: set the key schedule in the " +
		"configuration, then run tablehaul schedule apply\n"}, got)
}

func TestApplyNeedsAFileAndAGoodOne(t *testing.T) {
	a, _, stderr := testApp(t, &fakeService{}, nil)
	t.Chdir(t.TempDir())
	require.Equal(t, exitUsage, a.execute(t.Context(), []string{"schedule", "apply"}))
	require.Contains(t, stderr.String(), "schedules come from the configuration, and ./tablehaul.yaml does not exist")
	got := callConfig(t.Context(), t, nil, strings.Replace(testConfig, "cursor: updated_at", `schedule: "61 * * * *"`,
		1), "schedule", "apply")
	require.Equal(t, exitUsage, got.code)
	require.Contains(t, got.stderr, `tables[0].schedule: "61 * * * *" has "61" for the minute: allowed is 0 to 59`)
}
