package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"golang.org/x/sync/errgroup"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/workflows"
)

// listSchedules looks into each schedule that starts SyncTable: the list itself does not say
// for which table. In short, it believes the memo of ours, which spares a question for each.
func (s *temporalService) listSchedules(ctx context.Context, inShort bool) ([]schedule, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*requestTimeout)
	defer cancel()
	iter, err := s.client.ScheduleClient().List(ctx, client.ScheduleListOptions{PageSize: 200})
	if err != nil {
		return nil, s.explain("", err)
	}
	var ids []string
	var out []schedule
	for iter.HasNext() {
		entry, err := iter.Next()
		if err != nil {
			return nil, s.explain("", err)
		}
		if entry.WorkflowType.Name != workflows.SyncTableName {
			continue
		}
		if one, ok := s.readEntry(entry); ok && inShort {
			out = append(out, one)
			continue
		}
		ids = append(ids, entry.ID)
	}
	slices.Sort(ids)
	found := make([]*schedule, len(ids))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxAsked)
	for i, id := range ids {
		group.Go(func() error {
			one, there, err := s.describeSchedule(ctx, id)
			if there {
				found[i] = &one
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for _, one := range found {
		if one != nil { // deleted meanwhile
			out = append(out, *one)
		}
	}
	return out, nil
}

// readEntry is a schedule of ours as the list has it; false for others.
func (s *temporalService) readEntry(e *client.ScheduleListEntry) (schedule, bool) {
	out := schedule{ID: e.ID, Table: tableOfSchedule(s.taskQueue, e.ID), Ours: true, Paused: e.Paused, Note: e.Note}
	if !s.marked(e.ID, e.Memo) || e.Spec == nil {
		return out, false
	}
	out.When, out.Jitter = readWhen(*e.Spec), e.Spec.Jitter
	out.begins(e.NextActionTimes, e.RecentActions)
	return out, true
}

// begins takes over when runs begin next, and began last.
func (s *schedule) begins(next []time.Time, recent []client.ScheduleActionResult) {
	if len(next) > 0 {
		s.Next = next[0]
	}
	if n := len(recent); n > 0 {
		s.Last = recent[n-1].ActualTime
	}
}

// marked says that schedule apply has made a schedule: its id and its memo name one table.
func (s *temporalService) marked(id string, memo *commonpb.Memo) bool {
	var tbl string
	decode(memo.GetFields()[scheduleMemo], &tbl)
	return strings.HasPrefix(id, schedulePrefix) && tbl == tableOfSchedule(s.taskQueue, id)
}

func (s *temporalService) describeSchedule(ctx context.Context, id string) (schedule, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	d, err := s.client.ScheduleClient().GetHandle(ctx, id).Describe(ctx)
	var none *serviceerror.NotFound
	if errors.As(err, &none) {
		return schedule{}, false, nil
	}
	if err != nil {
		return schedule{}, false, s.explain("", err)
	}
	return s.read(id, d), true, nil
}

// read makes our words of Temporal's.
func (s *temporalService) read(id string, d *client.ScheduleDescription) schedule {
	out := schedule{ID: id, Paused: d.Schedule.State.Paused, Note: d.Schedule.State.Note, Jitter: d.Schedule.Spec.Jitter, When: readWhen(*d.Schedule.Spec)}
	out.begins(d.Info.NextActionTimes, d.Info.RecentActions)
	action, ok := d.Schedule.Action.(*client.ScheduleWorkflowAction)
	if !ok {
		return out
	}
	var in workflows.SyncTableInput
	if len(action.Args) == 1 {
		decode(action.Args[0], &in)
	}
	out.Table = in.Table
	out.Ours = s.marked(id, d.Memo) && action.TaskQueue == s.taskQueue
	out.Odd = s.odd(d, action, in, tableOfSchedule(s.taskQueue, id))
	return out
}

// odd is what of a schedule is not as we make it, beside its times.
func (s *temporalService) odd(d *client.ScheduleDescription, action *client.ScheduleWorkflowAction, in workflows.SyncTableInput, tbl string) string {
	var out []string
	if in != (workflows.SyncTableInput{Table: tbl, IfBusy: api.IfBusySkip}) {
		out = append(out, "another input")
	}
	if action.ID != workflows.SyncTableID(s.taskQueue, tbl) {
		out = append(out, "workflow id "+action.ID)
	}
	if p := d.Schedule.Policy; p != nil {
		if p.Overlap != enumspb.SCHEDULE_OVERLAP_POLICY_SKIP {
			out = append(out, "overlap "+p.Overlap.String())
		}
		if p.CatchupWindow != scheduleCatchUp {
			out = append(out, "catch-up "+human.Duration(p.CatchupWindow))
		}
		if p.PauseOnFailure {
			out = append(out, "pause on failure")
		}
	}
	if d.Schedule.State.LimitedActions {
		out = append(out, "a limited number of runs")
	}
	return strings.Join(out, ", ")
}

func decode(payload any, into any) {
	if p, ok := payload.(*commonpb.Payload); ok && p != nil {
		_ = converter.GetDefaultDataConverter().FromPayload(p, into) // what cannot be read is not ours
	}
}

// elsewhere is the When of a schedule that the configuration cannot express.
const elsewhere = "a calendar made elsewhere"

// readWhen is a spec as the configuration writes it. A calendar carries its cron text as its
// comment, which is believed where it means the same.
func readWhen(spec client.ScheduleSpec) string {
	switch {
	case len(spec.Intervals) == 1 && len(spec.Calendars) == 0 && spec.Intervals[0].Offset == 0:
		return config.Schedule{Every: spec.Intervals[0].Every}.String()
	case len(spec.Intervals) > 0 || len(spec.Calendars) != 1 || len(spec.Skip) > 0:
		return elsewhere
	}
	text := spec.Calendars[0].Comment
	if spec.TimeZoneName != "" && spec.TimeZoneName != "UTC" {
		text += " " + spec.TimeZoneName
	}
	s, err := config.ParseSchedule(text)
	if err != nil || s.None() || !sameCalendar(calendarOf(s), spec.Calendars[0]) {
		return elsewhere
	}
	return s.String()
}

// specOf is what Temporal is told of a table's times.
func specOf(want scheduleSpec) client.ScheduleSpec {
	spec := client.ScheduleSpec{Jitter: want.jitter, TimeZoneName: want.when.Zone}
	if want.when.Every > 0 {
		spec.Intervals = []client.ScheduleIntervalSpec{{Every: want.when.Every}}
		return spec
	}
	spec.Calendars = []client.ScheduleCalendarSpec{calendarOf(want.when)}
	return spec
}

func calendarOf(s config.Schedule) client.ScheduleCalendarSpec {
	ranges := func(in []config.CalendarRange) []client.ScheduleRange {
		out := make([]client.ScheduleRange, len(in))
		for i, r := range in {
			out[i] = client.ScheduleRange{Start: r.First, End: r.Last, Step: r.Step}
		}
		return out
	}
	c := s.Calendar
	return client.ScheduleCalendarSpec{
		Second: []client.ScheduleRange{{Step: 1}}, Minute: ranges(c.Minute), Hour: ranges(c.Hour), DayOfMonth: ranges(c.DayOfMonth),
		Month: ranges(c.Month), DayOfWeek: ranges(c.DayOfWeek), Comment: s.Cron,
	}
}

// sameCalendar compares what two calendars mean: Temporal may fill in or leave out defaults.
func sameCalendar(a, b client.ScheduleCalendarSpec) bool {
	plain := func(in []client.ScheduleRange) []client.ScheduleRange {
		out := slices.Clone(in)
		for i := range out {
			out[i].End, out[i].Step = max(out[i].Start, out[i].End), max(1, out[i].Step)
		}
		return out
	}
	same := func(x, y []client.ScheduleRange) bool { return slices.Equal(plain(x), plain(y)) }
	return same(a.Second, b.Second) && same(a.Minute, b.Minute) && same(a.Hour, b.Hour) && same(a.DayOfMonth, b.DayOfMonth) &&
		same(a.Month, b.Month) && same(a.DayOfWeek, b.DayOfWeek) && len(a.Year)+len(b.Year) == 0
}

func (s *temporalService) action(tbl string) *client.ScheduleWorkflowAction {
	return &client.ScheduleWorkflowAction{
		ID: workflows.SyncTableID(s.taskQueue, tbl), Workflow: workflows.SyncTableName, TaskQueue: s.taskQueue, StaticSummary: "Sync " + tbl,
		Args: []any{workflows.SyncTableInput{Table: tbl, IfBusy: api.IfBusySkip}},
	}
}

func (s *temporalService) createSchedule(ctx context.Context, want scheduleSpec) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	options := client.ScheduleOptions{
		ID: scheduleID(s.taskQueue, want.table), Spec: specOf(want), Action: s.action(want.table),
		Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_SKIP, CatchupWindow: scheduleCatchUp,
		Memo: map[string]any{scheduleMemo: want.table},
	}
	if want.paused {
		options.Paused, options.Note = true, pausedByFile
	}
	_, err := s.client.ScheduleClient().Create(ctx, options)
	return s.explained(want.table, err)
}

func (s *temporalService) updateSchedule(ctx context.Context, want scheduleSpec) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	err := s.client.ScheduleClient().GetHandle(ctx, scheduleID(s.taskQueue, want.table)).Update(ctx, client.ScheduleUpdateOptions{
		DoUpdate: func(in client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
			spec := specOf(want)
			state := in.Description.Schedule.State
			state.LimitedActions, state.RemainingActions = false, 0
			return &client.ScheduleUpdate{Schedule: &client.Schedule{
				Spec: &spec, Action: s.action(want.table), State: state,
				Policy: &client.SchedulePolicies{Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_SKIP, CatchupWindow: scheduleCatchUp},
			}}, nil
		},
	})
	return s.explained(want.table, err)
}

// handle bounds a question about one schedule in time.
func (s *temporalService) handle(ctx context.Context, id string, ask func(context.Context, client.ScheduleHandle) error) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	return s.explained("", ask(ctx, s.client.ScheduleClient().GetHandle(ctx, id)))
}

func (s *temporalService) deleteSchedule(ctx context.Context, id string) error {
	return s.handle(ctx, id, func(ctx context.Context, h client.ScheduleHandle) error { return h.Delete(ctx) })
}

func (s *temporalService) pauseSchedule(ctx context.Context, id, note string) error {
	return s.handle(ctx, id, func(ctx context.Context, h client.ScheduleHandle) error {
		return h.Pause(ctx, client.SchedulePauseOptions{Note: note})
	})
}

func (s *temporalService) resumeSchedule(ctx context.Context, id, note string) error {
	return s.handle(ctx, id, func(ctx context.Context, h client.ScheduleHandle) error {
		return h.Unpause(ctx, client.ScheduleUnpauseOptions{Note: note})
	})
}

func (s *temporalService) triggerSchedule(ctx context.Context, id string) error {
	return s.handle(ctx, id, func(ctx context.Context, h client.ScheduleHandle) error {
		return h.Trigger(ctx, client.ScheduleTriggerOptions{Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_SKIP})
	})
}

func (s *temporalService) explained(tbl string, err error) error {
	if err == nil {
		return nil
	}
	return s.explain(tbl, err)
}
