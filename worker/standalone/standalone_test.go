package main

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/internal/process"
)

// asProgram makes the test binary be the program, so that it can be killed.
const asProgram = "TABLEHAUL_STANDALONE_TEST_RUN"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// A program is a running tablehaul-standalone.
type program struct {
	running
	child  *process.Child
	output string // file with what it printed
}

func start(t *testing.T, dir string, args ...string) *program {
	t.Helper()
	p := &program{output: filepath.Join(t.TempDir(), "output")}
	out, err := os.Create(p.output)
	require.NoError(t, err)
	defer func() { require.NoError(t, out.Close()) }()
	ready := filepath.Join(t.TempDir(), "ready.json")
	cmd := exec.Command(os.Args[0], append([]string{
		"--data-dir", dir, "--ready-file", ready, "--port", "auto",
		"--ui-port", "auto",
	}, args...)...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	cmd.Stdout, cmd.Stderr = out, out
	p.child, err = process.Start(cmd)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.child.Kill()) })
	require.Eventually(t, func() bool {
		text, err := os.ReadFile(ready)
		return err == nil && json.Unmarshal(text, &p.running) == nil
	}, time.Minute, 20*time.Millisecond, "not ready: %s", p.printed)
	return p
}

func (p *program) printed() string {
	text, err := os.ReadFile(p.output)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// stop asks the program to end, as a supervisor would, and wants exit code 0.
func (p *program) stop(t *testing.T) {
	t.Helper()
	require.NoError(t, p.child.Stop(30*time.Second))
	require.NoError(t, p.child.Err(), p.printed())
}

func (p *program) dial(t *testing.T) client.Client {
	t.Helper()
	c, err := client.DialContext(t.Context(), client.Options{HostPort: p.Address})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// twoSteps is a workflow whose second step only happens after gate is closed.
func twoSteps(ctx workflow.Context) (string, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: 10 * time.Second})
	var first, second string
	if err := workflow.ExecuteActivity(ctx, "Step", "one").Get(ctx, &first); err != nil {
		return "", err
	}
	workflow.GetSignalChannel(ctx, "go on").Receive(ctx, nil)
	err := workflow.ExecuteActivity(ctx, "Step", "two").Get(ctx, &second)
	return first + " " + second, err
}

func TestKilledServerFinishesWhatWasRunning(t *testing.T) {
	dir := t.TempDir()
	first := start(t, dir, "--server-only")
	c := first.dial(t)
	steps := make(chan string, 10)
	w := worker.New(c, "q", worker.Options{DeadlockDetectionTimeout: time.Minute})
	register := func(w worker.Worker) {
		w.RegisterWorkflowWithOptions(twoSteps, workflow.RegisterOptions{Name: "TwoSteps"})
		w.RegisterActivityWithOptions(func(_ context.Context, name string) (string, error) {
			steps <- name
			return name, nil
		}, activity.RegisterOptions{Name: "Step"})
	}
	register(w)
	require.NoError(t, w.Start())
	run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "w", TaskQueue: "q"}, "TwoSteps")
	require.NoError(t, err)
	require.Equal(t, "one", <-steps)
	require.NoError(t, first.child.Kill())
	w.Stop()

	second := start(t, dir, "--server-only") // on other ports, too
	c = second.dial(t)
	w = worker.New(c, "q", worker.Options{DeadlockDetectionTimeout: time.Minute})
	register(w)
	require.NoError(t, w.Start())
	defer w.Stop()
	require.NoError(t, c.SignalWorkflow(t.Context(), "w", run.GetRunID(), "go on", nil))
	var result string
	require.NoError(t, c.GetWorkflow(t.Context(), "w", run.GetRunID()).Get(t.Context(), &result))
	require.Equal(t, "one two", result)
	second.stop(t)
}

func TestServerKeepsHistoryForThirtyDaysAndLogsToItsFile(t *testing.T) {
	dir := t.TempDir()
	p := start(t, dir, "--server-only")
	require.Equal(t, 30*24*time.Hour, retention(t, p))

	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.UIURL+"/namespaces/default/workflows", nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode)

	p.stop(t)
	require.Contains(t, p.printed(), p.Address)
	require.Contains(t, p.printed(), p.UIURL)
	require.Contains(t, p.printed(), "30 days")
	require.NotContains(t, p.printed(), `"level"`, "the terminal is not for the server's log")
	log, err := os.ReadFile(filepath.Join(dir, "temporal-1.32.log"))
	require.NoError(t, err)
	require.Contains(t, string(log), `"level":"warn"`)
	require.NoFileExists(t, filepath.Join(dir, "temporal-1.32.json"))

	p = start(t, dir, "--server-only", "--retention", "48h")
	require.Equal(t, 48*time.Hour, retention(t, p))
	p.stop(t)
}

func retention(t *testing.T, p *program) time.Duration {
	t.Helper()
	d, err := p.dial(t).WorkflowService().DescribeNamespace(t.Context(),
		&workflowservice.DescribeNamespaceRequest{Namespace: "default"})
	require.NoError(t, err)
	return d.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration()
}

func TestSecondStartIsToldWhereTheFirstOneIs(t *testing.T) {
	dir := t.TempDir()
	p := start(t, dir, "--server-only")
	code, stderr := runHere(t, "--server-only", "--data-dir", dir, "--port", "auto", "--ui-port", "auto")
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr, p.Address)
	require.Contains(t, stderr, p.UIURL)
	require.Contains(t, stderr, "process "+strconv.Itoa(p.child.Pid()))
	require.Contains(t, stderr, "--data-dir")

	// a killed server leaves its state file, but not its lock
	require.NoError(t, p.child.Kill())
	start(t, dir, "--server-only").stop(t)
}

func TestBusyPortIsNamedWithItsFlag(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	for _, flag := range []string{"--port", "--ui-port"} {
		other := map[string]string{"--port": "--ui-port", "--ui-port": "--port"}[flag]
		code, stderr := runHere(t, "--server-only", "--data-dir", t.TempDir(), flag, port, other, "auto")
		require.Equal(t, exitFailed, code)
		require.Contains(t, stderr,
			"127.0.0.1:"+port+" is in use by another program: choose another port with "+flag+" ")
	}
}

func TestWrongFlagsAreUsageErrors(t *testing.T) {
	for _, args := range [][]string{
		{"--port", "http"},
		{"--port", "70000"},
		{"--retention", "1m"},
		{"--no-such-flag"},
	} {
		code, stderr := runHere(t, append(args, "--server-only", "--data-dir", t.TempDir())...)
		require.Equal(t, exitUsage, code, args)
		require.Contains(t, stderr, strings.TrimLeft(args[0], "-"))
	}
}

func TestAddressOfAnotherMachineIsRefused(t *testing.T) {
	code, stderr := runHere(t, "--server-only", "--data-dir", t.TempDir(), "--ip", "192.0.2.1")
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr, "192.0.2.1 is not an address of this machine: choose another with --ip")
}

func TestMissingConfigurationIsSaidBeforeTheServerStarts(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	code, stderr := runHere(t, "--data-dir", dir, "--config", filepath.Join(t.TempDir(), "none.yaml"))
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr, "none.yaml")
	require.NoDirExists(t, dir)
}

// runHere runs the program inside the test; it has to end by itself.
func runHere(t *testing.T, args ...string) (code int, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out, err strings.Builder
	code = run(ctx, args, os.Getenv, &out, &err)
	require.NoError(t, ctx.Err(), "it was still running")
	return code, err.String()
}
