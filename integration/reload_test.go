package integration_test

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// SIGHUP makes a worker process read its file. A broken one changes nothing, is said, and runs go on by the old one;
// the command line says what is wrong with it. The next file is taken over.
func TestABrokenFileAtSIGHUPLeavesTheOldOne(t *testing.T) {
	t.Parallel()
	p := start(t, options{idle: true})
	exec(t, p.src, createT, insertT(1, 10))
	log := &overheard{}
	worker := p.startLogging(log)
	require.EqualValues(t, 10, p.sync("t").RowsExtracted)

	file, err := os.ReadFile(p.config())
	require.NoError(t, err)
	broken := strings.Replace(string(file), "cursor:", "curser:", 1)
	require.NoError(t, os.WriteFile(p.config(), []byte(broken), 0o600))
	require.NoError(t, worker.Process.Signal(syscall.SIGHUP))
	log.await(t, "configuration not taken over, the one in use stays")
	require.Contains(t, log.String(), "did you mean cursor?")
	require.Contains(t, p.cliFails(2, "config check"), "did you mean cursor?")
	shown := p.cliFails(2, "status")
	require.Regexp(t, `\.t +idle +done`, shown)
	require.Contains(t, shown, "did you mean cursor?")
	require.Contains(t, shown, "the worker has refused its configuration file")
	exec(t, p.src, insertT(11, 12))
	require.EqualValues(t, 2, p.sync("t").Inserted)

	mended := strings.NewReplacer("cursor: updated_at", "cursor: updated_at, minLag: 3s", "\n", "\r\n").
		Replace(string(file))
	require.NoError(t, os.WriteFile(p.config(), []byte(mended), 0o600))
	require.NoError(t, worker.Process.Signal(syscall.SIGHUP))
	log.await(t, "minLag")
	require.NoError(t, worker.Process.Signal(syscall.SIGTERM))
	require.NoError(t, worker.Wait(), "the process has not ended by a signal")
}
