package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
)

// A run binds what its target holds. Where it has no window, the state says all the same how far that is.
func TestAWatermarkThatHoldsNoFurtherIsLoweredWithoutAWindow(t *testing.T) {
	for _, mode := range []string{api.ModeIncremental, api.ModeBackfill, api.ModeReplace} {
		plan := activities.PlanRunResult{Mode: mode, Cursor: "u", Watermark: "3"}
		var req owner.FinishRequest
		plan.RaiseWatermark(&req, "7")
		require.Equal(t, []any{"3", "u", true}, []any{req.Watermark, req.Cursor, req.Lowered}, mode)
		req = owner.FinishRequest{}
		plan.RaiseWatermark(&req, "3")
		require.Empty(t, req.Watermark, mode)
		if mode == api.ModeBackfill {
			continue
		}
		plan.Window = table.Window{Lo: "3", Hi: "9"}
		plan.RaiseWatermark(&req, "7")
		require.Equal(t, []any{"9", false}, []any{req.Watermark, req.Lowered}, mode)
	}
}
