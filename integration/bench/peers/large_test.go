package main

import (
	"encoding/json"
	"errors"
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
	require.Equal(t, 50_000, l.changes)
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
	require.NoError(t, largeIn(t, map[string]string{"ROWS": "100000"}).checkDisk())
}

func TestOnlyTheWholeLargeTableWritesItsPage(t *testing.T) {
	l := largeIn(t, nil)
	require.Equal(t, largeRows, l.rows)
	require.Equal(t, "docs/benchmarks-large.md", l.report)
	require.Equal(t, "mysql-100000000", filepath.Base(l.kept))
	for _, v := range []map[string]string{
		{"ROWS": "25000000"}, {"CHANGES": "100000"}, {"LOCAL_INFILE": "1"}, {"FLAVOR": "mariadb"},
	} {
		require.Empty(t, largeIn(t, v).report, v)
	}
	// The page has all parts that are done, whichever tools have a turn.
	l = largeIn(t, map[string]string{"ONLY": "dlt", "CHANGES": "50000"})
	require.Equal(t, largePage, l.report)
	require.Equal(t, []string{
		"the source", "dlt, first replaced, first load", "dlt, first replaced, changes",
	}, l.titles(t))
	_, err := readLarge(func(name string) string { return map[string]string{"ONLY": "sling"}[name] })
	require.ErrorContains(t, err, "no tool of that name")
}

func TestGoalsOfTheLargeTable(t *testing.T) {
	us := largeTools()[0]
	require.Equal(t, []string{
		"first load ≤ 1.3 × LOAD DATA of the same rows: 1.20 ×: met",
		"50,000 changes ≤ 5.0 s: 5.5 s for 50,000: missed",
		"worker ≤ 200 MiB: 150 MiB: met",
		"staging ≤ 1024 MiB: 2000 MiB: missed",
	}, largeGoals([]partResult{
		{Part: part{us, partLoad}.title(), Seconds: 120, Rows: 1000, WorkerMiB: 150, StagedMiB: 2000},
		{Part: part{us, partChanges}.title(), Seconds: 5.5, Rows: 50_000, WorkerMiB: 100},
		{Part: part{usualTool, partLoad}.title(), Seconds: 100},
	}))
	require.Equal(t, []string{
		"first load ≤ 1.3 × LOAD DATA of the same rows: not measured yet",
		"100,000 changes ≤ 10.0 s: 9.5 s for 100,000: met",
		"worker ≤ 200 MiB: not measured yet",
		"staging ≤ 1024 MiB: not measured yet",
	}, largeGoals([]partResult{{Part: part{us, partChanges}.title(), Seconds: 9.5, Rows: 100_000}}))
}

// Parts are reported as they end: the page and the README's part have those that there are.
func TestALargeTableIsReportedAsPartsEnd(t *testing.T) {
	l := largeIn(t, nil)
	t.Chdir(t.TempDir())
	require.NoError(t, os.MkdirAll("docs", 0o755))
	require.NoError(t, os.WriteFile("README.md", []byte("before\n"+largeMarks.around("")+"\nafter\n"), 0o600))
	l.write(t, "the-source.json", partResult{
		Part: "the source", Machine: "2 cores", Rows: largeRows, Seconds: 1500,
	})
	require.NoError(t, l.renew())
	require.NoFileExists(t, largePage)

	us, load := largeTools()[0], partResult{
		Rows: largeRows, Seconds: 1000, Longest: 0.5, P99: [2]float64{1, 2.5}, PeakMiB: 400, WorkerMiB: 120,
		StagedMiB: 500,
	}
	end := func(p part, r partResult) {
		r.Part, r.Servers, r.Machine = p.title(), "mysql 9.7.4 from packages", "2 cores"
		l.write(t, p.name()+doneSuffix, r)
	}
	end(part{us, partLoad}, load)
	end(part{usualTool, partLoad}, load)
	end(part{largeTools()[2], partLoad}, partResult{Failure: "first load: not done within 12h0m0s"})
	require.NoError(t, l.renew())
	page, err := os.ReadFile(largePage)
	require.NoError(t, err)
	require.Contains(t, string(page), "Not ended yet: tablehaul, changes; tablehaul, verify; the usual way, changes.\n")
	require.Contains(t, string(page), "first load: not done within 12h0m0s")
	require.Contains(t, string(page), "two of mysql 9.7.4, with their defaults (binary log on")
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(readme), "before\n"+largeMarks.begin+"\n| Tool | First load, "))
	require.Contains(t, string(readme), "| **Tablehaul** | 16.7 min | not ended yet | 0.50 s, – | 2.5 ms, – | "+
		"400 MiB, the worker 120 | 500 MiB |\n")
	require.Contains(t, string(readme), "| dlt, replacing the first load | failed | failed | –, – | –, – | – | – |\n")
	requireLargeAgrees(t)

	// A part that ran out of time, on another machine.
	l.write(t, "dlt-first-replaced-first-load.json", partResult{
		Part: "dlt, first replaced, first load", Machine: "4 cores", Failure: "first load: not done within 50m0s",
		NotWithin: 3000,
	})
	require.NoError(t, l.renew())
	page, err = os.ReadFile(largePage)
	require.NoError(t, err)
	require.Contains(t, string(page), `| Machine | 2 cores; from "dlt, first replaced, first load" on: 4 cores;`)
	require.Contains(t, string(page), "| dlt, replacing the first load | more than 50.0 min | not run | –, – |")

	// Where all have ended, none is open.
	for _, p := range allParts() {
		end(p, load)
	}
	require.NoError(t, l.renew())
	page, err = os.ReadFile(largePage)
	require.NoError(t, err)
	require.NotContains(t, string(page), "Not ended yet")
}

func requireLargeAgrees(t *testing.T) {
	t.Helper()
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	page, err := os.ReadFile(largePage)
	if errors.Is(err, os.ErrNotExist) {
		_, content, _, err := largeMarks.cut(string(readme))
		require.NoError(t, err)
		require.Empty(t, content, "README.md has figures of a page that is not there")
		return
	}
	require.NoError(t, err)
	renewed, err := renewLarge(string(readme), string(page))
	require.NoError(t, err)
	require.Equal(t, renewed, string(readme))
}

func TestReadmeHasTheLargePagesFigures(t *testing.T) {
	t.Chdir("../../..")
	requireLargeAgrees(t)
}
