package reporttest

import (
	"math"
	"time"

	"github.com/tablehaul/tablehaul/internal/report"
)

// Example is a page of made-up tables of every kind, as of a moment: the pictures of the documentation show it.
func Example(at time.Time) report.Page {
	ago := func(d time.Duration) time.Time { return at.Add(-d) }
	span := func(d time.Duration) *time.Duration { return &d }
	return report.Page{At: at, Queue: "tablehaul", Tables: []report.Table{
		{
			Name: "shop.orders", Target: "dw.orders", Now: "idle", Next: "in 3m10s",
			Lag:        span(112 * time.Second),
			StaleAfter: span(70 * time.Minute), Watermark: ago(2*time.Minute).Format(time.DateTime) + ".812345",
			Runs: exampleRuns(ago(112*time.Second), 5*time.Minute, 50, 18_000),
			Verify: &report.Verify{
				At: ago(7 * time.Hour), Depth: "digest", SourceRows: 48_112_930, Took: 96 * time.Second,
			},
		},
		{
			Name: "shop.order_items", Target: "dw.order_items",
			Now:        "upsert; 410,000 rows written, 520,000 read",
			Next:       "in 4m2s",
			Lag:        span(6 * time.Minute),
			StaleAfter: span(70 * time.Minute),
			Watermark:  ago(6 * time.Minute).Format(time.DateTime),
			Runs:       exampleRuns(ago(6*time.Minute), 5*time.Minute, 50, 61_000),
			Verify: &report.Verify{
				At: ago(8 * time.Hour), Depth: "sample", Partial: true, SourceRows: 191_400_212, Pending: 1_204,
				Took: 41 * time.Second,
			},
		},
		{
			Name: "shop.invoices", Target: "dw.invoices", Now: "idle", Next: "in 11m",
			Lag:        span(3 * time.Hour),
			StaleAfter: span(90 * time.Minute), Watermark: ago(3 * time.Hour).Format(time.DateTime),
			Issues: []report.Issue{{
				Text: "failed: RowRejected: write a chunk of shop.invoices to dw.invoices (connection warehouse): " +
					"the " +
					"column note of the target is too short; the row's key has the hash a88a7902cb4ef697",
				Remedy: "correct the row at the source or widen the target, then run again", Serious: true,
			}},
			Runs: failing(exampleRuns(ago(4*time.Minute), 15*time.Minute, 40, 2_400), 11),
			Verify: &report.Verify{
				At: ago(26 * time.Hour), Depth: "digest", SourceRows: 2_900_114, Took: 9 * time.Second,
				Differing: []report.Count{{Name: "missing", N: 12}, {Name: "stale", N: 3}},
			},
		},
		{
			Name: "shop.events", Target: "dw.events", Now: "idle; held back", Next: "in 40s",
			Lag:        span(63 * time.Minute),
			StaleAfter: span(70 * time.Minute), Watermark: "918273645",
			Issues: []report.Issue{{
				Text: "held back: connection 812 of report@10.0.0.7 has had a transaction open for 58m and " +
					"has locked shop.events",
				Remedy: "wait until it ends, or end it on the source: KILL 812",
			}},
			Runs: exampleRuns(ago(4*time.Minute), 5*time.Minute, 50, 240_000),
		},
		{
			Name: "shop.countries", Target: "dw.countries", Now: "idle", Next: "in 17h29m",
			Lag:        span(6*time.Hour + 30*time.Minute),
			StaleAfter: span(49 * time.Hour), Runs: exampleRuns(ago(6*time.Hour+30*time.Minute), 24*time.Hour, 30, 249),
		},
		{
			Name: "shop.audit_log", Target: "dw.audit_log", Now: "idle", Next: "in 52m",
			Lag:        span(8 * time.Minute),
			StaleAfter: span(3 * time.Hour), Watermark: ago(8 * time.Minute).Format(time.DateTime),
			Runs:    exampleRuns(ago(8*time.Minute), time.Hour, 50, 9_000),
			Deletes: "2h ago: 41 rows found, 41 deleted (soft)",
			Verify:  &report.Verify{At: ago(2 * time.Hour), Depth: "keys", SourceRows: 812_440, Took: 2 * time.Second},
		},
		{Name: "shop.carts", Target: "dw.carts", Now: "never run", Next: "in 5m"},
	}}
}

// exampleRuns are runs of about so many rows, more by day than by night.
func exampleRuns(last time.Time, every time.Duration, n int, rows float64) []report.Run {
	out := make([]report.Run, n)
	for i := range out {
		finished := last.Add(-every * time.Duration(n-1-i))
		hour := float64(finished.Hour()) + float64(finished.Minute())/60
		wave := 0.65 + 0.35*math.Sin((hour-8)/24*2*math.Pi) + 0.12*math.Sin(float64(i*i))
		read := int64(rows * wave)
		mode := "incremental"
		if i == 0 && n < 50 {
			mode, read = "first load", read*3
		}
		out[i] = report.Run{
			Finished: finished, Mode: mode, Outcome: report.OutcomeDone, Rows: read,
			Took:   time.Duration(float64(2*time.Second) + float64(read)*35_000),
			Window: finished.Add(-every).Format(time.DateTime) + " … " + finished.Format(time.DateTime),
		}
	}
	return out
}

// failing makes the last runs fail.
func failing(runs []report.Run, n int) []report.Run {
	for i := len(runs) - n; i < len(runs); i++ {
		runs[i].Outcome, runs[i].Rows, runs[i].Window = report.OutcomeFailed, 0, ""
		runs[i].Failure = "RowRejected: the column note of the target is too short"
	}
	return runs
}
