package config_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/config"
)

// An overlap is a time, or a number of an integer cursor's own steps. A table's own replaces the
// other form of defaults.
func TestAnOverlapIsATimeOrANumber(t *testing.T) {
	for text, want := range map[string]config.Table{
		"overlap: 3600": {OverlapSteps: 3600}, "overlap: 1_000_000": {OverlapSteps: 1_000_000}, "overlap: 0": {},
		"overlap: 1h": {Overlap: time.Hour}, "overlap: 0s": {},
		"overlap: 1h, cursorUnit: ms": {Overlap: time.Hour, CursorUnit: "ms"},
	} {
		c := load(t, small+"\n  - { name: shop.a, cursor: modified_s, "+text+" }\n",
			func(string) string { return "u@tcp(h)/" })
		got := c.Tables()[0]
		require.Equal(t, want.Overlap, got.Overlap, text)
		require.Equal(t, want.OverlapSteps, got.OverlapSteps, text)
		require.Equal(t, want.CursorUnit, got.CursorUnit, text)
	}
}
