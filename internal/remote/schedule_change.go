package remote

import (
	"context"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/api"
)

func (c *Client) action(want ScheduleSpec) *client.ScheduleWorkflowAction {
	tbl := want.Table
	if want.Depth == DepthDeletes {
		return &client.ScheduleWorkflowAction{
			ID: api.SweepTableID(c.taskQueue, tbl), Workflow: api.VerifyTableName, TaskQueue: c.taskQueue,
			StaticSummary: "Sweep deletes of " + tbl, Memo: memo(tbl),
			Args: []any{verifyInput(want)},
		}
	}
	if want.Depth != "" {
		return &client.ScheduleWorkflowAction{
			ID: api.VerifyTableID(c.taskQueue, tbl), Workflow: api.VerifyTableName, TaskQueue: c.taskQueue,
			StaticSummary: "Verify " + tbl, Memo: memo(tbl),
			Args: []any{verifyInput(want)},
		}
	}
	return &client.ScheduleWorkflowAction{
		ID: api.SyncTableID(c.taskQueue, tbl), Workflow: api.SyncTableName, TaskQueue: c.taskQueue,
		StaticSummary: "Sync " + tbl,
		Args:          []any{api.SyncTableInput{Table: tbl, IfBusy: api.IfBusySkip}},
	}
}

// verifyInput is the input of the comparisons of a schedule.
func verifyInput(want ScheduleSpec) api.VerifyTableInput {
	if want.Depth == DepthDeletes {
		return api.VerifyTableInput{Table: want.Table, Deletes: true}
	}
	return api.VerifyTableInput{Table: want.Table, Depth: want.Depth, Share: want.Share}
}

// CreateSchedule creates the table's schedule.
func (c *Client) CreateSchedule(ctx context.Context, want ScheduleSpec) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	options := client.ScheduleOptions{
		ID: want.ID(c.taskQueue), Spec: specOf(want), Action: c.action(want),
		Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_SKIP, CatchupWindow: catchUpWindow,
		Memo: map[string]any{scheduleMemo: want.Table}, Paused: want.FirstPause() != "", Note: want.FirstPause(),
	}
	_, err := c.client.ScheduleClient().Create(ctx, options)
	return c.translate(want.Table, err)
}

// UpdateSchedule changes the table's schedule to want. It also makes or ends the pause by schedulePaused: Temporal may
// handle a separate pause that follows at once before the update, and so lose it. A pause by hand stays.
func (c *Client) UpdateSchedule(ctx context.Context, want ScheduleSpec) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	handle := c.client.ScheduleClient().GetHandle(ctx, want.ID(c.taskQueue))
	err := handle.Update(ctx, client.ScheduleUpdateOptions{
		DoUpdate: func(in client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
			spec := specOf(want)
			state := in.Description.Schedule.State
			state.LimitedActions, state.RemainingActions = false, 0
			switch {
			case want.Paused && !state.Paused:
				state.Paused, state.Note = true, PausedByFile
			case !want.Paused && state.Paused && state.Note == PausedByFile:
				state.Paused, state.Note = false, ResumedByFile
			}
			return &client.ScheduleUpdate{Schedule: &client.Schedule{
				Spec: &spec, Action: c.action(want), State: state,
				Policy: &client.SchedulePolicies{
					Overlap:       enumspb.SCHEDULE_OVERLAP_POLICY_SKIP,
					CatchupWindow: catchUpWindow,
				},
			}}, nil
		},
	})
	return c.translate(want.Table, err)
}

// withSchedule calls f with the handle of a schedule, for the time of one request.
func (c *Client) withSchedule(
	ctx context.Context, id string, f func(context.Context, client.ScheduleHandle) error,
) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	return c.translate("", f(ctx, c.client.ScheduleClient().GetHandle(ctx, id)))
}

// DeleteSchedule deletes a schedule. A run that it has started goes on.
func (c *Client) DeleteSchedule(ctx context.Context, id string) error {
	return c.withSchedule(ctx, id, func(ctx context.Context, h client.ScheduleHandle) error { return h.Delete(ctx) })
}

// PauseSchedule stops a schedule from starting runs. Temporal shows the note.
func (c *Client) PauseSchedule(ctx context.Context, id, note string) error {
	return c.withSchedule(ctx, id, func(ctx context.Context, h client.ScheduleHandle) error {
		return h.Pause(ctx, client.SchedulePauseOptions{Note: note})
	})
}

// ResumeSchedule ends a pause. Temporal shows the note.
func (c *Client) ResumeSchedule(ctx context.Context, id, note string) error {
	return c.withSchedule(ctx, id, func(ctx context.Context, h client.ScheduleHandle) error {
		return h.Unpause(ctx, client.ScheduleUnpauseOptions{Note: note})
	})
}

// TriggerSchedule starts a schedule's run now, unless one runs already.
func (c *Client) TriggerSchedule(ctx context.Context, id string) error {
	return c.withSchedule(ctx, id, func(ctx context.Context, h client.ScheduleHandle) error {
		return h.Trigger(ctx, client.ScheduleTriggerOptions{Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_SKIP})
	})
}
