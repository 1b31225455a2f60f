package webui

import (
	"math"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/report"
	"github.com/tablehaul/tablehaul/internal/testenv/reporttest"
)

// The page of tablehaul report in a real browser: what it says of a live run, and how it looks, in light and dark.
func TestTheReportInABrowser(t *testing.T) {
	l := start(t)
	require.NoError(t, l.sync().Get(t.Context(), nil))
	dir := t.TempDir()
	program, file := filepath.Join(dir, "tablehaul"), filepath.Join(dir, "live.html")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./starter")
	build.Dir = "../.."
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	run := exec.CommandContext(t.Context(), program, "report", "--html", file)
	run.Env, run.Dir = append(os.Environ(), "TEMPORAL_ADDRESS="+l.address), dir
	out, err = run.CombinedOutput()
	require.NoError(t, err, "%s", out)

	b := open(t)
	b.reads(fileURL(file), "table", "shop.orders", "done", "first load", "20,000")
	require.Empty(t, b.loaded(), "the page asks for nothing else")

	file = filepath.Join(dir, "example.html")
	f, err := os.Create(file)
	require.NoError(t, err)
	require.NoError(t, report.Write(f, reporttest.Example(time.Date(2026, 5, 4, 9, 30, 0, 0, time.UTC))))
	require.NoError(t, f.Close())
	for _, scheme := range []string{"light", "dark"} {
		require.NoError(t, chromedp.Run(b.ctx, emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme},
		})))
		b.reads(fileURL(file), "What needs a person", "shop.invoices failed: RowRejected", "Comparisons of both sides")
		text, page := b.brightness("color"), b.brightness("backgroundColor")
		require.Equal(t, scheme == "dark", text > page, "%s: text %v, page %v", scheme, text, page)
		require.Greater(t, math.Abs(text-page), 0.6, "text can be read")
		b.shoot("report-" + scheme + ".png")
	}
	b.fits(width)
	const phone = 390
	require.NoError(t, chromedp.Run(b.ctx, chromedp.EmulateViewport(phone, height, chromedp.EmulateMobile)))
	b.reads(fileURL(file), "What needs a person", "Comparisons of both sides")
	b.fits(phone)
	require.Positive(t, b.number("document.querySelectorAll('td[data-name]').length"))
	require.Zero(t, b.number("Array.from(document.querySelectorAll('.scroll'))"+
		".filter(e => e.scrollWidth > e.clientWidth).length"), "no table has to be moved sideways")
	b.shoot("report-phone.png")
}

// fits asserts that nothing leaves a page of that width.
func (b *browser) fits(width int) {
	b.t.Helper()
	require.LessOrEqual(b.t, b.number("document.documentElement.scrollWidth"), float64(width))
}

func fileURL(file string) string { return (&url.URL{Scheme: "file", Path: file}).String() }

// loaded are the addresses that the page has loaded beside itself.
func (b *browser) loaded() (names []string) {
	b.t.Helper()
	require.NoError(b.t, chromedp.Run(b.ctx, chromedp.Evaluate(
		"performance.getEntriesByType('resource').map(e => e.name)", &names)))
	return names
}

// brightness is that of a colour of the page, 0 to 1.
func (b *browser) brightness(property string) float64 {
	b.t.Helper()
	return b.number("getComputedStyle(document.body)." + property +
		".match(/\\d+/g).slice(0, 3).reduce((sum, c) => sum + Number(c), 0) / 3 / 255")
}

func (b *browser) number(expression string) (n float64) {
	b.t.Helper()
	require.NoError(b.t, chromedp.Run(b.ctx, chromedp.Evaluate(expression, &n)))
	return n
}
