package owner_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/owner"
)

// A watermark that is lowered says nothing new of the source's clock: a step back that runs have to know stays known.
func TestALoweredWatermarkKeepsWhatIsKnownOfTheClock(t *testing.T) {
	seen := &source.Seen{Source: "2024-01-01 00:00:00.000000"}
	s := owner.State{Watermark: "9", Cursor: "u", Seen: seen, ClockBack: time.Hour, ClockUntil: "10"}
	s.Raise(owner.FinishRequest{Watermark: "5", Cursor: "v", Lowered: true})
	require.Equal(t, owner.State{Watermark: "5", Cursor: "v", Seen: seen, ClockBack: time.Hour, ClockUntil: "10"}, s)
	s.Raise(owner.FinishRequest{ClockBack: time.Minute})
	require.Equal(t, time.Hour, s.ClockBack)
	s.Raise(owner.FinishRequest{Watermark: "12", Cursor: "v"})
	require.Equal(t, owner.State{Watermark: "12", Cursor: "v"}, s)
}
