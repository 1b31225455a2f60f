package workflows

import (
	"math"

	"github.com/tablehaul/tablehaul/internal/api"
)

// sampled says which part of the key space a sample has compared; nil for other depths.
func (v *verification) sampled() *api.SampleResult {
	if v.in.Depth != api.DepthSample {
		return nil
	}
	percent := func(rows int64) float64 {
		return math.Floor(min(99.9, 100*float64(rows)/float64(max(1, v.plan.SampleTotal)))*10) / 10
	}
	out := &api.SampleResult{
		From: percent(v.plan.SamplePassed), To: percent(v.plan.SamplePassed + v.result.SourceRows),
	}
	if v.atEnd {
		out.To = 100
	}
	return out
}
