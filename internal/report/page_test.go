package report_test

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/report"
	"github.com/tablehaul/tablehaul/internal/testenv/reporttest"
)

var keep = flag.String("keep", "", "a file that gets the page of the example")

func draw(t *testing.T, p report.Page) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, report.Write(&b, p))
	return b.String()
}

// The page is one file: nothing in it is loaded from elsewhere, and nothing runs.
func TestThePageLoadsNothing(t *testing.T) {
	text := draw(t, reporttest.Example(time.Date(2026, 5, 4, 9, 30, 0, 0, time.UTC)))
	require.NotRegexp(t, regexp.MustCompile(`(?i)<(script|link|img|iframe|object|embed|form|base)\b`), text)
	require.NotRegexp(t, regexp.MustCompile(`(?i)\b(src|href|action|onload|onclick)=|url\(|@import|https?://`), text)
	require.Contains(t, text, `content="default-src 'none'; style-src 'unsafe-inline'"`)
	require.Less(t, len(text), 200<<10)
	if *keep != "" {
		require.NoError(t, os.WriteFile(*keep, []byte(text), 0o600))
	}
}

func TestThePageSaysWhatIsWrongFirst(t *testing.T) {
	text := draw(t, reporttest.Example(time.Date(2026, 5, 4, 9, 30, 0, 0, time.UTC)))
	for _, want := range []string{
		"As of 2026-05-04 09:30:00 UTC, task queue tablehaul", "<b>7</b><span>tables</span>",
		"<b>shop.invoices</b> failed: RowRejected", "→ correct the row at the source",
		"<b>shop.events</b> held back", "12 missing, 3 stale", "never run", "equal",
	} {
		require.Contains(t, text, want)
	}
	require.Less(t, strings.Index(text, "shop.invoices</b> failed"), strings.Index(text, "shop.events</b> held back"),
		"the most serious first")
	require.Contains(t, draw(t, report.Page{}), "Nothing: no table has an issue.")
}

// Names and messages are texts, with any characters in them.
func TestThePageEscapes(t *testing.T) {
	evil := `<script>alert("x")</script>`
	lag, limit := time.Hour, 2*time.Hour
	text := draw(t, report.Page{Queue: evil, Tables: []report.Table{{
		Name: evil, Target: evil + "2", Now: evil, Next: evil, Watermark: evil, Lag: &lag, StaleAfter: &limit,
		Issues: []report.Issue{{Text: evil, Remedy: evil}}, Deletes: evil, Quarantine: evil,
		Runs:   []report.Run{{Mode: evil, Outcome: evil, Window: evil, Failure: evil}, {Outcome: `x" onload="y`}},
		Verify: &report.Verify{Depth: evil, Differing: []report.Count{{Name: evil, N: 1}}},
	}}})
	require.NotContains(t, text, "<script>")
	require.NotContains(t, text, ` onload="`)
	require.Contains(t, text, "&lt;script&gt;")
}
