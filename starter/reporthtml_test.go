package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/verify"
)

func TestReportWritesAPage(t *testing.T) {
	f := failedOrders()
	s := f.states["shop.orders"]
	s.LastVerify = &owner.VerifyRecord{
		At: time.Now().Add(-3 * time.Hour), Depth: api.DepthDigest, Differs: true, SourceRows: 1234,
		Verdicts: map[verify.Verdict]int64{verify.Missing: 10, verify.Settled: 5},
	}
	f.states["shop.orders"] = s
	file := filepath.Join(t.TempDir(), "report.html")
	require.NoError(t, os.WriteFile(file, []byte("old"), 0o600))
	got := call(t, f, "report", "--html", file)
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Equal(t, file+": 2 tables\n", got.stdout)
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	text := string(content)
	for _, want := range []string{
		"<b>shop.orders</b> failed: RowRejected: column note is too short",
		"→ correct the row at the source or widen the target, then run again",
		"→ dw.orders", "10 missing", "1,234", "shop.countries", "never run", "task queue tablehaul",
	} {
		require.Contains(t, text, want)
	}
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o644), info.Mode().Perm(), "it is made to be read")
	entries, err := os.ReadDir(filepath.Dir(file))
	require.NoError(t, err)
	require.Len(t, entries, 1, "no temporary file stays")

	require.Contains(t, call(t, f, "report", "--html", "-", "shop.orders").stdout, "<b>1</b><span>table</span>")
}

func TestReportsThatCannotBeWritten(t *testing.T) {
	got := call(t, failedOrders(), "report")
	require.Equal(t, exitUsage, got.code)
	require.Contains(t, got.stderr, "name the file to write: --html FILE")
	got = call(t, failedOrders(), "report", "--html", filepath.Join(t.TempDir(), "no", "such", "folder.html"))
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.stderr, "write the report: ")
	got = call(t, failedOrders(), "report", "--html", "-", "shop.unknown")
	require.Equal(t, exitUsage, got.code, got.stderr)
}
