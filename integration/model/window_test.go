package model

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	found  = regexp.MustCompile(`errors: (\d+)`)
	stored = regexp.MustCompile(`(\d+) states, stored`)
)

// sizes are the tables and writers that are explored. Each is small, and together they have
// what matters: several versions of a row, several rows, and more writers than one.
var sizes = map[string]struct {
	switches []string
	// ticks is where the clock stops: in every run of the tests, and in `make test-model`.
	ticks, allTicks int
}{
	"one row, two writers of two transactions": {[]string{
		"-DKEYS=1", "-DWRITERS=2", "-DTXNS=2", "-DRUNS=2",
		"-DNOZOMBIE",
	}, 4, 6},
	"tries that outlive their run": {[]string{"-DKEYS=1", "-DWRITERS=2", "-DTXNS=2", "-DRUNS=2"}, 4, 5},
	"two rows, three runs":         {[]string{"-DKEYS=2", "-DWRITERS=2", "-DTXNS=1", "-DRUNS=3"}, 4, 6},
	"three writers":                {[]string{"-DKEYS=1", "-DWRITERS=3", "-DTXNS=1", "-DRUNS=2"}, 4, 5},
}

// full is set by `make test-model`, which explores about ten times as many states.
const full = "TABLEHAUL_MODEL_FULL"

// No order of writes, commits, looks, reads, crashes and retries loses a row.
func TestNoOrderOfStepsLosesARow(t *testing.T) {
	for name, size := range sizes {
		t.Run(name, func(t *testing.T) {
			ticks := size.ticks
			if os.Getenv(full) != "" {
				ticks = size.allTicks
			}
			switches := append(slices.Clone(size.switches), fmt.Sprintf("-DTICKS=%d", ticks))
			report, trail := explore(t, window, switches...)
			require.Equal(t, "0", first(found, report), "%s\n%s", report, trail)
			require.NotContains(t, report, "Search not completed")
			require.NotContains(t, report, "max search depth too small")
			states, err := strconv.Atoi(first(stored, report))
			require.NoError(t, err)
			require.Greater(t, states, 100_000, "a model that hardly moves proves nothing")
			t.Logf("%d states", states)
		})
	}
}

// Every rule is needed: without it the checker finds what it is there against.
func TestEachRuleIsNeeded(t *testing.T) {
	const lost, missed = "target[c].no==source[c].no", "target[i].no>=begun[i]"
	for name, c := range map[string]struct {
		without  []string
		violated string
	}{
		"hi does not look at open work":                      {[]string{"NOCAP"}, lost},
		"open work is read before the clock":                 {[]string{"EARLYLIST"}, lost},
		"hi may be the clock's own unit":                     {[]string{"SAMEUNIT"}, lost},
		"transactions are read before the process list":      {[]string{"SWAPPED"}, lost},
		"a transaction is dated by its first row access":     {[]string{"LATEDATE"}, lost},
		"an upsert minds neither which row is newer nor who": {[]string{"NOGUARD", "NOFENCE"}, missed},
		"only the order of cursors decides":                  {[]string{"STRICT"}, lost},
		"no fence keeps a try of an older run out":           {[]string{"NOFENCE"}, missed},
		"hi ends the read":                                   {[]string{"NOTAIL"}, missed},
		"the tail is read in ranges side by side":            {[]string{"SIDEBYSIDE"}, missed},
		"not a rule: a second window brings a change": {
			[]string{"REACH", "NOZOMBIE", "WRITERS=1"},
			"staged[0].no==2",
		},
		"not a rule: a later version has a smaller cursor": {[]string{"REACHFALL"}, "fell[0]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // each is a few seconds of one core, most of them the compiler's
			switches := []string{"-DKEYS=1", "-DTXNS=2"}
			if !slices.Contains(c.without, "WRITERS=1") {
				switches = append(switches, "-DTICKS=5")
			}
			for _, s := range c.without {
				switches = append(switches, "-D"+s)
			}
			report := violate(t, window, switches...)
			require.Equal(t, "1", first(found, report), report)
			require.Contains(t, report, "assertion violated")
			require.Contains(t, report, c.violated)
		})
	}
}

func first(re *regexp.Regexp, s string) string {
	if m := re.FindStringSubmatch(s); m != nil {
		return m[1]
	}
	return ""
}
