package main

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/integration/bystanders"
)

func TestGoalsCountWholeJobsOnly(t *testing.T) {
	none := func(*arena, phase) *exec.Cmd { return nil }
	made := func(name, pkg string, first, then float64, o outcome) result {
		r := result{tool: tool{name: name, pkg: pkg, command: none}, outcome: o}
		r.runs = [2]*ran{{seconds: first}, {seconds: then}}
		return r
	}
	whole := outcome{equal: true}
	our := made(ourName, "", 10, 2, whole)
	our.command = nil
	failed := made("ingestr", "ingestr", 1, 1, whole)
	failed.failure, failed.runs[changes] = "changes: exit status 1", nil
	results := []result{
		our, made("dlt", "dlt", 60, 9, whole), made("loses rows", "sling", 1, 1, outcome{}), failed,
		made("hybrid", "hybrid", 30, 3, whole),
	}
	require.Equal(t, []string{
		"first load: 6.00 times as fast as dlt (dlt, 60.0 s); goal 5: reached",
		"first load: 3.00 times as fast as the best of the others (hybrid, 30.0 s); goal 2: reached",
		"changes: 4.50 times as fast as dlt (dlt, 9.0 s); goal 5: missed",
		"changes: 1.50 times as fast as the best of the others (hybrid, 3.0 s); goal 2: missed",
	}, goals(results))
}

func TestOtherClientsMayWaitThreeTimesAsLong(t *testing.T) {
	fared := func(p99 time.Duration) *ran {
		return &ran{fared: bystanders.Report{All: bystanders.Stats{P99: p99}}}
	}
	our := result{runs: [2]*ran{fared(6 * time.Millisecond), fared(7 * time.Millisecond)}}
	require.Equal(t, []string{
		"first load: the other clients' p99 is 3.0 times that without us; goal ≤ 3: reached",
		"changes: the other clients' p99 is 3.5 times that without us; goal ≤ 3: missed",
	}, goalsOfOthers(&our, fared(2*time.Millisecond).fared))
	require.Empty(t, goalsOfOthers(nil, bystanders.Report{}))
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
