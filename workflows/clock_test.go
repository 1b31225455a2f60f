package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/failure"
)

// What a plan has found of the source's clock reaches the table's state, whether the run ends well or not.
func TestSyncTableRemembersAClockThatIsBack(t *testing.T) {
	for name, fails := range map[string]bool{"a run that is done": false, "a run that fails": true} {
		t.Run(name, func(t *testing.T) {
			f := newFake()
			f.plan.ClockBack, f.plan.ClockUntil = time.Minute, "6"
			if fails {
				f.extract = func(activities.RangeInput) (activities.ExtractResult, error) {
					return activities.ExtractResult{}, temporal.NewNonRetryableApplicationError("no",
						failure.TableChanged, nil)
				}
			}
			env := run(t, f, orders)
			require.Equal(t, fails, env.GetWorkflowError() != nil)
			finish := f.finished[0].Finish
			require.Equal(t, time.Minute, finish.ClockBack)
			require.Equal(t, "6", finish.ClockUntil)
			require.Equal(t, fails, finish.Watermark == "")
		})
	}
}
