package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
)

// eventFigures are what the histories of a run and its children say.
type eventFigures struct {
	parent, children int64 // events
	ranges           int   // children
	// idle is how long no activity ran while the run did: what the orchestration adds.
	idle time.Duration
}

// span is a time from start to end.
type span struct{ start, end time.Time }

func (b *bench) readHistories(ctx context.Context, id, run string) (eventFigures, error) {
	events, err := b.history(ctx, id, run)
	if err != nil {
		return eventFigures{}, err
	}
	f := eventFigures{parent: int64(len(events))}
	whole := span{events[0].GetEventTime().AsTime(), events[len(events)-1].GetEventTime().AsTime()}
	active := activitySpans(events)
	for _, e := range events {
		started := e.GetChildWorkflowExecutionStartedEventAttributes()
		if started == nil {
			continue
		}
		child, err := b.history(ctx, started.GetWorkflowExecution().GetWorkflowId(), started.GetWorkflowExecution().GetRunId())
		if err != nil {
			return f, err
		}
		f.ranges++
		f.children += int64(len(child))
		active = append(active, activitySpans(child)...)
	}
	f.idle = uncovered(whole, active)
	return f, nil
}

func (b *bench) history(ctx context.Context, id, run string) ([]*historypb.HistoryEvent, error) {
	var out []*historypb.HistoryEvent
	for it := b.Client.GetWorkflowHistory(ctx, id, run, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); it.HasNext(); {
		e, err := it.Next()
		if err != nil {
			return nil, fmt.Errorf("read the history of %s: %w", id, err)
		}
		out = append(out, e)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("the history of %s is empty", id)
	}
	return out, nil
}

// activitySpans are the times in which the last attempt of each activity ran. A local activity
// leaves only its end, so its time counts as orchestration.
func activitySpans(events []*historypb.HistoryEvent) []span {
	started := map[int64]time.Time{}
	var out []span
	for _, e := range events {
		at := e.GetEventTime().AsTime()
		ended := func(id int64) { out = append(out, span{started[id], at}) }
		switch e.GetEventType() {
		case enumspb.EVENT_TYPE_ACTIVITY_TASK_STARTED:
			started[e.GetEventId()] = at
		case enumspb.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
			ended(e.GetActivityTaskCompletedEventAttributes().GetStartedEventId())
		case enumspb.EVENT_TYPE_ACTIVITY_TASK_FAILED:
			ended(e.GetActivityTaskFailedEventAttributes().GetStartedEventId())
		case enumspb.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT:
			ended(e.GetActivityTaskTimedOutEventAttributes().GetStartedEventId())
		case enumspb.EVENT_TYPE_ACTIVITY_TASK_CANCELED:
			ended(e.GetActivityTaskCanceledEventAttributes().GetStartedEventId())
		default:
		}
	}
	return slices.DeleteFunc(out, func(s span) bool { return s.start.IsZero() }) // timed out before it began
}

// uncovered is how much of whole lies in none of the spans.
func uncovered(whole span, spans []span) time.Duration {
	spans = slices.SortedFunc(slices.Values(spans), func(a, b span) int { return a.start.Compare(b.start) })
	var gaps time.Duration
	at := whole.start
	for _, s := range spans {
		if s.start.After(at) {
			gaps += s.start.Sub(at)
		}
		if s.end.After(at) {
			at = s.end
		}
	}
	if whole.end.After(at) {
		gaps += whole.end.Sub(at)
	}
	return gaps
}
