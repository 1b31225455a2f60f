package format

import (
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/table/exact"
)

const (
	nanosPerMicro  = 1000
	nanosPerSecond = 1_000_000_000
	secondsPerDay  = 86_400
)

// moment is a date and a time of day, or an instant where hasZone.
type moment struct {
	days    int   // since 1970-01-01
	nanos   int64 // of the day
	hasZone bool
}

// momentText converts the text of a date, or of a date and a time.
func (c *column) momentText(dst, b []byte) ([]byte, reason) {
	if c.Kind == table.KindDateTime && len(b) >= 19 {
		if _, ok := exact.ParseMoment(b, c.Precision); ok { // as MySQL itself writes it
			return append(dst, b...), ""
		}
	}
	if c.Kind == table.KindDate {
		if _, ok := exact.ParseDate(b); ok {
			return append(dst, b...), ""
		}
	}
	if len(b) >= 10 && (string(b[5:7]) == "00" || string(b[8:10]) == "00") {
		return c.zeroDate(dst, b)
	}
	m, why := parseMoment(b)
	if why != "" {
		return dst, why
	}
	return c.moment(dst, m)
}

// zeroDate takes the dates with zeros that MySQL writes: 0000-00-00 everywhere, others from MySQL's own text only.
func (c *column) zeroDate(dst, b []byte) ([]byte, reason) {
	date := b[:10]
	if string(date) != "0000-00-00" {
		probe := [10]byte(date)
		for _, i := range [2]int{5, 8} {
			if probe[i] == '0' && probe[i+1] == '0' {
				probe[i+1] = '1'
			}
		}
		if _, ok := exact.ParseDate(probe[:]); !ok || !c.zeroDates {
			return dst, whyDate
		}
	}
	if c.Kind == table.KindDate {
		if len(b) > 10 {
			return dst, whyDate
		}
		return append(dst, b...), ""
	}
	nanos := int64(0)
	if len(b) > 10 {
		var ok bool
		if nanos, ok = parseClock(b[11:]); !ok || b[10] != ' ' {
			return dst, whyMoment
		}
	}
	if c.Kind == table.KindTimestamp && (string(date) != "0000-00-00" || nanos != 0) {
		return dst, whyMoment
	}
	start := len(dst)
	out, ok := exact.AppendClock(append(append(dst, date...), ' '), nanos/nanosPerMicro, c.Precision)
	if !ok || nanos%nanosPerMicro != 0 {
		return dst[:start], whyFraction
	}
	return out, ""
}

// moment writes a date and time into a column of dates and times.
func (c *column) moment(dst []byte, m moment) ([]byte, reason) {
	switch c.Kind {
	case table.KindDate:
		if m.hasZone && !c.utc {
			return dst, whyZone
		}
		if m.nanos != 0 {
			return dst, whyDate
		}
		return c.date(dst, m.days)
	case table.KindDateTime:
		if m.hasZone && !c.utc {
			return dst, whyZone
		}
	case table.KindTimestamp:
		if !m.hasZone && !c.utc {
			return dst, whyNoZone
		}
		// The server's own range, that of MariaDB since 11.5; an older server refuses what is after 2038.
		if s := int64(m.days)*secondsPerDay + m.nanos/nanosPerSecond; s < 1 || s > 1<<32-1 {
			return dst, whyRange
		}
	default:
		return dst, whyKind
	}
	if m.days < exact.MinDays || m.days > exact.MaxDays {
		return dst, whyRange
	}
	if m.nanos%nanosPerMicro != 0 {
		return dst, whyFraction
	}
	start := len(dst)
	out, ok := exact.AppendMoment(dst, int64(m.days)*exact.MicrosPerDay+m.nanos/nanosPerMicro, c.Precision)
	if !ok {
		return dst[:start], whyFraction
	}
	return out, ""
}

// date writes a date, as days since 1970-01-01.
func (c *column) date(dst []byte, days int) ([]byte, reason) {
	if days < exact.MinDays || days > exact.MaxDays {
		return dst, whyRange
	}
	switch c.Kind {
	case table.KindDate, table.KindString:
		if c.Kind == table.KindString && c.runeLimit > 0 && c.runeLimit < 10 {
			return dst, whyLength
		}
		return exact.AppendDate(dst, days), ""
	case table.KindDateTime:
		return c.moment(dst, moment{days: days})
	default:
		return dst, whyKind
	}
}

// clockText converts the text of a TIME.
func (c *column) clockText(dst, b []byte) ([]byte, reason) {
	nanos, ok := parseClock(b)
	if !ok {
		return dst, whyClock
	}
	return c.clock(dst, nanos, len(b) > 0 && b[0] == '-')
}

// maxClock is the largest TIME, 838:59:59.000000.
const maxClock = (838*3600 + 59*60 + 59) * nanosPerSecond

// clock writes a time, as nanoseconds.
func (c *column) clock(dst []byte, nanos int64, neg bool) ([]byte, reason) {
	if c.Kind != table.KindTime {
		return dst, whyKind
	}
	if nanos < 0 {
		nanos = -nanos
	}
	switch {
	case nanos > maxClock || nanos < 0:
		return dst, whyRange
	case nanos%nanosPerMicro != 0:
		return dst, whyFraction
	}
	start := len(dst)
	if neg && nanos != 0 {
		dst = append(dst, '-')
	}
	hours := nanos / nanosPerSecond / 3600
	if hours >= 100 {
		dst = append(dst, byte('0'+hours/100))
	}
	mark := len(dst)
	out, ok := exact.AppendClock(dst, nanos/nanosPerMicro%(3600*exact.MicrosPerSecond), c.Precision)
	if !ok {
		return out[:start], whyFraction
	}
	out[mark], out[mark+1] = byte('0'+hours/10%10), byte('0'+hours%10)
	return out, ""
}
