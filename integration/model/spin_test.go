package model

import (
	"context"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// spin is the model checker: from PATH, else Debian's, unpacked once into the user's cache.
// Where neither can be had, the test fails and says why.
var spin = sync.OnceValues(func() (string, error) { return servers.Program("spin", "spin") })

// checkTimeout bounds one exploration, which takes a few seconds.
const checkTimeout = 3 * time.Minute

const window, comparison = "window.pml", "compare.pml"

// explore looks at every state of a model under the given switches and returns the checker's report and, where it
// found a violation, the steps that lead there.
func explore(t *testing.T, file string, switches ...string) (report, trail string) {
	t.Helper()
	return search(t, file, "-O1", switches...)
}

// violate is explore for a model that has a violation: it is found soon, and most of the time is the compiler's.
func violate(t *testing.T, file string, switches ...string) (report string) {
	t.Helper()
	report, _ = search(t, file, "-O0", switches...)
	return report
}

func search(t *testing.T, file, optimisation string, switches ...string) (report, trail string) {
	t.Helper()
	checker, err := spin()
	require.NoError(t, err)
	model, err := filepath.Abs(file)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), checkTimeout)
	defer cancel()
	dir := t.TempDir()
	run := func(name string, args ...string) string {
		cmd := exec.CommandContext(ctx, name, args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s: %s", name, out)
		return string(out)
	}
	run(checker, append(switches, "-a", model)...)
	// -w: its own code does not compile without warnings. SAFETY: no property here is of liveness.
	// COLLAPSE: states take half of the memory, and a little more time.
	run("gcc", "-w", optimisation, "-DSAFETY", "-DCOLLAPSE", "-DMEMLIM=1024", "-o", "pan", "pan.c")
	report = run("./pan", "-m100000")
	if trails, err := filepath.Glob(filepath.Join(dir, "*.trail")); err == nil && len(trails) > 0 {
		trail = run(checker, append(switches, "-t", "-p", "-g", "-k", trails[0], model)...)
	}
	return report, trail
}
