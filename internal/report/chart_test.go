package report

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestBarsOfRuns(t *testing.T) {
	runs := []Run{
		{Rows: 0, Outcome: OutcomeDone}, {Rows: 50, Outcome: OutcomeFailed}, {Rows: 100, Outcome: "cancelled"},
	}
	got := bars(runs, 4, 40, 20, rowsOf)
	require.Equal(t, []float64{10, 20, 30}, []float64{got[0].X, got[1].X, got[2].X}, "the newest is at the right")
	require.InDelta(t, minBar, got[0].H, 0, "a run without rows is there")
	require.InDelta(t, 10, got[1].H, 0)
	require.InDelta(t, 20, got[2].H, 0)
	require.Equal(t, []string{"run", levelBad, levelWarn}, []string{got[0].Class, got[1].Class, got[2].Class})
	require.Empty(t, bars(nil, 4, 40, 20, rowsOf))
	require.Nil(t, chartOf(Table{Runs: runs[:1]}))
	require.Len(t, chartOf(Table{Runs: runs}).Panels, 2)
}

func TestTheBarOfALag(t *testing.T) {
	for share, want := range map[float64]string{0.1: levelGood, 0.9: levelWarn, 1.5: levelBad} {
		lag, limit := time.Duration(share*float64(time.Hour)), time.Hour
		got := lagOf(Table{Lag: &lag, StaleAfter: &limit})
		require.Equal(t, want, got.Class)
		require.LessOrEqual(t, got.Width, 100.0)
		require.Negative(t, lagOf(Table{Lag: &lag}).Width, "a table that is never stale has no bar")
	}
	require.Empty(t, lagOf(Table{}).Text)
}
