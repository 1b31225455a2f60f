package config

import (
	"slices"
	"time"
)

// longestYears is how many years Longest looks at: 29 February comes within four of them, and again within eight.
const longestYears = 9

// Longest is the longest time between two moments of the schedule, without the hour by which summer time may add to it;
// 0 where there is none, or where a calendar names no day that exists.
func (s Schedule) Longest() time.Duration {
	if s.Cron == "" {
		return s.Every
	}
	minutes := s.Calendar.minutes()
	if len(minutes) == 0 {
		return 0
	}
	longest := time.Duration(0)
	for i, at := range minutes[1:] {
		longest = max(longest, at-minutes[i])
	}
	first, last := minutes[0], minutes[len(minutes)-1]
	begin := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	var before time.Time
	for at := begin; at.Before(begin.AddDate(longestYears, 0, 0)); at = at.AddDate(0, 0, 1) {
		if !s.Calendar.day(at) {
			continue
		}
		if !before.IsZero() {
			longest = max(longest, at.Sub(before)-last+first)
		}
		before = at
	}
	if before.IsZero() {
		return 0
	}
	return longest
}

// minutes are the times of a day that the calendar names, in order.
func (c Calendar) minutes() (out []time.Duration) {
	for minute := range 24 * 60 {
		if matches(c.Hour, minute/60) && matches(c.Minute, minute%60) {
			out = append(out, time.Duration(minute)*time.Minute)
		}
	}
	return out
}

// day reports whether the calendar names the day of at.
func (c Calendar) day(at time.Time) bool {
	return matches(c.Month, int(at.Month())) && matches(c.DayOfMonth, at.Day()) &&
		matches(c.DayOfWeek, int(at.Weekday()))
}

func matches(ranges []CalendarRange, value int) bool {
	return slices.ContainsFunc(ranges, func(r CalendarRange) bool {
		return value >= r.First && value <= max(r.First, r.Last) && (value-r.First)%max(1, r.Step) == 0
	})
}
