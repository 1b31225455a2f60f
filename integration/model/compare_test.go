package model

import (
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// No order of writes, runs, sweeps and looks lets a comparison say that a row differs which does not, or miss a row
// that the target has lost.
func TestNoOrderOfStepsMakesAFalseAlarm(t *testing.T) {
	t.Parallel()
	switches, least := []string{"-DTXNS=2", "-DTICKS=4"}, 50_000
	if os.Getenv(full) != "" {
		switches, least = []string{"-DTXNS=3", "-DRUNS=3", "-DTICKS=5"}, 2_000_000
	}
	report, trail := explore(t, comparison, switches...)
	require.Equal(t, "0", first(found, report), "%s\n%s", report, trail)
	require.NotContains(t, report, "Search not completed")
	require.NotContains(t, report, "max search depth too small")
	states, err := strconv.Atoi(first(stored, report))
	require.NoError(t, err)
	require.Greater(t, states, least, "a model that hardly moves proves nothing")
	t.Logf("%d states", states)
}

// Every rule of a comparison is needed: without it the checker finds a false alarm.
func TestEachRuleOfAComparisonIsNeeded(t *testing.T) {
	t.Parallel()
	const notSo, notLost = "differed", "s2.no==0)||excused"
	for name, c := range map[string]struct{ without, violated string }{
		"rows above asOf are left out":                {"NOPENDING", notLost},
		"asOf is the watermark less the overlap":      {"NOOVERLAP", notLost},
		"a second look decides":                       {"NOSECOND", notSo},
		"the target is looked at before and after":    {"NOTHIRD", notSo},
		"not a rule: a row that was deleted is found": {"REACH", "s2.no==0)&&(t3.no>0)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := violate(t, comparison, "-D"+c.without)
			require.Equal(t, "1", first(found, report), report)
			require.Contains(t, report, "assertion violated")
			require.Contains(t, report, c.violated)
		})
	}
}
