package workflows

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/verify"
)

func TestDetailsOfAComparison(t *testing.T) {
	begun := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	s := Status{Table: "shop.orders", Phase: PhasePlan, Mode: api.ModeVerify, Started: begun}
	r := VerifyTableResult{Table: "shop.orders"}
	at := func() string { return verifyDetails(&s, &r, begun.Add(5*time.Second)) }
	require.Equal(t, "**plan** of a comparison of **shop.orders**\n\n"+
		"- **As of:** 2026-11-22 09:00:05Z; begun at 2026-11-22 09:00:00Z\n", at())
	s.Target, s.Phase, s.Ranges, s.RangesDone = "dw.orders", api.PhaseCompare, 8, 2
	r.Cursor, r.AsOf = "updated_at", "2026-11-22 08:00:00"
	r.Tally = verify.Tally{Equal: 12345, Pending: 3, Suspects: 1}
	require.Contains(t, at(), "**compare** of a comparison of **shop.orders** with **dw.orders**, 25% done\n")
	require.Contains(t, at(), "- **Progress:** 2 of 8 ranges; 12,345 rows equal, 3 pending, 1 to look at again\n"+
		"- **Up to:** updated_at `2026-11-22 08:00:00`\n")
	s.Phase, r.Undo = api.PhaseDeletes, []string{"run-1", "run-1.1"}
	r.Sweep = &api.SweepResult{Found: 12_000, SweptRows: api.SweptRows{Deleted: 5_000}}
	require.Contains(t, at(), "- **Deleted:** 5,000 of 12,000 rows\n"+
		"- **Undo:** `tablehaul undo shop.orders run-1`\n- **Undo:** `tablehaul undo shop.orders run-1.1`\n")
	s.Phase, r.Differs, r.Verdicts = PhaseDone, true, map[verify.Verdict]int64{verify.Missing: 2, verify.Silent: 1}
	require.Contains(t, at(), "- **Found:** 3 rows differ (2 missing, 1 silent)\n")
	state := owner.State{Table: "shop.orders", LastVerify: &owner.VerifyRecord{At: begun}}
	require.Contains(t, stateDetails(state), "- **Verified** at 2026-11-22 09:00:00Z: equal\n")
}
