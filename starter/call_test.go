package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/remote"
	"github.com/tablehaul/tablehaul/internal/testenv/schematest"
)

// invocation is one call of the program and what came of it.
type invocation struct {
	code           int
	stdout, stderr string
}

// configFile writes a configuration and returns its path.
func configFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tablehaul.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// call runs the program against f with the test configuration.
func call(t *testing.T, f *fakeService, args ...string) invocation {
	t.Helper()
	return callContext(t.Context(), t, f, args...)
}

func callContext(ctx context.Context, t *testing.T, f *fakeService, args ...string) invocation {
	t.Helper()
	return callConfig(ctx, t, f, testConfig, args...)
}

// callConfig is callContext with another configuration.
func callConfig(ctx context.Context, t *testing.T, f *fakeService, config string, args ...string) invocation {
	t.Helper()
	a, stdout, stderr := testApp(t, f, map[string]string{"TABLEHAUL_CONFIG": configFile(t, config)})
	code := a.execute(ctx, args)
	checkJSON(t, a, args, stdout.String())
	return invocation{code, stdout.String(), stderr.String()}
}

// checkJSON compares what a command has printed with its schema, where JSON was asked for.
func checkJSON(t *testing.T, a *app, args []string, stdout string) {
	t.Helper()
	if !a.json() {
		return
	}
	cmd, _, err := a.rootCommand().Find(args)
	require.NoError(t, err)
	require.NoError(t, schematest.Check(strings.TrimPrefix(cmd.CommandPath(), "tablehaul "), stdout))
}

// testApp is the program against f; a nil f is a Temporal that cannot be reached.
func testApp(t *testing.T, f *fakeService, env map[string]string) (a *app, stdout, stderr *bytes.Buffer) {
	t.Helper()
	stdout, stderr = &bytes.Buffer{}, &bytes.Buffer{}
	return &app{
		getenv: func(name string) string {
			if name == "TEMPORAL_ADDRESS" && env[name] == "" {
				return "temporal.test:7233" // whose Web UI is not known: TestLinks has one that is
			}
			return env[name]
		}, stdin: strings.NewReader(""), stdout: stdout,
		stderr: stderr,
		poll:   time.Millisecond,
		dial: func(context.Context, func(string) string, string) (service, error) {
			if f == nil {
				return nil, &remote.UnreachableError{Address: "127.0.0.1:7233", Cause: errors.New("connection refused")}
			}
			return f, nil
		},
	}, stdout, stderr
}
