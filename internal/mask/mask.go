package mask

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tablehaul/tablehaul/internal/table"
)

// Names of masks. Round is followed by a power of ten: round10 to round1000000000.
const (
	Null  = "null"
	Empty = "empty"
	Stars = "stars"
	Last4 = "last4"
	Year  = "year"
	Month = "month"
	Round = "round"
	// HMAC and DateShift are keyed.
	HMAC      = "hmac"
	DateShift = "dateShift"
)

// Words are the masks as people write them, in the order of the docs.
func Words() []string {
	return []string{Null, Empty, Stars, Last4, Year, Month, Round + "1000", HMAC, DateShift}
}

// Known reports whether a word is a mask.
func Known(word string) bool {
	if zeros, ok := Zeros(word); ok {
		return zeros > 0
	}
	return slices.Contains(Words(), word)
}

// Keyed reports whether a mask needs a key.
func Keyed(word string) bool { return word == HMAC || word == DateShift }

// Zeros are those of a mask such as round1000, 1 to 9; false where the word is none.
func Zeros(word string) (int, bool) {
	digits, ok := strings.CutPrefix(word, Round)
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || n < 10 || n > 1_000_000_000 || strings.Trim(digits[1:], "0") != "" || digits[0] != '1' {
		return 0, false
	}
	return len(digits) - 1, true
}

var (
	dates = []table.Kind{table.KindDate, table.KindDateTime, table.KindTimestamp}
	texts = []table.Kind{table.KindString}
	whole = []table.Kind{table.KindInt, table.KindUint, table.KindDecimal, table.KindFloat, table.KindDouble}
	// exact are the kinds of which every server prints a value alike.
	exact = slices.Concat(dates, texts, []table.Kind{
		table.KindInt, table.KindUint, table.KindDecimal, table.KindYear, table.KindTime, table.KindBytes,
		table.KindEnum, table.KindUUID, table.KindInet,
	})
)

// Accepts reports whether a mask takes values of a kind.
func Accepts(word string, kind table.Kind) bool {
	switch word {
	case Null:
		return kind != table.KindUnsupported
	case Empty:
		return kind == table.KindString || kind == table.KindBytes
	case Stars, Last4:
		return slices.Contains(texts, kind)
	case Year, Month, DateShift:
		return slices.Contains(dates, kind)
	case HMAC:
		return slices.Contains(exact, kind)
	}
	_, round := Zeros(word)
	return round && slices.Contains(whole, kind)
}

// Takes says in words what a mask accepts.
func Takes(word string) string {
	switch word {
	case Null:
		return "every type"
	case Empty:
		return "CHAR, VARCHAR, TEXT, BINARY, VARBINARY and BLOB"
	case Stars, Last4:
		return "CHAR, VARCHAR and TEXT"
	case Year, Month, DateShift:
		return "DATE, DATETIME and TIMESTAMP"
	case HMAC:
		return "texts, bytes, integers, DECIMAL, dates, times, ENUM, UUID and INET"
	}
	return "integers, DECIMAL, FLOAT and DOUBLE"
}
