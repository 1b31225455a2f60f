package remote

import (
	"slices"

	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/config"
)

// OtherCalendar is the When of a schedule whose times the configuration cannot express.
const OtherCalendar = "a calendar that the configuration cannot express"

// readTimes returns a spec as the configuration writes it. A calendar of ours has its cron expression as a comment,
// which counts where it means the same as the calendar.
func readTimes(spec client.ScheduleSpec) string {
	switch {
	case len(spec.Intervals) == 1 && len(spec.Calendars) == 0 && spec.Intervals[0].Offset == 0:
		return config.Schedule{Every: spec.Intervals[0].Every}.String()
	case len(spec.Intervals) > 0 || len(spec.Calendars) != 1 || len(spec.Skip) > 0:
		return OtherCalendar
	}
	text := spec.Calendars[0].Comment
	if spec.TimeZoneName != "" && spec.TimeZoneName != "UTC" {
		text += " " + spec.TimeZoneName
	}
	s, err := config.ParseSchedule(text)
	if err != nil || s.None() || !sameCalendar(calendarOf(s), spec.Calendars[0]) {
		return OtherCalendar
	}
	return s.String()
}

// specOf returns Temporal's spec of a schedule.
func specOf(want ScheduleSpec) client.ScheduleSpec {
	spec := client.ScheduleSpec{Jitter: want.Jitter, TimeZoneName: want.When.Zone}
	if want.When.Every > 0 {
		spec.Intervals = []client.ScheduleIntervalSpec{{Every: want.When.Every}}
		return spec
	}
	spec.Calendars = []client.ScheduleCalendarSpec{calendarOf(want.When)}
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
		Second: []client.ScheduleRange{{Step: 1}}, Minute: ranges(c.Minute), Hour: ranges(c.Hour),
		DayOfMonth: ranges(c.DayOfMonth), Month: ranges(c.Month), DayOfWeek: ranges(c.DayOfWeek), Comment: s.Cron,
	}
}

// sameCalendar compares what two calendars mean. Temporal may fill in or leave out defaults.
func sameCalendar(a, b client.ScheduleCalendarSpec) bool {
	explicit := func(in []client.ScheduleRange) []client.ScheduleRange {
		out := slices.Clone(in)
		for i := range out {
			out[i].End, out[i].Step = max(out[i].Start, out[i].End), max(1, out[i].Step)
		}
		return out
	}
	same := func(x, y []client.ScheduleRange) bool { return slices.Equal(explicit(x), explicit(y)) }
	return same(a.Second, b.Second) && same(a.Minute, b.Minute) && same(a.Hour, b.Hour) &&
		same(a.DayOfMonth, b.DayOfMonth) && same(a.Month, b.Month) && same(a.DayOfWeek, b.DayOfWeek) &&
		len(a.Year)+len(b.Year) == 0
}
