package activities

import (
	"fmt"
	"regexp"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/table"
)

// A watermark that is ahead of the source is a failure and not an empty window: what is written
// meanwhile lies below it, and a run that reads nothing would call the target fresh.

func aheadText(a mysqldb.Ahead) string {
	by := ""
	if a.By > 0 {
		by = fmt.Sprintf(", by %s", a.By.Round(time.Second))
	}
	return fmt.Sprintf("the watermark %s lies above what the source can give to a row now (%s)%s: new rows would lie below it; %s",
		a.Watermark, a.Latest, by, a.Cause)
}

func aheadRemedy(name table.Name, a mysqldb.Ahead) string {
	return fmt.Sprintf("correct the clock or the zone, then run tablehaul watermark set %s with a value from before the change"+
		" (at most %s) to read again from there, or tablehaul run %s --full", name, a.Latest, name)
}

// sayAhead makes a watermark that is ahead the finding that refuses the run.
func (p *drafted) sayAhead() {
	if p.ahead == nil {
		return
	}
	p.findings = append([]table.Finding{{
		Level: table.LevelRefuse, Table: p.settings.Table.String(), Column: p.settings.Cursor, Topic: table.TopicCursor,
		Text: aheadText(*p.ahead), Remedy: aheadRemedy(p.settings.Table, *p.ahead),
	}}, p.findings...)
}

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
		return invalidInput("the watermark is not a value of a cursor",
			"write it like 42, 2024-05-01 or 2024-05-01 12:00:00.123456")
	}
	if was := watermarkKind(before); was != "" && was != kind {
		return invalidInput(fmt.Sprintf("the watermark is %s, and the new one %s", was, kind),
			"write a value of the table's cursor, or forget the watermark first")
	}
	return nil
}
