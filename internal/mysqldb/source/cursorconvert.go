package source

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/table"
)

// ErrCursorChanged is returned by ConvertCursor for types between which no value can be carried over.
var ErrCursorChanged = errors.New("the cursor's type has changed")

// ConvertCursor carries a watermark over from the type that the cursor had to the one that it has
// now. was is the former COLUMN_TYPE, such as "datetime(6)". What it returns is at or below the
// watermark, so that a row is read again at most, and never left out.
//
// Integers keep their value, and more fraction digits are zeros. With fewer digits the server has
// rounded the rows: the result lies a whole unit lower. A DATE becomes the beginning of its day, as its
// rows have. Between DATETIME and TIMESTAMP nothing can be carried over, since the zone by which the
// server has converted the rows is not known: ErrCursorChanged.
func ConvertCursor(was string, now table.Column, text string) (string, error) {
	old, oldDigits := typeWord(was)
	word, _ := typeWord(now.Type)
	refuse := fmt.Errorf("%w from %s to %s", ErrCursorChanged, was, now.Type)
	switch {
	case strings.EqualFold(was, now.Type):
		return text, nil
	case isIntegerWord(old) && now.Kind.IsInteger():
		value, err := parseIntCursor(now, text)
		if err != nil {
			return "", refuse
		}
		return value, nil
	case old == word && (now.Kind == table.KindDateTime || now.Kind == table.KindTimestamp):
		return convertDigits(text, oldDigits, now.Precision, refuse)
	case old == "date" && now.Kind == table.KindDateTime:
		return convertMoment(text, now.Precision, 0, refuse)
	case old == "datetime" && now.Kind == table.KindDate:
		t, err := time.Parse(cursorTime, text)
		if err != nil {
			return "", refuse
		}
		return t.AddDate(0, 0, -1).Format(time.DateOnly), nil
	}
	return "", refuse
}

// FitCursor writes a moment that a person has written with another number of fraction digits, or a day, as a DATETIME
// or TIMESTAMP cursor has it. As with ConvertCursor, the result is at or below it. The error is ErrCursorChanged for
// all else.
func FitCursor(c table.Column, text string) (string, error) {
	refuse := fmt.Errorf("%w: %s is no value of %s", ErrCursorChanged, text, c.Type)
	if c.Kind != table.KindDateTime && c.Kind != table.KindTimestamp {
		return "", refuse
	}
	_, digits, _ := strings.Cut(text, ".")
	return convertDigits(text, len(digits), c.Precision, refuse)
}

// typeWord is the first word of a COLUMN_TYPE and the number in its braces.
func typeWord(typ string) (word string, number int) {
	word = strings.ToLower(typ)
	if i := strings.IndexAny(word, "( "); i >= 0 {
		number, _ = strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(word[i:], "("), ")"))
		word = word[:i]
	}
	return word, number
}

func isIntegerWord(word string) bool {
	return word == "tinyint" || word == "smallint" || word == "mediumint" || word == "int" || word == "bigint"
}

func convertDigits(text string, was, now int, refuse error) (string, error) {
	if now >= was {
		return convertMoment(text, now, 0, refuse)
	}
	unit := time.Second
	for range now {
		unit /= 10
	}
	return convertMoment(text, now, unit, refuse)
}

// cursorTime is a DATETIME or a TIMESTAMP with any number of fraction digits.
const cursorTime = "2006-01-02 15:04:05.999999"

// convertMoment writes a moment, less a while, with the given number of fraction digits.
func convertMoment(text string, digits int, less time.Duration, refuse error) (string, error) {
	layout := cursorTime
	if len(text) == len(time.DateOnly) {
		layout = time.DateOnly
	}
	t, err := time.Parse(layout, text)
	if err != nil {
		return "", refuse
	}
	if less > 0 {
		t = t.Truncate(less).Add(-less)
	}
	out := time.DateTime
	if digits > 0 {
		out += "." + strings.Repeat("0", digits)
	}
	return t.Format(out), nil
}
