package activities

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
)

// Where a window begins and ends while the source's clock is back, and what the next run must know.
func TestAClockThatIsBackLowersTheWatermark(t *testing.T) {
	const (
		lowest, mark, hi = "2024-01-01 11:59:00.000000", "2024-01-01 12:00:00.000000", "2024-01-01 12:05:00.000000"
		until            = "2024-01-01 12:01:00.000000"
	)
	then, now := &source.Seen{Source: "then"}, &source.Seen{Source: "now"}
	for name, c := range map[string]struct {
		upperBound    source.UpperBound
		want          table.Window
		nothing, held bool
		lowered       bool
	}{
		"no step":            {source.UpperBound{Hi: hi}, table.Window{Lo: mark, Hi: hi}, false, false, false},
		"no step, too early": {source.UpperBound{Hi: lowest}, table.Window{Lo: mark, Hi: mark}, true, false, false},
		"held": {
			source.UpperBound{Hi: lowest, Lowest: lowest, ClockUntil: until, StepBack: time.Minute},
			table.Window{Lo: lowest, Hi: lowest},
			true, true, true,
		},
		"it is over": {
			source.UpperBound{Hi: hi, Lowest: lowest, StepBack: time.Minute},
			table.Window{Lo: lowest, Hi: hi},
			false,
			false, true,
		},
		"the watermark is lower": {
			source.UpperBound{
				Hi: until, Lowest: until, ClockUntil: hi, StepBack: time.Minute,
			}, table.Window{Lo: mark, Hi: until}, false, true, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := draftOf(api.ModeIncremental, func(p *planDraft) {
				p.window.Hi, p.seen, p.freshAt = c.upperBound.Hi,
					now, time.Now()
			})
			cursor, state := p.table.Columns[0].Column, owner.State{Watermark: mark, Seen: then}
			h := c.upperBound
			p.noteClock(&h, state)
			require.NoError(t, p.beginAt(t.Context(), state, cursor, h))
			p.holdForClock(cursor, h, state)
			require.Equal(t, c.want, p.window)
			require.Equal(t, c.nothing, p.nothing)
			require.Equal(t, c.lowered, p.lowered)
			require.Equal(t, c.held, p.clockBack > 0)
			require.Equal(t, c.held, p.clockUntil != "")
			if c.held {
				require.Equal(t, then, p.seen, "the next run measures from there, too")
				require.Zero(t, p.freshAt)
			}
		})
	}
}
