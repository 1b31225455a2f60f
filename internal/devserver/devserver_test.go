package devserver_test

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/devserver"
	"github.com/tablehaul/tablehaul/internal/testenv/temporaltest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if temporaltest.StopShared() != nil {
		code = 1
	}
	os.Exit(code)
}

func TestSharedServerAnswersTheCommandLine(t *testing.T) {
	s := temporaltest.Start(t)
	require.Same(t, s, temporaltest.Start(t))
	out, err := exec.CommandContext(t.Context(), temporaltest.CLI(t),
		"operator", "cluster", "health", "--address", s.Address).CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), "SERVING")
}

func TestPrivateServerKeepsItsAddressAndDataOverAKill(t *testing.T) {
	t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1") // must not matter
	s := temporaltest.Private(t)
	address, ui := s.Address, s.UIURL
	require.NotEmpty(t, ui)
	id := startWorkflow(t, address)

	require.NoError(t, s.Kill())
	_, err := client.Dial(client.Options{HostPort: address})
	require.Error(t, err)

	require.NoError(t, s.Restart(t.Context()))
	require.Equal(t, address, s.Address)
	require.Equal(t, ui, s.UIURL)
	c := dial(t, s.Address)
	_, err = c.DescribeWorkflowExecution(t.Context(), id, "")
	require.NoError(t, err)
}

func TestFindSaysThatTheEnvironmentsServerIsNotThere(t *testing.T) {
	t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
	_, err := devserver.Find(t.Context(), devserver.Options{})
	require.ErrorContains(t, err, "TEMPORAL_ADDRESS")
}

func TestFindTakesTheServerOfTheEnvironment(t *testing.T) {
	s := temporaltest.Start(t)
	t.Setenv("TEMPORAL_ADDRESS", s.Address)
	found, err := devserver.Find(t.Context(), devserver.Options{})
	require.NoError(t, err)
	require.Equal(t, "TEMPORAL_ADDRESS", found.Origin)
	require.NoError(t, found.Stop())
	require.Error(t, found.Kill(), "a server of the environment is not ours to kill")
	dial(t, s.Address)
}

func startWorkflow(t *testing.T, address string) string {
	t.Helper()
	run, err := dial(t, address).ExecuteWorkflow(t.Context(),
		client.StartWorkflowOptions{ID: "kept", TaskQueue: "unpolled"}, "Nothing")
	require.NoError(t, err)
	return run.GetID()
}

func dial(t *testing.T, address string) client.Client {
	t.Helper()
	c, err := client.DialContext(t.Context(), client.Options{HostPort: address})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}
