package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// largeIn is bench-large with a folder of its own.
func largeIn(t *testing.T, variables map[string]string) *large {
	t.Helper()
	t.Setenv("TABLEHAUL_TEST_CACHE", t.TempDir())
	s, err := readLarge(func(name string) string { return variables[name] })
	require.NoError(t, err)
	l := &large{bench: &bench{settings: s, out: io.Discard}}
	require.NoError(t, os.MkdirAll(l.file(""), 0o755))
	return l
}

func (l *large) write(t *testing.T, name string, content any) {
	t.Helper()
	text, err := json.Marshal(content)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(l.file(name), text, 0o600))
}

func (l *large) titles(t *testing.T) (out []string) {
	t.Helper()
	parts, err := l.missing()
	require.NoError(t, err)
	for _, p := range parts {
		out = append(out, p.title())
	}
	return out
}

func TestALargeTableGoesOnWhereItStopped(t *testing.T) {
	l := largeIn(t, map[string]string{"ROWS": "2000000"})
	require.Equal(t, 2000, l.changes)
	all := []string{
		"the source", "tablehaul, first load", "tablehaul, changes", "tablehaul, verify", "the usual way, first load",
		"the usual way, changes", "dlt, first replaced, first load", "dlt, first replaced, changes",
	}
	require.Equal(t, all, l.titles(t))

	l.write(t, "the-source.json", partResult{})
	l.write(t, "tablehaul-first-load.json", partResult{})
	require.NoError(t, os.WriteFile(l.file(onTarget), []byte(ourName), 0o600))
	l.write(t, "tablehaul-changes.begun", nil)
	require.Equal(t, all[2:], l.titles(t))
	require.True(t, l.begun(part{largeTools()[0], partChanges}))

	// The rows of another tool are on the target: a load that was measured is done again, for the parts after it.
	require.NoError(t, os.WriteFile(l.file(onTarget), []byte(usualTool.name), 0o600))
	require.Equal(t, all[1:], l.titles(t))

	// A tool that failed is left out.
	l.write(t, "dlt-first-replaced-first-load.json", partResult{Failure: "exit status 1"})
	require.Equal(t, all[1:6], l.titles(t))
}

func TestALargeTableNeedsRoom(t *testing.T) {
	l := largeIn(t, map[string]string{"ROWS": "900000000000"})
	var said strings.Builder
	l.out = &said
	require.ErrorContains(t, l.checkDisk(), "Give ROWS=")
	require.Contains(t, said.String(), "All parts need 540001.0 GB of disk")
	require.NoError(t, largeIn(t, map[string]string{"ROWS": "1000"}).checkDisk())
}

func TestOnlyTheWholeLargeTableWritesItsPage(t *testing.T) {
	l := largeIn(t, nil)
	require.Equal(t, largeRows, l.rows)
	require.Equal(t, "docs/benchmarks-large.md", l.report)
	require.Equal(t, "mysql-100000000", filepath.Base(l.kept))
	require.Empty(t, largeIn(t, map[string]string{"ROWS": "25000000"}).report)
	_, err := readLarge(func(name string) string { return map[string]string{"ONLY": "sling"}[name] })
	require.ErrorContains(t, err, "no tool of that name")
}

func TestGoalsOfTheLargeTable(t *testing.T) {
	us := largeTools()[0]
	require.Equal(t, []string{
		"first load: 1.20 × LOAD DATA of the same rows; the goal is ≤ 1.3 ×: met",
		"100,000 changes: 10.5 s; the goal is ≤ 10.0 s: missed",
		"worker: 150 MiB; the goal is ≤ 200: met",
		"staging: 2000 MiB; the goal is ≤ 1024: missed",
	}, largeGoals([]partResult{
		{Part: part{us, partLoad}.title(), Seconds: 120, Rows: 1000, WorkerMiB: 150, StagedMiB: 2000},
		{Part: part{us, partChanges}.title(), Seconds: 10.5, Rows: 100_000, WorkerMiB: 100},
		{Part: part{usualTool, partLoad}.title(), Seconds: 100},
	}))
}
