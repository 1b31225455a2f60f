package procs_test

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/integration/procs"
)

func TestOwnTimeAndMemoryAreKnown(t *testing.T) {
	before, err := procs.CPUSeconds(os.Getpid())
	require.NoError(t, err)
	for end := time.Now().Add(100 * time.Millisecond); time.Now().Before(end); { // burn some
	}
	after, err := procs.CPUSeconds(os.Getpid())
	require.NoError(t, err)
	require.Greater(t, after, before)
	require.Less(t, after, before+60)
	peak, err := procs.PeakMiB(os.Getpid())
	require.NoError(t, err)
	require.Greater(t, peak, 1.0)
	require.Less(t, peak, 10_000.0)
}

func TestChildIsFoundByItsArguments(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "sleep", "61.25")
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		require.NoError(t, cmd.Process.Kill())
		_ = cmd.Wait() // killed
	})
	require.Eventually(t, func() bool { // until the new program has taken the place of ours
		pid, err := procs.Child("sleep", "61.25")
		return err == nil && pid == cmd.Process.Pid
	}, time.Minute, 10*time.Millisecond)
	_, err := procs.Child("sleep", "61.5")
	require.ErrorIs(t, err, procs.ErrNotFound)
}

func TestAProcessThatIsGoneIsAnError(t *testing.T) {
	_, err := procs.CPUSeconds(1 << 30)
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = procs.PeakMiB(1 << 30)
	require.ErrorIs(t, err, os.ErrNotExist)
}
