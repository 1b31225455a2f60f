package activities

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestARestartIsToldByTheMomentOfTheStart(t *testing.T) {
	v := Volatile{Started: 1_700_000_000}
	for started, want := range map[int64]bool{
		1_700_000_000: false, 1_700_000_001: false, 1_699_999_998: false, // whole seconds
		1_700_000_003: true, 1_700_000_030: true,
		1_699_990_000: true, // its clock was set back
	} {
		require.Equal(t, want, v.restarted(started), started)
	}
}

func TestBothDone(t *testing.T) {
	require.Equal(t, "0100", bothDone("1101", "0110"))
	require.Equal(t, "0000", bothDone("1111", ""))
	require.Equal(t, "1100", bothDone("1111", "11"))
	require.Empty(t, bothDone("", "11"))
}

// Who takes a target over does so with a run that writes its state row. One that finds nothing binds nothing, so that
// the adoption stays for the next.
func TestARunWithoutRangesTakesNoTargetOver(t *testing.T) {
	a := &Activities{}
	for _, replaces := range [][]string{nil, {"another"}} {
		p := draftOf("incremental", func(p *planDraft) { p.files = &filesDraft{} })
		p.id.replaces = replaces
		var out PlanRunResult
		require.NoError(t, a.beginTarget(t.Context(), PlanRunInput{}, p, &out))
		require.Equal(t, len(replaces) == 0, out.Identity != nil)
	}
}
