package main

import (
	"bytes"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/remote"
)

func TestLinesPrintPhasesAndProgress(t *testing.T) {
	now := time.Unix(0, 0)
	var out, notes bytes.Buffer
	l := newLines(&out, &notes, true, func() time.Time { return now })
	step := func(after time.Duration, phase string, written, read int64) {
		now = now.Add(after)
		l.update("shop.orders", remote.Progress{Status: api.Status{
			Phase: phase, Mode: "first load", RowsWritten: written, RowsExtracted: read, RowsTotal: 1_000_000,
			Ranges:     4,
			RangesDone: 1,
		}})
	}
	step(0, "extract", 0, 0)
	step(time.Second, "extract", 0, 0)
	step(time.Second, "upsert", 0, 20_000)
	step(time.Second, "upsert", 10_000, 20_000)
	step(5*time.Second, "upsert", 80_000, 90_000)
	l.message("shop.orders", "a note")
	l.finish("shop.orders", outcomeDone, 90_000)
	require.Equal(t, `shop.orders: first load, extract; range 2 of 4
shop.orders: first load, upsert; range 2 of 4; 0 of about 1,000,000 rows written, 20,000 read
shop.orders: first load, upsert; range 2 of 4; 80,000 of about 1,000,000 rows written, 90,000 read; 13,333 rows/s, 1m9s left
shop.orders: done
`, out.String())
	require.Equal(t, "shop.orders: a note\n", notes.String())
}

func TestLinesOfAComparison(t *testing.T) {
	var out bytes.Buffer
	l := newLines(&out, io.Discard, false, time.Now)
	s := api.Status{Mode: api.ModeVerify, Phase: api.PhaseCompare, Ranges: 4, RangesDone: 1, RowsExtracted: 2000}
	l.update("shop.orders", remote.Progress{Status: s})
	s.Phase, s.RowsTotal = api.PhaseRecheck, 9000
	l.update("shop.orders", remote.Progress{Status: s})
	require.Equal(t, "shop.orders: verify, compare; range 2 of 4; 2,000 rows compared\n"+
		"shop.orders: verify, recheck; range 2 of 4; 2,000 of about 9,000 rows compared\n", out.String())
}

func TestBarsEndWithEveryOutcome(t *testing.T) {
	var out bytes.Buffer
	b := newBars(&out, []string{"shop.orders", "shop.countries"})
	b.update("shop.orders", remote.Progress{Status: api.Status{Phase: "upsert", RowsWritten: 500, RowsTotal: 2000}})
	b.message("shop.orders", "a note")
	b.finish("shop.orders", outcomeDone, 1234)
	b.finish("shop.countries", outcomeFailed, 0)
	b.close()
	require.Contains(t, out.String(), "1,234/1,234 rows")
	require.Contains(t, out.String(), "a note")
	require.Contains(t, out.String(), "failed")
}
