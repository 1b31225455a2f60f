package activities

import (
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/metrics"
	"github.com/tablehaul/tablehaul/internal/owner"
)

// Observed is a state as metrics show it.
func Observed(s owner.State) metrics.TableState {
	out := metrics.TableState{
		Table: s.Table, FreshAt: s.FreshAt, LastSuccess: s.LastSuccess, Failed: s.FailedRuns,
		HeldBack: time.Duration(s.HeldBackSeconds * float64(time.Second)),
	}
	if n := len(s.LastRuns); n > 0 && strings.HasPrefix(s.LastRuns[n-1].Failure, failure.WatermarkAhead+":") {
		out.Ahead = true
	}
	if s.Lease != nil {
		out.RunningSince = s.Lease.Since
	}
	return out
}

// observe shows a state that the owner has just replied with.
func (a *Activities) observe(s owner.State) { a.deps.Metrics.State(Observed(s)) }
