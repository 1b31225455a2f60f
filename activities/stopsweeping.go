package activities

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/api/serviceerror"

	"github.com/tablehaul/tablehaul/internal/api"
)

// StopSweepingInput names the queue of a host that is gone.
type StopSweepingInput struct {
	Queue string `json:"queue"`
}

// StopSweeping removes the schedule of a host that is gone. A worker that starts there again
// makes a new one. Repeating it is harmless.
func (a *Activities) StopSweeping(ctx context.Context, in StopSweepingInput) error {
	err := a.deps.Client.ScheduleClient().GetHandle(ctx, api.SweepID(in.Queue)).Delete(ctx)
	var gone *serviceerror.NotFound
	if err != nil && !errors.As(err, &gone) {
		return fmt.Errorf("remove the schedule %s: %w", api.SweepID(in.Queue), err)
	}
	a.deps.Log.Info("the host does not answer any more: its staging is not swept", "queue", in.Queue)
	return nil
}
