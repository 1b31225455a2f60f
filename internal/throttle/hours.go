package throttle

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrHours is wrapped by ParseHours for a text that is no span of hours.
var ErrHours = errors.New("not a span of hours")

// Hours is a daily span of time, such as 22:00-06:00 in Berlin. The zero value is all day.
type Hours struct {
	// from is inclusive, to exclusive, both in minutes since midnight; equal is all day.
	from, to int
	zone     *time.Location
}

// ParseHours reads "22:00-06:00", in UTC, or "22:00-06:00 Europe/Berlin". The beginning is
// inclusive, the end is not, and a span may go over midnight. An empty text is all day.
func ParseHours(text string) (Hours, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return Hours{}, nil
	}
	span, zone, _ := strings.Cut(text, " ")
	from, to, ok := strings.Cut(span, "-")
	if !ok {
		return Hours{}, fmt.Errorf("%w: write it as 22:00-06:00", ErrHours)
	}
	h := Hours{zone: time.UTC}
	var err error
	if h.from, err = parseMinutes(from); err != nil {
		return Hours{}, err
	}
	if h.to, err = parseMinutes(to); err != nil {
		return Hours{}, err
	}
	if h.from == h.to {
		return Hours{}, fmt.Errorf("%w: it begins when it ends; leave it out for all day", ErrHours)
	}
	// "Local" would mean another zone on every machine.
	if zone = strings.TrimSpace(zone); zone == "Local" {
		return Hours{}, fmt.Errorf("%w: name the zone", ErrHours)
	}
	if h.zone, err = time.LoadLocation(zone); err != nil {
		return Hours{}, fmt.Errorf("%w: unknown time zone %s", ErrHours, zone)
	}
	return h, nil
}

func parseMinutes(text string) (int, error) {
	t, err := time.Parse("15:04", text)
	if err != nil {
		return 0, fmt.Errorf("%w: %q is no time of day such as 06:30", ErrHours, text)
	}
	return t.Hour()*60 + t.Minute(), nil
}

// Open reports whether t lies in the span.
func (h Hours) Open(t time.Time) bool {
	if h.from == h.to {
		return true
	}
	t = t.In(h.zone)
	m := t.Hour()*60 + t.Minute()
	if h.from < h.to {
		return h.from <= m && m < h.to
	}
	return m >= h.from || m < h.to
}

// Next is the next moment at or after t in which the span is open: t itself where it is open.
// Where a clock change skips the beginning, it is the first moment after it.
func (h Hours) Next(t time.Time) time.Time {
	if h.Open(t) {
		return t
	}
	local := t.In(h.zone)
	for day := range 3 {
		next := time.Date(local.Year(), local.Month(), local.Day()+day, h.from/60, h.from%60, 0, 0, h.zone)
		if next.After(t) {
			return next
		}
	}
	return t.Add(24 * time.Hour)
}
