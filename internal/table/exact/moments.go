package exact

// Days of the first and the last date that have a typed form, 0001-01-01 and 9999-12-31,
// counted from 1970-01-01. Year 0 has none: most readers' calendars begin with year 1.
const (
	MinDays = -719162
	MaxDays = 2932896
)

// A moment is counted in microseconds.
const (
	MicrosPerSecond = 1_000_000
	MicrosPerDay    = 86_400 * MicrosPerSecond
)

var daysInMonth = [13]int{0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

// pair reads two digits at b[i]; anything else is -1.
func pair(b []byte, i int) int {
	hi, lo := b[i]-'0', b[i+1]-'0'
	if hi > 9 || lo > 9 {
		return -1
	}
	return int(hi)*10 + int(lo)
}

// ParseDate reads YYYY-MM-DD, a date that exists, in days since 1970-01-01.
func ParseDate(b []byte) (int32, bool) {
	if len(b) != 10 || b[4] != '-' || b[7] != '-' {
		return 0, false
	}
	century, rest, month, day := pair(b, 0), pair(b, 2), pair(b, 5), pair(b, 8)
	if century < 0 || rest < 0 || month < 1 || month > 12 || day < 1 {
		return 0, false
	}
	year := century*100 + rest
	last := daysInMonth[month]
	if month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0) {
		last = 29
	}
	if year == 0 || day > last {
		return 0, false
	}
	return int32(DaysOf(year, month, day)), true
}

// DaysOf counts in years that begin in March, so that the leap day comes last (the
// days_from_civil algorithm); year ≥ 1.
func DaysOf(year, month, day int) int {
	if month <= 2 {
		year--
		month += 12
	}
	era := year / 400
	yearOfEra := year % 400
	dayOfYear := (153*(month-3)+2)/5 + day - 1
	dayOfEra := yearOfEra*365 + yearOfEra/4 - yearOfEra/100 + dayOfYear
	return era*146097 + dayOfEra - 719468
}

// AppendDate is the inverse of ParseDate, for days from MinDays to MaxDays.
func AppendDate(dst []byte, days int) []byte {
	days += 719468
	era := days / 146097
	dayOfEra := days % 146097
	yearOfEra := (dayOfEra - dayOfEra/1460 + dayOfEra/36524 - dayOfEra/146096) / 365
	year := yearOfEra + era*400
	dayOfYear := dayOfEra - (365*yearOfEra + yearOfEra/4 - yearOfEra/100)
	mp := (5*dayOfYear + 2) / 153
	day := dayOfYear - (153*mp+2)/5 + 1
	month := mp + 3
	if month > 12 {
		month -= 12
		year++
	}
	dst = appendPair(dst, year/100)
	dst = appendPair(dst, year%100)
	dst = append(dst, '-')
	dst = appendPair(dst, month)
	dst = append(dst, '-')
	return appendPair(dst, day)
}

func appendPair(dst []byte, n int) []byte { return append(dst, byte('0'+n/10), byte('0'+n%10)) }

// ParseClock reads HH:MM:SS and exactly digits fraction digits, 0 ≤ t < 24 h, in microseconds.
func ParseClock(b []byte, digits int) (int64, bool) {
	size := 8
	if digits > 0 {
		size += 1 + digits
	}
	if len(b) != size || b[2] != ':' || b[5] != ':' {
		return 0, false
	}
	hour, minute, second := pair(b, 0), pair(b, 3), pair(b, 6)
	if hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 {
		return 0, false
	}
	micros := int64(0)
	if digits > 0 {
		if b[8] != '.' {
			return 0, false
		}
		for _, ch := range b[9:] {
			d := ch - '0'
			if d > 9 {
				return 0, false
			}
			micros = micros*10 + int64(d)
		}
		for range 6 - digits {
			micros *= 10
		}
	}
	return int64(hour*3600+minute*60+second)*MicrosPerSecond + micros, true
}

// AppendClock is the inverse of ParseClock, for 0 ≤ micros < a day. It fails where micros
// has more fraction digits than asked for.
func AppendClock(dst []byte, micros int64, digits int) ([]byte, bool) {
	seconds, fraction := int(micros/MicrosPerSecond), int(micros%MicrosPerSecond)
	dst = appendPair(dst, seconds/3600)
	dst = append(dst, ':')
	dst = appendPair(dst, seconds/60%60)
	dst = append(dst, ':')
	dst = appendPair(dst, seconds%60)
	if digits == 0 {
		return dst, fraction == 0
	}
	var six [6]byte
	for i := 5; i >= 0; i-- {
		six[i] = byte('0' + fraction%10)
		fraction /= 10
	}
	for _, d := range six[digits:] {
		if d != '0' {
			return dst, false
		}
	}
	dst = append(dst, '.')
	return append(dst, six[:digits]...), true
}

// ParseMoment reads a date, a space and a clock, in microseconds since 1970-01-01 00:00:00.
func ParseMoment(b []byte, digits int) (int64, bool) {
	if len(b) < 19 || b[10] != ' ' {
		return 0, false
	}
	days, ok := ParseDate(b[:10])
	if !ok {
		return 0, false
	}
	clock, ok := ParseClock(b[11:], digits)
	return int64(days)*MicrosPerDay + clock, ok
}

// AppendMoment is the inverse of ParseMoment. It fails outside the years 1 to 9999.
func AppendMoment(dst []byte, micros int64, digits int) ([]byte, bool) {
	if micros < MinDays*MicrosPerDay || micros >= (MaxDays+1)*MicrosPerDay {
		return dst, false
	}
	days, clock := micros/MicrosPerDay, micros%MicrosPerDay
	if clock < 0 {
		days--
		clock += MicrosPerDay
	}
	dst = AppendDate(dst, int(days))
	dst = append(dst, ' ')
	return AppendClock(dst, clock, digits)
}
