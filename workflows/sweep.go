package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/failure"
)

// SweepStagingInput says whose staging is swept.
type SweepStagingInput struct {
	// Queue is that of a host; "" is the staging that all workers share.
	Queue string `json:"queue,omitempty"`
}

// SweepStagingResult is what was found and removed.
type SweepStagingResult = activities.SweepResult

// SweepStaging removes files that ended runs have left in staging. A schedule starts it, and is
// removed by it where its host is gone.
func SweepStaging(ctx workflow.Context, in SweepStagingInput) (SweepStagingResult, error) {
	var out SweepStagingResult
	host := hostRouter{queue: in.Queue, pinned: true}
	err := host.step(ctx, sweepOptions, "remove files of ended runs", "Sweep", nil).Get(ctx, &out)
	if failureType(err) != failure.HostGone {
		return out, cause(err)
	}
	out.HostGone = true
	anywhere := hostRouter{}
	err = anywhere.step(ctx, stateOptions, "the host does not answer; stop its sweep schedule", "StopSweeping",
		activities.StopSweepingInput(in)).Get(ctx, nil)
	return out, cause(err)
}
