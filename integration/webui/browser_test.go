package webui

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// A browser is one tab.
type browser struct {
	t   *testing.T
	ctx context.Context
}

// The size of a screenshot: wide enough for the Web UI's columns, small enough for a README.
const width, height = 1280, 800

// reading bounds how long a page may take to say what it has to say.
const reading = 90 * time.Second

func open(t *testing.T) *browser {
	t.Helper()
	found, err := find(t.Context())
	require.NoError(t, err)
	t.Log("browser:", found.path)
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(found.path), chromedp.Env(found.env...), chromedp.UserDataDir(t.TempDir()),
		// it opens our own server alone, and root has no sandbox
		chromedp.WindowSize(width, height), chromedp.NoSandbox,
		chromedp.Flag("lang", "en-US"), chromedp.WSURLReadTimeout(reading))...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &browser{t: t, ctx: ctx}
	require.NoError(t, chromedp.Run(ctx, chromedp.EmulateViewport(width, height)))
	return b
}

// text is what a page shows, its frames included: the Web UI shows Markdown in one.
const text = `[document, ...Array.from(document.querySelectorAll('iframe'), f => f.contentDocument)]
	.map(d => d && d.body ? d.body.innerText : '').join('\n')`

// asksForRefresh is what the Web UI shows when one of its pages was drawn before the workflow that
// it is about had arrived, as happens on a busy machine with a page that is opened by its address.
const asksForRefresh = "Try a refresh"

// reads opens a page and waits until it shows all of parts; it returns what it shows then.
func (b *browser) reads(url string, parts ...string) string {
	b.t.Helper()
	require.NoError(b.t, chromedp.Run(b.ctx, chromedp.Navigate(url)), url)
	var shown string
	for deadline := time.Now().Add(reading); ; {
		err := chromedp.Run(b.ctx, chromedp.Evaluate(text, &shown))
		missing := missing(shown, parts)
		if err == nil && missing == "" {
			return shown
		}
		if strings.Contains(shown, asksForRefresh) {
			b.t.Log("the Web UI asks for a refresh:", url)
			require.NoError(b.t, chromedp.Run(b.ctx, chromedp.Navigate(url)), url)
		}
		require.True(b.t, time.Now().Before(deadline), "%s does not show %q (%v), but:\n%s", url, missing, err, shown)
		require.NoError(b.t, chromedp.Run(b.ctx, chromedp.Sleep(100*time.Millisecond)))
	}
}

// missing is the first of parts that text lacks; how it breaks lines is the page's business.
func missing(text string, parts []string) string {
	text = strings.Join(strings.Fields(text), " ")
	for _, p := range parts {
		if !strings.Contains(text, p) {
			return p
		}
	}
	return ""
}

// screenshots is the folder that gets pictures, empty for none: `make screenshots` sets it.
func screenshots() string { return os.Getenv("TABLEHAUL_SCREENSHOTS") }

// shoot keeps a picture of the page where screenshots are wanted.
func (b *browser) shoot(name string) {
	b.t.Helper()
	dir := screenshots()
	if dir == "" {
		return
	}
	var png []byte
	require.NoError(b.t, chromedp.Run(b.ctx, chromedp.Sleep(time.Second), chromedp.CaptureScreenshot(&png)))
	small, err := shrink(png)
	require.NoError(b.t, err)
	require.LessOrEqual(b.t, len(small), mostBytes, "docs/images/%s is too large for a repository", name)
	require.NoError(b.t, os.MkdirAll(dir, 0o755))
	require.NoError(b.t, os.WriteFile(filepath.Join(dir, name), small, 0o644))
	fmt.Fprintf(os.Stderr, "webui: %s, %d KiB\n", filepath.Join(dir, name), len(small)>>10)
}
