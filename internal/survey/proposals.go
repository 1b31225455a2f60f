package survey

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/table"
)

// wideRow is how many bytes rows have, on average, before columns of any length are proposed to be left out.
const wideRow = 2 << 10

// wideTable is how many bytes such a table has at least: of a small one, half-empty pages make rows look wide.
const wideTable = 1 << 20

// A table of up to smallRows rows and smallBytes is loaded whole in seconds.
const smallRows, smallBytes = 100_000, 16 << 20

// personal are words in the names of columns that often hold personal data, with the mask to propose. The first that
// fits counts.
var personal = []struct {
	name *regexp.Regexp
	text string // of columns that hold text
	date string // of dates
}{
	{regexp.MustCompile(`(?i)(^|_)(e?mail|email_?address)(_|$)`), "hmac", ""},
	{regexp.MustCompile(`(?i)(^|_)(phone|mobile|fax|tel)(_?(number|no|nr))?(_|$)`), "last4", ""},
	{
		regexp.MustCompile(
			`(?i)(^|_)(iban|bic|card_?(number|no|nr)|account_?(number|no|nr)|ssn|passport|tax_?id)(_|$)`,
		),
		"last4", "",
	},
	{regexp.MustCompile(`(?i)(^|_)(birth_?(day|date)?|date_?of_?birth|dob|born)(_|$)`), "", "year"},
	{regexp.MustCompile(`(?i)(^|_)((first|last|middle|sur|maiden|full)_?name)(_|$)`), "hmac", ""},
	{regexp.MustCompile(`(?i)(^|_)(password|passwd|pwd|secret|api_?key|token)(_?hash)?(_|$)`), "null", ""},
	{regexp.MustCompile(`(?i)(^|_)(street|postal_?address|zip_?code|ip(_?addr(ess)?)?)(_|$)`), "hmac", ""},
}

// propose lists settings that a person may want, as comments of the configuration. Nothing of it is set.
func propose(t *schema.Table, cursor string) (out []string) {
	inKey := func(name string) bool {
		if table.SameColumn(name, cursor) || table.HasColumn(t.PrimaryKey, name) {
			return true
		}
		for _, index := range t.Indexes {
			for _, part := range index.Columns {
				if index.Unique && table.SameColumn(part.Column, name) {
					return true
				}
			}
		}
		return false
	}
	var wide, masks []string
	for _, c := range t.Columns {
		if c.Generated || inKey(c.Name) {
			continue
		}
		if t.Bytes >= wideTable && t.RowsEstimate > 0 && t.Bytes/t.RowsEstimate >= wideRow && hasAnyLength(c.Column) {
			wide = append(wide, scalar(c.Name))
		}
		if mask := maskOf(&c); mask != "" {
			masks = append(masks, scalar(c.Name)+": "+mask)
		}
	}
	small := t.RowsEstimate > 0 && t.RowsEstimate <= smallRows && t.Bytes <= smallBytes
	if cursor == "" && len(t.PrimaryKey) > 0 && small {
		out = append(
			out,
			"a small table without a cursor; to load it whole beside the target and exchange the two, so "+
				"that rows which are gone at the source go, too: write: replace",
		)
	}
	if len(wide) > 0 {
		out = append(out, fmt.Sprintf("rows have %s on average; to leave wide columns out: columns: { exclude: [%s] }",
			humanize.IBytes(uint64(t.Bytes/t.RowsEstimate)), strings.Join(wide, ", "))) //nolint:gosec // not negative
	}
	if len(masks) > 0 {
		text := "by their names, columns may hold personal data; to mask them: columns: { mask: { " +
			strings.Join(masks, ", ") + " } }"
		if strings.Contains(text, ": hmac") {
			text += ", with maskKey: ${MASK_KEY}"
		}
		out = append(out, text)
	}
	return out
}

// hasAnyLength reports columns whose values may be of any length.
func hasAnyLength(c table.Column) bool {
	return c.Kind == table.KindJSON || (c.Kind == table.KindBytes || c.Kind == table.KindString) && c.Length >= 1<<16-1
}

// maskOf is the mask to propose for a column, "" for none.
func maskOf(c *schema.Column) string {
	for _, p := range personal {
		if !p.name.MatchString(c.Name) {
			continue
		}
		switch c.Kind {
		case table.KindString:
			if p.text == "null" && !c.Nullable {
				return "empty"
			}
			return p.text
		case table.KindDate, table.KindDateTime:
			return p.date
		default:
			return ""
		}
	}
	return ""
}
