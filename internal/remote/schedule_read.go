package remote

import (
	"cmp"
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"golang.org/x/sync/errgroup"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/human"
)

// schedulePageSize is how many schedules one answer of the list has.
const schedulePageSize = 200

// Schedules returns every schedule that starts SyncTable or VerifyTable. Temporal's list is a moment old: a schedule
// that was just made may be missing. With brief it takes our own schedules from the list, which is fast, and leaves out
// Unexpected and the depth of comparisons.
func (c *Client) Schedules(ctx context.Context, brief bool) ([]Schedule, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*requestTimeout)
	defer cancel()
	iter, err := c.client.ScheduleClient().List(ctx, client.ScheduleListOptions{PageSize: schedulePageSize})
	if err != nil {
		return nil, c.translate("", err)
	}
	var ids []string
	var out []Schedule
	for iter.HasNext() {
		entry, err := iter.Next()
		if err != nil {
			return nil, c.translate("", err)
		}
		if name := entry.WorkflowType.Name; name != api.SyncTableName && name != api.VerifyTableName {
			continue
		}
		if one, ok := c.readEntry(entry); ok && brief {
			out = append(out, one)
			continue
		}
		ids = append(ids, entry.ID)
	}
	slices.Sort(ids)
	described, err := c.SchedulesByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, one := range described {
		if one != nil { // nil was deleted since the list
			out = append(out, *one)
		}
	}
	return out, nil
}

// SchedulesByID returns the schedules with these ids, as they are now and in the same order; nil where there is none.
func (c *Client) SchedulesByID(ctx context.Context, ids []string) ([]*Schedule, error) {
	out := make([]*Schedule, len(ids))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(requestsAtOnce)
	for i, id := range ids {
		group.Go(func() error {
			one, found, err := c.Schedule(ctx, id)
			if found {
				out[i] = &one
			}
			return err
		})
	}
	return out, group.Wait()
}

// Schedule returns one schedule as it is now; false where there is none.
func (c *Client) Schedule(ctx context.Context, id string) (Schedule, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	d, err := c.client.ScheduleClient().GetHandle(ctx, id).Describe(ctx)
	if _, ok := errors.AsType[*serviceerror.NotFound](err); ok {
		return Schedule{}, false, nil
	}
	if err != nil {
		return Schedule{}, false, c.translate("", err)
	}
	return c.read(id, d), true, nil
}

// readEntry reads one of our own schedules, or of another task queue's, from Temporal's list; false for others.
func (c *Client) readEntry(e *client.ScheduleListEntry) (Schedule, bool) {
	out := Schedule{ID: e.ID, Table: tableOfMemo(e.Memo), Paused: e.Paused, Note: e.Note}
	out.Ours = c.isOurID(e.ID, out.Table)
	out.Elsewhere = !out.Ours && isAnyID(e.ID, out.Table)
	if !out.Ours && !out.Elsewhere || e.Spec == nil {
		return out, false
	}
	out.When, out.Jitter = readTimes(*e.Spec), e.Spec.Jitter
	if e.WorkflowType.Name == api.VerifyTableName {
		out.Depth = api.DepthDigest
		if strings.HasPrefix(e.ID, deletesPrefix) {
			out.Depth = DepthDeletes
		}
	}
	out.setRuns(e.NextActionTimes, e.RecentActions)
	return out, true
}

// setRuns sets Next and Last.
func (s *Schedule) setRuns(next []time.Time, recent []client.ScheduleActionResult) {
	if len(next) > 0 {
		s.Next = next[0]
	}
	if n := len(recent); n > 0 {
		s.Last = recent[n-1].ActualTime
	}
}

// tableOfMemo is the table that schedule apply has written into a schedule's memo, "" for none.
func tableOfMemo(memo *commonpb.Memo) (tbl string) {
	decode(memo.GetFields()[scheduleMemo], &tbl)
	return tbl
}

// isOurID reports whether the id is one that schedule apply gives to a schedule of the table.
func (c *Client) isOurID(id, tbl string) bool {
	return tbl != "" && slices.Contains(scheduleIDs(c.taskQueue, tbl), id)
}

// isAnyID is isOurID for any task queue.
func isAnyID(id, tbl string) bool {
	return tbl != "" && slices.ContainsFunc(scheduleIDs(api.DefaultTaskQueue, tbl), func(base string) bool {
		return strings.HasPrefix(id+"@", base+"@")
	})
}

// read translates Temporal's description.
func (c *Client) read(id string, d *client.ScheduleDescription) Schedule {
	out := Schedule{
		ID: id, Paused: d.Schedule.State.Paused, Note: d.Schedule.State.Note,
		Jitter: d.Schedule.Spec.Jitter, When: readTimes(*d.Schedule.Spec),
	}
	out.setRuns(d.Info.NextActionTimes, d.Info.RecentActions)
	action, ok := d.Schedule.Action.(*client.ScheduleWorkflowAction)
	if !ok {
		return out
	}
	out.Elsewhere = action.TaskQueue != c.taskQueue
	out.Ours = c.isOurID(id, tableOfMemo(d.Memo)) && !out.Elsewhere
	tbl := tableOfSchedule(c.taskQueue, id)
	usual, workflowID := true, ""
	if action.Workflow == any(api.VerifyTableName) {
		var in api.VerifyTableInput
		decodeOnly(action.Args, &in)
		out.Table, out.Depth, out.Share = in.Table, cmp.Or(in.Depth, api.DepthDigest), in.Share
		if in.Deletes {
			out.Depth = DepthDeletes
		}
		usual = in == verifyInput(ScheduleSpec{Table: tbl, Depth: out.Depth, Share: out.Share})
		workflowID = api.VerifyTableID(c.taskQueue, tbl)
		if in.Deletes {
			workflowID = api.SweepTableID(c.taskQueue, tbl)
		}
	} else {
		var in api.SyncTableInput
		decodeOnly(action.Args, &in)
		out.Table = in.Table
		usual = reflect.DeepEqual(in, api.SyncTableInput{Table: tbl, IfBusy: api.IfBusySkip})
		workflowID = api.SyncTableID(c.taskQueue, tbl)
	}
	var unexpected []string
	if !usual {
		unexpected = append(unexpected, "another input")
	}
	if action.ID != workflowID {
		unexpected = append(unexpected, "workflow id "+action.ID)
	}
	out.Unexpected = strings.Join(append(unexpected, unexpectedPolicies(d)...), ", ")
	return out
}

// decodeOnly reads the only argument of a workflow.
func decodeOnly(args []any, into any) {
	if len(args) == 1 {
		decode(args[0], into)
	}
}

// unexpectedPolicies returns what differs from a schedule that apply makes, apart from its times and its action.
func unexpectedPolicies(d *client.ScheduleDescription) []string {
	var out []string
	if p := d.Schedule.Policy; p != nil {
		if p.Overlap != enumspb.SCHEDULE_OVERLAP_POLICY_SKIP {
			out = append(out, "overlap "+p.Overlap.String())
		}
		if p.CatchupWindow != catchUpWindow {
			out = append(out, "catch-up window "+human.Duration(p.CatchupWindow))
		}
		if p.PauseOnFailure {
			out = append(out, "pause on failure")
		}
	}
	if d.Schedule.State.LimitedActions {
		out = append(out, "a limited number of runs")
	}
	return out
}

// decode reads a payload. What cannot be read was not written by Tablehaul, and leaves into as it is.
func decode(payload any, into any) {
	if p, ok := payload.(*commonpb.Payload); ok && p != nil {
		_ = converter.GetDefaultDataConverter().FromPayload(p, into)
	}
}
