package workflows

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
)

var now = time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)

func TestDetailsOfARun(t *testing.T) {
	st := Status{
		Table: "shop.orders", Target: "dw.orders", Phase: PhaseUpsert, Mode: api.ModeIncremental,
		Window: table.Window{Lo: "1", Hi: "9"},
		Ranges: 1, RowsExtracted: 50_000, RowsWritten: 31_000, Chunks: 5, ChunksDone: 3, ChunkRows: 1250, WriteLimit: 1,
		FreshAt: now.Add(-312 * time.Second), Started: now.Add(-time.Minute),
		Waits: []Wait{{Reason: "an open transaction, 3m0s old, of connection 43", Since: now.Add(-time.Minute)}},
	}
	require.Equal(t, `**upsert** of an incremental run of **shop.orders** into **dw.orders**, 60% done

- **As of:** 2026-11-25 10:00:00Z; begun at 2026-11-25 09:59:00Z
- **Progress:** 31,000 rows written, 50,000 read; 3 of 5 chunks
- **Window:** `+"`(1, 9]`"+`
- **Lag:** 5m12s; the target holds what was committed by 2026-11-25 09:54:48Z
- **Waits:** held back since 2026-11-25 09:59:00Z: an open transaction, 3m0s old, of connection 43
- **Pace:** the target is slow or its rows are locked: chunks of 1,250 rows at most, 1 at once

What a step waits for, if anything, is under Pending Activities.
`, statusDetails(&st, now))
}

func TestDetailsOfAFirstLoadNameRangesUnderWay(t *testing.T) {
	st := Status{
		Table: "shop.orders", Phase: PhaseRanges, Mode: api.ModeFirstLoad, Ranges: 40, RangesDone: 10,
		RowsTotal: 1000, RowsWritten: 400, Started: now,
	}
	for range shownRanges + 3 {
		st.Running = append(st.Running, RunningRange{
			WorkflowID: "tablehaul/sync/shop.orders/run-1/range-7",
			Chunks:     25, ChunksDone: 1,
		})
	}
	text := statusDetails(&st, now)
	require.Contains(t, text, "**ranges** of a first load of **shop.orders**, 40% done")
	require.Contains(t, text, "400 rows written, 0 read of about 1,000; 0 of 0 chunks; 10 of 40 ranges")
	require.Equal(t, shownRanges+1, strings.Count(text, "**Under way:**"))
	require.Contains(t, text, "3 ranges more")
	require.NotContains(t, text, "Lag", "how fresh a table is that was never loaded is not known")
}

func TestPercent(t *testing.T) {
	for name, c := range map[string]struct {
		st   Status
		want int64
		none bool
	}{
		"nothing is known": {st: Status{Phase: PhasePlan, Ranges: 1}, none: true},
		"done":             {st: Status{Phase: PhaseDone}, want: 100},
		"a rough estimate": {st: Status{Phase: PhaseUpsert, RowsTotal: 10, RowsWritten: 20}, want: 99},
		"a resumed load": {
			st:   Status{Phase: PhaseRanges, Ranges: 4, RangesDone: 3, RowsTotal: 100},
			want: 75,
		},
		"chunks of the only range": {st: Status{Phase: PhaseUpsert, Ranges: 1, Chunks: 8, ChunksDone: 2}, want: 25},
	} {
		t.Run(name, func(t *testing.T) {
			got, known := percent(&c.st)
			require.Equal(t, !c.none, known)
			require.Equal(t, c.want, got)
		})
	}
}

func TestDetailsBeforeAPlanAndOfAFailure(t *testing.T) {
	st := Status{Table: "shop.orders", Phase: PhaseBegin, Started: now}
	require.Equal(t, "**begin** of **shop.orders**\n\n"+
		"- **As of:** 2026-11-25 10:00:00Z; begun at 2026-11-25 10:00:00Z\n"+
		"\nWhat a step waits for, if anything, is under Pending Activities.\n", statusDetails(&st, now))
	st.Phase, st.Failure = PhaseFinish, "in phase plan: UnsupportedTable: no primary key"
	require.Contains(t, statusDetails(&st, now), "- **Ended:** in phase plan: UnsupportedTable: no primary key\n")
}

func TestDetailsOfARange(t *testing.T) {
	st := Status{
		Table: "shop.orders", Phase: PhaseUpsert, Ranges: 8, RowsExtracted: 10, RowsWritten: 5, Chunks: 2,
		ChunksDone: 1, Started: now,
	}
	require.Equal(t, "**upsert** of range 3 of 8 of **shop.orders**\n\n"+
		"- **As of:** 2026-11-25 10:00:00Z; begun at 2026-11-25 10:00:00Z\n"+
		"- **Progress:** 5 rows written, 10 read; 1 of 2 chunks\n", rangeDetails(st, 2, now))
}

func TestDetailsOfAnOwner(t *testing.T) {
	s := owner.State{
		Table: "shop.orders", Watermark: "2026-11-25 09:59:00", FreshAt: now, HeldBack: "a prepared XA transaction",
		Lease:     &owner.Lease{WorkflowID: "tablehaul/sync/shop.orders", Since: now},
		FirstLoad: &owner.FirstLoad{Done: "1100"},
	}
	for range shownRuns + 5 {
		s.LastRuns = append(s.LastRuns, owner.RunRecord{
			Mode: api.ModeIncremental, Outcome: owner.OutcomeDone,
			Rows: 7, Existing: 2, Seconds: 1.26, Finished: now,
		})
	}
	s.LastRuns = append(s.LastRuns, owner.RunRecord{
		Outcome: owner.OutcomeFailed, Finished: now,
		Failure: "UnsupportedTable: no primary key",
	})
	text := stateDetails(s)
	require.True(t, strings.HasPrefix(text, `**shop.orders** watermark `+"`2026-11-25 09:59:00`"+`

- **Fresh:** the target holds what was committed by 2026-11-25 10:00:00Z
- **Written by:** `+"`tablehaul/sync/shop.orders`"+` since 2026-11-25 10:00:00Z
- **First load:** 2 of 4 ranges loaded
- **Held back:** a prepared XA transaction
- **Run** of 2026-11-25 10:00:00Z: run failed, 0 rows in 0s: UnsupportedTable: no primary key
- **Run** of 2026-11-25 10:00:00Z: incremental done, 7 rows in 1.3s, 2 existing
`), text)
	require.Equal(t, shownRuns, strings.Count(text, "**Run**"))
	require.Equal(t, "**shop.orders** watermark `none`\n\n", stateDetails(owner.State{Table: "shop.orders"}))
}

func TestStaticDetailsSayWhatWasAskedFor(t *testing.T) {
	for want, in := range map[string]SyncTableInput{
		"Brings the target up to date: a first load where there is no watermark, else what has changed since.": {},
		"Starts over: the whole table is read again, and the watermark set again." +
			" If another run holds the table: wait.": {
			Full: true, IfBusy: api.IfBusyWait,
		},
		"Reads a window again: above `2024-05-01`, up to `no bound`. The watermark stays.": {
			From:   "2024-05-01",
			IfBusy: api.IfBusyFail,
		},
	} {
		require.Equal(t, want, SyncDetails(in))
	}
}
