package process_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/process"
)

// asParent makes the test binary start a child, print its id, and wait to be killed.
const asParent = "TABLEHAUL_PROCESS_TEST_PARENT"

func TestMain(m *testing.M) {
	if os.Getenv(asParent) == "" {
		os.Exit(m.Run())
	}
	child, err := process.Start(exec.Command("sleep", "60"))
	if err != nil {
		os.Exit(1)
	}
	fmt.Println(child.Pid())
	<-child.Done()
}

func TestChildDiesWithItsKilledParent(t *testing.T) {
	parent := exec.CommandContext(t.Context(), os.Args[0])
	parent.Env = append(os.Environ(), asParent+"=1")
	stdout, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(pid, 0), "the child runs")

	require.NoError(t, parent.Process.Kill())
	require.Error(t, parent.Wait())
	require.Eventually(t, func() bool { return !running(pid) }, time.Minute, 10*time.Millisecond)
}

// running reports whether pid is a process that is not merely waiting to be reaped.
func running(pid int) bool {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

func TestStopKillsAChildThatIgnoresIt(t *testing.T) {
	cmd := exec.Command("sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done")
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	child, err := process.Start(cmd)
	require.NoError(t, err)
	_, err = bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	require.NoError(t, child.Stop(50*time.Millisecond))
	require.ErrorContains(t, child.Err(), "killed")
	require.NoError(t, child.Stop(time.Second), "stopping twice is fine")
}

func TestStopEndsAPausedChildCleanly(t *testing.T) {
	child, err := process.Start(exec.Command("sleep", "60"))
	require.NoError(t, err)
	require.NoError(t, child.Signal(syscall.SIGSTOP))
	require.NoError(t, child.Stop(10*time.Second))
	require.ErrorContains(t, child.Err(), "terminated")
}

func TestStartSaysThatTheProgramIsMissing(t *testing.T) {
	_, err := process.Start(exec.Command(filepath.Join(t.TempDir(), "none")))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestLockIsHeldByOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	first, err := process.TryLock(path)
	require.NoError(t, err)
	_, err = process.TryLock(path)
	require.ErrorIs(t, err, process.ErrLocked)

	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = process.Lock(ctx, path)
	require.ErrorIs(t, err, context.DeadlineExceeded)

	require.NoError(t, first.Unlock())
	second, err := process.Lock(t.Context(), path)
	require.NoError(t, err)
	require.NoError(t, second.Unlock())
}

func TestFreePortStaysBelowThePortsOfClients(t *testing.T) {
	port, err := process.FreePort()
	require.NoError(t, err)
	require.GreaterOrEqual(t, port, 15000)
	require.Less(t, port, 32768)
}

func TestTempDirRemovesWhatKilledProcessesLeft(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	dead := exec.Command("true")
	require.NoError(t, dead.Run())
	orphan := filepath.Join(os.TempDir(), "x-"+strconv.Itoa(dead.Process.Pid)+"-1")
	require.NoError(t, os.Mkdir(orphan, 0o700))
	mine, err := process.TempDir("x")
	require.NoError(t, err)
	require.NoDirExists(t, orphan)
	_, err = process.TempDir("x")
	require.NoError(t, err)
	require.DirExists(t, mine)
}

func TestYieldRaisesTheNicenessOfAllThreads(t *testing.T) {
	if os.Getenv("YIELD") != "" { // the process itself does not become less nice again
		done := make(chan struct{})
		var running sync.WaitGroup
		for range 8 {
			running.Add(1)
			go func() { runtime.LockOSThread(); running.Done(); <-done }()
		}
		running.Wait()
		require.NoError(t, process.Yield(7))
		require.NoError(t, process.Yield(3), "it is nicer already")
		close(done)
		tasks, err := filepath.Glob("/proc/self/task/*/stat")
		require.NoError(t, err)
		require.NotEmpty(t, tasks)
		for _, task := range tasks {
			text, err := os.ReadFile(task)
			if err != nil {
				continue // it has ended
			}
			fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+2:]))
			require.Equal(t, "7", fields[16], task)
		}
		return
	}
	require.Error(t, process.Yield(-1))
	require.Error(t, process.Yield(20))
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), "YIELD=1")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
}
