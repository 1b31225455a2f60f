package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"github.com/tablehaul/tablehaul/workflows"
)

const oneTable = `
connections:
  here: { dsn: "root:sentinel-password@tcp(127.0.0.1:1)/" }
staging: { url: "file://STAGING" }
defaults: { sourceConnection: here, targetConnection: here }
tables:
  - { name: a.t, target: b.t, cursor: c }
metrics: { listen: "127.0.0.1:0" }
log: { format: json }
`

// served is the address that the log names.
var served = regexp.MustCompile(`"msg":"metrics served","address":"([^"]+)"`)

func TestWorkerServesItsOwnServerAndStopsInOrder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tablehaul.yaml")
	require.NoError(t, os.WriteFile(file, []byte(strings.Replace(oneTable, "STAGING", t.TempDir(), 1)), 0o600))
	t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1") // the worker's server is the one inside

	p := start(t, t.TempDir(), "--config", file)
	c := p.dial(t)
	require.Eventually(t, func() bool {
		d, err := c.DescribeTaskQueue(t.Context(), workflows.TaskQueue, enumspb.TASK_QUEUE_TYPE_ACTIVITY)
		return err == nil && len(d.GetPollers()) > 0
	}, time.Minute, 50*time.Millisecond)
	m := served.FindStringSubmatch(p.printed())
	require.NotNil(t, m, p.printed())
	require.Eventually(t, func() bool { return strings.HasPrefix(fetch(t, "http://"+m[1]+"/readyz"), "ready") },
		time.Minute, 50*time.Millisecond)
	page := fetch(t, "http://"+m[1]+"/metrics")
	require.Contains(t, page, "tablehaul_worker_ready 1\n")
	require.Contains(t, page, `tablehaul_rows_extracted_total{table="a.t"} 0`)
	require.Contains(t, page, "temporal_worker_task_slots_available{", "the SDK's own")
	p.stop(t)
	require.Contains(t, p.printed(), "worker started")
	require.Contains(t, p.printed(), "worker stopping")
	require.NotContains(t, p.printed(), "sentinel-password")
}

func fetch(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return string(body)
}
