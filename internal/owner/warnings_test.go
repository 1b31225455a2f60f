package owner

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A warning is new once: with other numbers it is the same, and it is new again where it had gone.
func TestAWarningIsNewOnce(t *testing.T) {
	at := func(n int) time.Time { return time.Unix(int64(n), 0) }
	var s State
	run := func(n int, texts ...string) []string {
		s.Warnings, s.LastSuccess = FollowWarnings(s.Warnings, texts, at(n)), at(n)
		return s.KnownWarnings(texts)
	}
	require.Empty(t, run(1, "12 rows are dated in the future", "no index"))
	more := "1,013 rows are dated in the future"
	require.Equal(t, []string{more}, run(2, more, "slow"))
	s.Warnings = Acknowledged(s.Warnings)
	require.Equal(t, []string{"slow"}, run(3, "slow"))
	require.True(t, s.Warnings[0].Acked)
	require.Equal(t, at(2), s.Warnings[0].Since)
	require.Empty(t, run(4))
	require.Empty(t, run(5, "slow"))
	require.False(t, s.Warnings[0].Acked)
}

func TestWarningsOfAStateAreBounded(t *testing.T) {
	var texts []string
	for i := range 200 {
		texts = append(texts, strings.Repeat(fmt.Sprintf("%c", 'a'+i), 3000))
	}
	all := FollowWarnings(nil, texts, time.Unix(1, 0))
	require.Len(t, all, maxWarnings)
	require.LessOrEqual(t, len(all[0].Text), maxWarning)
	s := State{Warnings: all, LastSuccess: time.Unix(2, 0)}
	require.Len(t, s.KnownWarnings(texts[:1]), 1)
}
