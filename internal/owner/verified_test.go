package owner_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// What a comparison has found stays open until one looks at all rows again, and by as much as was found. So no sample
// that is equal says that all is well.
func TestWhatDiffersStaysOpenUntilAllIsLookedAt(t *testing.T) {
	type found = map[verify.Verdict]int64
	begun := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var last *owner.VerifyRecord
	for i, c := range []struct {
		depth    string
		partial  bool
		verdicts found
		earlier  found
		open     bool
	}{
		{api.DepthDigest, true, nil, nil, false},
		{api.DepthSample, true, found{verify.Missing: 2, verify.Silent: 3, verify.Settled: 9}, nil, true},
		{api.DepthSample, true, nil, found{verify.Missing: 2, verify.Silent: 3}, true},
		{
			api.DepthDigest, true,
			found{verify.Silent: 1, verify.Stale: 1},
			found{verify.Missing: 2, verify.Silent: 2},
			true,
		},
		{api.DepthKeys, false, found{verify.Missing: 1}, found{verify.Silent: 3}, true},
		{api.DepthKeys, false, nil, found{verify.Silent: 3}, true},
		{api.DepthDigest, false, found{verify.Silent: 1}, nil, true},
		{api.DepthSample, true, nil, found{verify.Silent: 1}, true},
		{api.DepthDigest, false, nil, nil, false},
		{api.DepthSample, true, nil, nil, false},
	} {
		r := &owner.VerifyRecord{
			At: begun.Add(time.Duration(i) * time.Hour), Depth: c.depth, Partial: c.partial, Verdicts: c.verdicts,
		}
		r.Differs = r.Differing() > 0
		r.Follow(last)
		require.Equal(t, c.earlier, r.Earlier, "%d", i)
		require.Equal(t, c.open, r.IsOpen(), "%d", i)
		require.Equal(t, len(c.earlier) > 0, !r.EarlierAt.IsZero(), "%d", i)
		last = r
	}
	require.False(t, (*owner.VerifyRecord)(nil).IsOpen())
}
