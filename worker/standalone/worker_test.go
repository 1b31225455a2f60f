package main

import (
	"os"
	"path/filepath"
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
defaults: { source: here, target: here }
tables:
  - { name: a.t, target: b.t, cursor: c }
`

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
	p.stop(t)
	require.Contains(t, p.printed(), "worker started")
	require.Contains(t, p.printed(), "worker stopping")
	require.NotContains(t, p.printed(), "sentinel-password")
}
