package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
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
	// gaps is idle by the activities around it, the longest first.
	gaps []gap
}

// span is a time from start to end, in which what ran.
type span struct {
	start, end time.Time
	what       string
}

// gap is how long nothing ran after one activity and before another, and how often.
type gap struct {
	after, before string
	times         int
	took          time.Duration
}

func (b *bench) readHistories(ctx context.Context, id, run string) (eventFigures, error) {
	events, err := b.history(ctx, id, run)
	if err != nil {
		return eventFigures{}, err
	}
	f := eventFigures{parent: int64(len(events))}
	whole := span{events[0].GetEventTime().AsTime(), events[len(events)-1].GetEventTime().AsTime(), "run"}
	active := activitySpans(events)
	for _, e := range events {
		started := e.GetChildWorkflowExecutionStartedEventAttributes()
		if started == nil {
			continue
		}
		child, err := b.history(ctx, started.GetWorkflowExecution().GetWorkflowId(),
			started.GetWorkflowExecution().GetRunId())
		if err != nil {
			return f, err
		}
		f.ranges++
		f.children += int64(len(child))
		active = append(active, activitySpans(child)...)
	}
	f.gaps = uncovered(whole, active)
	for _, g := range f.gaps {
		f.idle += g.took
	}
	return f, nil
}

func (b *bench) history(ctx context.Context, id, run string) ([]*historypb.HistoryEvent, error) {
	var out []*historypb.HistoryEvent
	for it := b.Client.GetWorkflowHistory(ctx, id, run, false,
		enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); it.HasNext(); {
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
	started, names := map[int64]time.Time{}, map[int64]string{}
	var out []span
	for _, e := range events {
		at := e.GetEventTime().AsTime()
		ended := func(by interface {
			GetScheduledEventId() int64
			GetStartedEventId() int64
		},
		) {
			out = append(out, span{started[by.GetStartedEventId()], at, names[by.GetScheduledEventId()]})
		}
		switch e.GetEventType() {
		case enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
			names[e.GetEventId()] = e.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName()
		case enumspb.EVENT_TYPE_ACTIVITY_TASK_STARTED:
			started[e.GetEventId()] = at
		case enumspb.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
			ended(e.GetActivityTaskCompletedEventAttributes())
		case enumspb.EVENT_TYPE_ACTIVITY_TASK_FAILED:
			ended(e.GetActivityTaskFailedEventAttributes())
		case enumspb.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT:
			ended(e.GetActivityTaskTimedOutEventAttributes())
		case enumspb.EVENT_TYPE_ACTIVITY_TASK_CANCELED:
			ended(e.GetActivityTaskCanceledEventAttributes())
		default:
		}
	}
	return slices.DeleteFunc(out, func(s span) bool { return s.start.IsZero() }) // timed out before it began
}

// uncovered is how much of whole lies in none of the spans, the longest first.
func uncovered(whole span, spans []span) []gap {
	spans = slices.SortedFunc(slices.Values(spans), func(a, b span) int { return a.start.Compare(b.start) })
	found := map[[2]string]gap{}
	at, after := whole.start, "start"
	nothing := func(until time.Time, before string) {
		if until.After(at) {
			g := found[[2]string{after, before}]
			found[[2]string{after, before}] = gap{after, before, g.times + 1, g.took + until.Sub(at)}
		}
	}
	for _, s := range spans {
		nothing(s.start, s.what)
		if s.end.After(at) {
			at, after = s.end, s.what
		}
	}
	nothing(whole.end, "end")
	return slices.SortedFunc(maps.Values(found), func(a, b gap) int {
		return cmp.Or(cmp.Compare(b.took, a.took), cmp.Compare(a.after+a.before, b.after+b.before))
	})
}
