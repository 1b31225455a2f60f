package main

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The command line links neither the steps of a run nor what only they use.
func TestTheCommandLineLinksNoStep(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	require.NoError(t, err)
	deps := strings.Fields(string(out))
	require.Contains(t, deps, module+"internal/remote")
	for _, banned := range []string{
		"github.com/parquet-go/", "github.com/aws/", "github.com/prometheus/", "go.temporal.io/sdk/worker",
		module + "activities", module + "workflows", module + "internal/rowfile", module + "internal/app",
		module + "internal/metrics",
		module + "internal/mysqldb/target", module + "internal/mysqldb/upsert",
	} {
		for _, dep := range deps {
			require.False(t, strings.HasPrefix(dep, banned), "%s is linked", dep)
		}
	}
}

const module = "github.com/tablehaul/tablehaul/"
