package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Calendar is what the five fields of a cron text mean: the values that each may have. All
// five must match, which is how Temporal takes them.
type Calendar struct {
	Minute, Hour, DayOfMonth, Month []CalendarRange
	// DayOfWeek counts from 0, which is Sunday, to 6.
	DayOfWeek []CalendarRange
}

// CalendarRange is the values First, First+Step, … up to Last, which is inclusive.
type CalendarRange struct{ First, Last, Step int }

// cronField is one of the five.
type cronField struct {
	name        string
	first, last int
	// words stand for numbers from first on.
	words []string
	to    func(*Calendar) *[]CalendarRange
}

var cronFields = []cronField{
	{"minute", 0, 59, nil, func(c *Calendar) *[]CalendarRange { return &c.Minute }},
	{"hour", 0, 23, nil, func(c *Calendar) *[]CalendarRange { return &c.Hour }},
	{"day of the month", 1, 31, nil, func(c *Calendar) *[]CalendarRange { return &c.DayOfMonth }},
	{
		"month", 1, 12,
		[]string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"},
		func(c *Calendar) *[]CalendarRange { return &c.Month },
	},
	{
		"day of the week", 0, 6,
		[]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"},
		func(c *Calendar) *[]CalendarRange { return &c.DayOfWeek },
	},
}

// parseCalendar reads five fields.
func parseCalendar(fields []string) (Calendar, error) {
	var out Calendar
	for i, f := range cronFields {
		ranges, err := f.parse(fields[i])
		if err != nil {
			return Calendar{}, err
		}
		*f.to(&out) = ranges
	}
	if fields[2] != "*" && fields[4] != "*" {
		// Most crons take either of the two, Temporal only days that are both.
		return Calendar{}, errors.New("has a day of the month and a day of the week, which crons understand " +
			"differently: leave one of them at *")
	}
	return out, nil
}

// parse reads one field: values, ranges and steps, separated by commas.
func (f cronField) parse(text string) ([]CalendarRange, error) {
	var out []CalendarRange
	for part := range strings.SplitSeq(text, ",") {
		r, err := f.parsePart(part)
		if err != nil {
			return nil, fmt.Errorf("has %q for the %s: %w", part, f.name, err)
		}
		out = append(out, r)
	}
	return out, nil
}

func (f cronField) parsePart(part string) (CalendarRange, error) {
	r := CalendarRange{First: f.first, Last: f.last, Step: 1}
	span, step, stepped := strings.Cut(part, "/")
	if stepped {
		n, err := strconv.Atoi(step)
		if err != nil || n < 1 || n > f.last {
			return r, fmt.Errorf("a step is a number from 1 to %d", f.last)
		}
		r.Step = n
	}
	if span == "*" {
		return r, nil
	}
	first, last, ranged := strings.Cut(span, "-")
	var err error
	if r.First, err = f.value(first); err != nil {
		return r, err
	}
	switch {
	case ranged:
		if r.Last, err = f.value(last); err != nil {
			return r, err
		}
	case !stepped:
		r.Last = r.First
	}
	if r.Last < r.First {
		return r, errors.New("a range goes from the lower value to the higher")
	}
	return r, nil
}

// value reads a number, or a word where the field has words.
func (f cronField) value(text string) (int, error) {
	for i, word := range f.words {
		if strings.EqualFold(text, word) {
			return f.first + i, nil
		}
	}
	n, err := strconv.Atoi(text)
	if err == nil && f.name == "day of the week" && n == 7 {
		n = 0 // Sunday, as some write it
	}
	if err != nil || n < f.first || n > f.last {
		return 0, fmt.Errorf("allowed is %d to %d", f.first, f.last)
	}
	return n, nil
}
