package config

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Schedule says when a table's runs begin: by a calendar, or every so often. The zero value is
// no schedule. It is made by ParseSchedule.
type Schedule struct {
	// Every is the time between two runs, counted from the epoch; 0 where Cron is given.
	Every time.Duration
	// Cron is the five fields as they were written, in single spaces; Calendar what they mean.
	Cron     string
	Calendar Calendar
	// Zone is the zone of Cron's fields; empty means UTC.
	Zone string
}

const (
	// minInterval keeps a slip of the pen ("5s") from starting a run per breath: a run takes
	// about two seconds when there is nothing to do.
	minInterval = 10 * time.Second
	maxInterval = 30 * day
)

// scheduleOff is how a table says that it has no schedule, where the defaults have one.
const scheduleOff = "off"

// ParseSchedule reads "5m", "*/5 * * * *", "0 3 * * * Europe/Berlin", or "off" and "" for none.
// Errors say what is wrong with it, to be put behind the text itself.
func ParseSchedule(text string) (Schedule, error) {
	fields := strings.Fields(text)
	switch len(fields) {
	case 0:
		return Schedule{}, nil
	case 1:
		return parseEvery(fields[0])
	case 5, 6:
	default:
		return Schedule{}, fmt.Errorf("has %d fields, and a cron text has five: minute, hour, day of the month, "+
			"month, day of the week", len(fields))
	}
	s := Schedule{Cron: strings.Join(fields[:5], " ")}
	if len(fields) == 6 {
		s.Zone = fields[5]
		// "Local" would mean another zone on every machine.
		if _, err := time.LoadLocation(s.Zone); err != nil || s.Zone == "Local" {
			return Schedule{}, fmt.Errorf("has %q where a time zone such as Europe/Berlin may stand", s.Zone)
		}
	}
	var err error
	s.Calendar, err = parseCalendar(fields[:5])
	return s, err
}

func parseEvery(text string) (Schedule, error) {
	if text == scheduleOff {
		return Schedule{}, nil
	}
	d, err := parseDuration(text)
	switch {
	case strings.HasPrefix(text, "@"):
		return Schedule{}, fmt.Errorf("is a word of some crons: write 0 * * * * for @hourly, 0 0 * * * for @daily")
	case err != nil:
		return Schedule{}, errors.New("is neither an interval such as 5m nor five cron fields")
	case d < minInterval || d > maxInterval:
		return Schedule{}, fmt.Errorf("is out of bounds: allowed is %s to %s", formatDuration(minInterval),
			formatDuration(maxInterval))
	case d%time.Second != 0:
		return Schedule{}, errors.New("is not a whole number of seconds")
	}
	return Schedule{Every: d}, nil
}

// None says that runs are started by hand, or by something else.
func (s Schedule) None() bool { return s.Every == 0 && s.Cron == "" }

// InFourWeeks is about how many times the schedule comes in four weeks, of months that it names.
func (s Schedule) InFourWeeks() float64 {
	const days = 28
	if s.Every > 0 {
		return float64(days*day) / float64(s.Every)
	}
	count := func(ranges []CalendarRange) (n float64) {
		for _, r := range ranges {
			n += float64((max(r.First, r.Last)-r.First)/max(1, r.Step) + 1)
		}
		return n
	}
	c := s.Calendar
	return days * count(c.Minute) * count(c.Hour) * (count(c.DayOfMonth) / 31) * (count(c.DayOfWeek) / 7)
}

// String is the schedule as ParseSchedule reads it, in one form for each meaning.
func (s Schedule) String() string {
	switch {
	case s.Every > 0:
		return formatDuration(s.Every)
	case s.Cron == "":
		return scheduleOff
	case s.Zone == "":
		return s.Cron
	default:
		return s.Cron + " " + s.Zone
	}
}

// setScheduleTo makes the set of a key that says when something begins.
func setScheduleTo(to func(*Table) *Schedule) func(*decoder, at, *Table) {
	return func(d *decoder, a at, t *Table) {
		v, ok := d.scalar(a)
		if !ok {
			return
		}
		parsed, err := ParseSchedule(v.text)
		if err != nil {
			d.problem(a, `write "*/5 * * * *", with a zone "0 3 * * * Europe/Berlin", or an interval such as 5m`,
				"%s %s", v.shown, err.Error())
			return
		}
		*to(t) = parsed
	}
}
