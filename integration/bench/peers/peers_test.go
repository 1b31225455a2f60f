package main

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/integration/bystanders"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

func TestGoalsCountWholeJobsOnly(t *testing.T) {
	none := func(*arena, phase) *exec.Cmd { return nil }
	made := func(name, pkg string, first, then float64, o outcome) result {
		r := result{tool: tool{name: name, pkg: pkg, command: none}, outcome: o}
		r.runs = [len(phaseNames)]*ran{{seconds: first}, {seconds: then}, {seconds: 3}, {seconds: 3}}
		return r
	}
	whole := outcome{equal: true}
	our := made(ourName, "", 10, 2, whole)
	our.command = nil
	failed := made("ingestr", "ingestr", 1, 1, whole)
	failed.failure, failed.runs[changes] = "changes: exit status 1", nil
	results := []result{
		our, made("dlt", "dlt", 60, 9, whole), made("loses rows", "sling", 1, 1, outcome{}), failed,
		made("hybrid", "hybrid", 30, 2.74, whole),
	}
	our.runs[firstLoad].fared.All.P99 = 6 * time.Millisecond
	our.runs[changes].fared.All.P99 = 7 * time.Millisecond
	results[4].runs[firstLoad].fared.All.P99 = 4 * time.Millisecond
	results[4].runs[changes].fared.All.P99 = 6 * time.Millisecond
	idle := bystanders.Report{All: bystanders.Stats{P99: 2 * time.Millisecond}}
	require.Equal(t, []string{
		"first load: 0.33 × the time of the best of the others (hybrid, 30.0 s); goal ≤ 0.7 ×: reached",
		"first load: the other clients' p99 is 6.0 ms, beside hybrid 4.0 ms, 1.50 ×; goal ≤ 1 ×, and two " +
			"runs of one tool differ by up to 1.25 ×: missed",
		"first load: the other clients' p99 is 3.0 times that alone; goal ≤ 3 ×: reached",
		"changes: 0.73 × the time of the best of the others (hybrid, 2.7 s); goal ≤ 0.7 ×: missed",
		"changes: the other clients' p99 is 7.0 ms, beside hybrid 6.0 ms, 1.17 ×; goal ≤ 1 ×, and two " +
			"runs of one tool differ by up to 1.25 ×: within what two runs differ",
		"changes: the other clients' p99 is 3.5 times that alone; goal ≤ 3 ×: missed",
		"scattered changes: 1.00 × the time of the best of the others (dlt, 3.0 s); goal ≤ 0.7 ×: missed",
		"scattered changes: the other clients' p99 is 0.0 times that alone; goal ≤ 3 ×: reached",
		"newest changes: 1.00 × the time of the best of the others (dlt, 3.0 s); goal ≤ 0.7 ×: missed",
		"newest changes: the other clients' p99 is 0.0 times that alone; goal ≤ 3 ×: reached",
	}, goals(results, idle))
	require.Empty(t, goals(results[1:], idle))
}

func TestNamesMayHaveCommas(t *testing.T) {
	require.Equal(t, []string{"tablehaul", "ingestr, first appended", "dlt"}, namesOf(
		"tablehaul,ingestr, first appended, dlt"))
	require.Equal(t, []string{"ingestr", "hybrid, batched"}, namesOf("ingestr,hybrid,batched,"))
	require.Empty(t, namesOf(""))
}

func TestBothSettingsOfLocalInfileAreSeen(t *testing.T) {
	for text, want := range map[string][]bool{"": {false, true}, "0": {false}, "1": {true}} {
		s, err := readSettings(func(name string) string {
			return map[string]string{"LOCAL_INFILE": text}[name]
		})
		require.NoError(t, err)
		require.Equal(t, want, s.passes(), text)
		require.Equal(t, text == "", s.report != "", text)
		s.flavor = servers.FlavorMariaDB
		require.Equal(t, []bool{false}, s.passes(), text)
	}
}

func TestLastComplaintIsTheReason(t *testing.T) {
	require.Equal(t, "Error: no such table", lastComplaint("starting\n\x1b[31mError: no such table\x1b[0m\nsee the "+
		"manual\n"))
	require.Equal(t, "bye", lastComplaint("starting\nbye\n"))
	require.Equal(t, "it printed nothing", lastComplaint(" \n"))
}

func TestAlterationsNameColumnsAndKeys(t *testing.T) {
	made := "CREATE TABLE `orders` (\n  `id` bigint unsigned NOT NULL,\n  `note` text,\n  PRIMARY KEY (`id`),\n  " +
		"KEY `by_note` (`note`)\n) ENGINE=InnoDB"
	now := "CREATE TABLE `orders` (\n  `id` decimal(20,0) NOT NULL,\n  `note` text,\n  PRIMARY KEY (`id`)\n) " +
		"ENGINE=InnoDB"
	require.Empty(t, alterations(made, made))
	require.Equal(t, []string{
		"gone: `id` bigint unsigned NOT NULL", "gone: KEY `by_note` (`note`)",
		"new: `id` decimal(20,0) NOT NULL",
	}, alterations(made, now))
}

func TestResidentFindsThisProcess(t *testing.T) {
	require.Positive(t, resident([]int{os.Getpid()}))
}
