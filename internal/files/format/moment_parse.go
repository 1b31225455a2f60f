package format

import "github.com/tablehaul/tablehaul/internal/table/exact"

// parseMoment reads a date alone, or a date, a T or a space, a time of day, and a zone where there is one.
func parseMoment(b []byte) (m moment, why reason) {
	if len(b) < 10 {
		return m, whyDate
	}
	days, ok := exact.ParseDate(b[:10])
	if !ok {
		return m, whyDate
	}
	m.days = int(days)
	if len(b) == 10 {
		return m, ""
	}
	if b[10] != 'T' && b[10] != 't' && b[10] != ' ' {
		return m, whyMoment
	}
	clock, zone := cutZone(b[11:])
	if m.nanos, ok = parseClock(clock); !ok || m.nanos < 0 || m.nanos >= secondsPerDay*nanosPerSecond {
		return m, whyMoment
	}
	if zone == nil {
		return m, ""
	}
	offset, ok := parseZone(zone)
	if !ok {
		return m, whyMoment
	}
	m.hasZone = true
	m.nanos -= int64(offset) * nanosPerSecond
	for m.nanos < 0 {
		m.nanos += secondsPerDay * nanosPerSecond
		m.days--
	}
	for m.nanos >= secondsPerDay*nanosPerSecond {
		m.nanos -= secondsPerDay * nanosPerSecond
		m.days++
	}
	return m, ""
}

// cutZone divides a time of day from its zone, which begins with a sign, Z, or " UTC".
func cutZone(b []byte) (clock, zone []byte) {
	for i, ch := range b {
		switch ch {
		case '+', '-', 'Z', 'z', ' ':
			return b[:i], b[i:]
		}
	}
	return b, nil
}

// parseZone reads Z, UTC, +hh, +hhmm and +hh:mm, in seconds east of UTC.
func parseZone(b []byte) (int, bool) {
	if b[0] == ' ' {
		b = b[1:]
	}
	switch string(b) {
	case "Z", "z", "UTC":
		return 0, true
	}
	if len(b) < 3 || b[0] != '+' && b[0] != '-' {
		return 0, false
	}
	hours, minutes := pair(b[1:]), 0
	switch {
	case len(b) == 5:
		minutes = pair(b[3:])
	case len(b) == 6 && b[3] == ':':
		minutes = pair(b[4:])
	case len(b) != 3:
		return 0, false
	}
	if hours < 0 || hours > 15 || minutes < 0 || minutes > 59 {
		return 0, false
	}
	offset := hours*3600 + minutes*60
	if b[0] == '-' {
		offset = -offset
	}
	return offset, true
}

// pair reads two digits at the start of b; anything else is -1.
func pair(b []byte) int {
	hi, lo := b[0]-'0', b[1]-'0'
	if hi > 9 || lo > 9 {
		return -1
	}
	return int(hi)*10 + int(lo)
}

// parseClock reads hh:mm, with seconds and up to nine digits of a fraction where they are there, in nanoseconds.
// Hours may have a third digit and a sign, as in MySQL's TIME.
func parseClock(b []byte) (int64, bool) {
	neg := len(b) > 0 && b[0] == '-'
	if neg {
		b = b[1:]
	}
	hours := 0
	if len(b) >= 3 && b[2] != ':' {
		if b[0]-'0' > 9 {
			return 0, false
		}
		hours, b = 100*int(b[0]-'0'), b[1:]
	}
	if len(b) < 5 || b[2] != ':' {
		return 0, false
	}
	low, minutes, seconds := pair(b), pair(b[3:]), 0
	rest := b[5:]
	if len(rest) >= 3 && rest[0] == ':' {
		seconds, rest = pair(rest[1:]), rest[3:]
	}
	if low < 0 || minutes < 0 || minutes > 59 || seconds < 0 || seconds > 59 {
		return 0, false
	}
	nanos, ok := parseFraction(rest)
	if !ok {
		return 0, false
	}
	nanos += int64((hours+low)*3600+minutes*60+seconds) * nanosPerSecond
	if neg {
		nanos = -nanos
	}
	return nanos, true
}

// parseFraction reads what follows the seconds; digits behind the ninth must be zeros.
func parseFraction(b []byte) (int64, bool) {
	if len(b) == 0 {
		return 0, true
	}
	if b[0] != '.' || len(b) == 1 {
		return 0, false
	}
	nanos, scale := int64(0), int64(nanosPerSecond)
	for _, ch := range b[1:] {
		d := ch - '0'
		if d > 9 || scale == 1 && d != 0 {
			return 0, false
		}
		if scale > 1 {
			scale /= 10
			nanos += int64(d) * scale
		}
	}
	return nanos, true
}
