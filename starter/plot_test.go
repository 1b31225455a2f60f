package main

import (
	"encoding/csv"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
)

// plotted has a table with 50 runs, five minutes apart.
func plotted() *fakeService {
	s := owner.State{Table: "shop.orders"}
	end := time.Now().Add(-time.Minute)
	for i := range 50 {
		r := owner.RunRecord{
			Mode: "incremental", Outcome: owner.OutcomeDone, Rows: int64(i * 100), Seconds: 2, RunID: fmt.Sprint(i),
			Finished: end.Add(time.Duration(i-49) * 5 * time.Minute), Window: table.Window{Lo: "1", Hi: "2"},
		}
		if i == 48 {
			r.Outcome, r.Failure = owner.OutcomeFailed, "RowRejected: a, \"b\""
		}
		s.LastRuns = append(s.LastRuns, r)
	}
	return &fakeService{states: map[string]owner.State{"shop.orders": s}}
}

func TestHistoryPlot(t *testing.T) {
	got := call(t, plotted(), "history", "shop.orders", "--plot")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Regexp(t, `shop.orders: the last 40 runs, until 1m\d*s? ago\n`, got.stdout)
	require.Regexp(t, `\n  rows +\S{40}  1,000 – 4,900\n`, got.stdout)
	require.Regexp(t, `\n  seconds +█{40}  2s – 2s\n`, got.stdout)
	require.Regexp(t, `\n  lag +.{40}  5m – 10m\n`, got.stdout)
	require.Regexp(t, `\n +✗   ✗ failed, - cancelled\n`, got.stdout)
	for line := range strings.Lines(got.stdout) {
		require.LessOrEqual(t, widest(line), 80, line)
	}
	a, stdout, _ := testApp(t, plotted(), map[string]string{"LANG": "C", "TABLEHAUL_CONFIG": configFile(t, testConfig)})
	require.Equal(t, exitOK, a.execute(t.Context(), []string{"history", "shop.orders", "--plot", "--limit", "8"}))
	require.Contains(t, stdout.String(), "  seconds  ########  2s – 2s\n")
	require.Equal(t, exitOK, call(t, plotted(), "history", "shop.orders", "--plot", "--limit", "1").code)
}

func TestHistoryAsCSV(t *testing.T) {
	got := call(t, plotted(), "history", "shop.*", "--output", "csv", "--limit", "2")
	require.Equal(t, exitOK, got.code, got.stderr)
	rows, err := csv.NewReader(strings.NewReader(got.stdout)).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 3)
	require.Equal(t, "table,finished,mode,outcome,rows,seconds,windowLo,windowHi,newerOnTarget,existing,failure,"+
		"workflowId,runId", strings.Join(rows[0], ","))
	require.Equal(t, []string{"shop.orders", "incremental", "done", "4900", "2.000"},
		append(rows[1][:1:1], rows[1][2:6]...))
	require.Equal(t, "RowRejected", rows[2][10])
	require.Equal(t, exitUsage, call(t, plotted(), "status", "--output", "csv").code)
}
