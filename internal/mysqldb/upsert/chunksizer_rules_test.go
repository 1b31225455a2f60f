package upsert

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The bounds of the rules for the rows of a chunk.
func TestChunkSizerRules(t *testing.T) {
	const longest = time.Second
	for name, c := range map[string]struct {
		limit   int // before
		f       committed
		want    int
		tooSlow bool
	}{
		"no limit, fast":              {0, committed{rows: 5000, took: 400 * time.Millisecond}, 0, false},
		"no limit, slow":              {0, committed{rows: 5000, took: 800 * time.Millisecond}, 2500, false},
		"no limit, much too slow":     {0, committed{rows: 5000, took: 10 * time.Second}, 200, false},
		"fits, and more would":        {1000, committed{rows: 1000, took: 200 * time.Millisecond}, 1251, false},
		"fits, and no more would":     {1000, committed{rows: 1000, took: 400 * time.Millisecond}, 1000, false},
		"fits, but it was a rest":     {1000, committed{rows: 300, took: 20 * time.Millisecond}, 1000, false},
		"as large as any":             {4500, committed{rows: 4500, took: 200 * time.Millisecond}, 0, false},
		"a little too slow":           {1000, committed{rows: 1000, took: 600 * time.Millisecond}, 715, false},
		"a small rest is none":        {4400, committed{rows: 300, took: 20 * time.Millisecond}, 0, false},
		"equal pieces":                {3000, committed{rows: 300, took: 20 * time.Millisecond}, 2500, false},
		"one piece would fit":         {4000, committed{rows: 2500, took: 200 * time.Millisecond}, 0, false},
		"one piece would be too slow": {4000, committed{rows: 2500, took: 300 * time.Millisecond}, 2500, false},
		"too slow with the fewest":    {100, committed{rows: 50, took: 600 * time.Millisecond}, 50, true},
		"too slow, cannot be cut": {
			700, committed{rows: 625, took: 600 * time.Millisecond, minRows: 625}, 416, true,
		},
		"round trips alone": {
			1000, committed{rows: 1000, took: 1100 * time.Millisecond, latency: 100 * time.Millisecond}, 1000, false,
		},
		"far away, and too slow": {
			1000, committed{rows: 1000, took: 2 * time.Second, latency: 100 * time.Millisecond}, 480, false,
		},
		"far away, the fewest": {
			100, committed{rows: 50, took: 2 * time.Second, latency: 100 * time.Millisecond}, 50, true,
		},
		"near, after any other size": {
			1000, committed{rows: 1000, took: 200 * time.Millisecond, latency: time.Microsecond}, 1251, false,
		},
	} {
		p := &ChunkSizer{rows: c.limit, largest: 5000}
		c.f.longest = longest
		require.Equal(t, c.tooSlow, p.onCommit(c.f), name)
		require.InDelta(t, c.want, p.Rows(), 1, name)
	}
	p := &ChunkSizer{largest: 5000}
	require.False(t, p.onCommit(committed{rows: 5000, took: time.Hour}), "a transaction may take what it takes")
	require.Zero(t, p.Rows())
	p.onConflict(5000)
	require.Equal(t, 2500, p.Rows())

	// The shortest answer counts: a server that is slow to answer now is no farther away.
	p = &ChunkSizer{largest: 5000}
	p.onCommit(committed{rows: 5000, took: 100 * time.Millisecond, latency: time.Millisecond, longest: longest})
	p.onCommit(committed{rows: 5000, took: 900 * time.Millisecond, latency: 200 * time.Millisecond, longest: longest})
	require.NotZero(t, p.Rows())
}
