package owner

import (
	"fmt"
	"regexp"
	"time"

	"github.com/tablehaul/tablehaul/internal/failure"
)

// watermarkForms are the exact texts of the kinds of cursors.
var watermarkForms = []struct {
	kind string
	form *regexp.Regexp
}{
	{"an integer", regexp.MustCompile(`^(0|-?[1-9]\d{0,19})$`)},
	{"a date", regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)},
	{"a date and time", regexp.MustCompile(`^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d{1,6})?$`)},
}

func watermarkKind(text string) string {
	for _, f := range watermarkForms {
		if !f.form.MatchString(text) {
			continue
		}
		if f.kind == "an integer" {
			return f.kind
		}
		n := min(len(text), len(time.DateTime))
		if _, err := time.Parse(time.DateTime[:n], text[:n]); err == nil {
			return f.kind
		}
	}
	return ""
}

// CheckWatermark refuses a text that cannot be a cursor's exact value, or is of another kind than
// the watermark before it; "" is none.
func CheckWatermark(text, before string) error {
	if text == "" {
		return nil
	}
	kind := watermarkKind(text)
	if kind == "" {
		return failure.New(failure.InvalidInput, "the watermark is not a value of a cursor",
			"write it like 42, 2024-05-01 or 2024-05-01 12:00:00.123456")
	}
	if was := watermarkKind(before); was != "" && was != kind {
		return failure.New(failure.InvalidInput, fmt.Sprintf("the watermark is %s, and the new one %s", was, kind),
			"write a value of the table's cursor, or forget the watermark first")
	}
	return nil
}
