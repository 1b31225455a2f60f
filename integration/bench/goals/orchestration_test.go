package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"google.golang.org/protobuf/types/known/timestamppb"
)

var zero = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func second(n float64) time.Time { return zero.Add(time.Duration(n * float64(time.Second))) }

func TestUncoveredCountsEachGapOnce(t *testing.T) {
	whole := span{second(0), second(10), "run"}
	require.Equal(t, []gap{{"start", "end", 1, 10 * time.Second}}, uncovered(whole, nil))
	require.Equal(t, []gap{
		{"b", "a", 1, 1200 * time.Millisecond},
		{"a", "a", 2, time.Second},
		{"a", "end", 1, time.Second},
		{"start", "b", 1, 800 * time.Millisecond},
	}, uncovered(whole, []span{
		{second(6.2), second(7), "a"},
		{second(8.5), second(9), "a"},
		{second(7.5), second(8), "a"},
		{second(0.8), second(4), "b"},
		{second(2), second(3), "a"},
		{second(3.5), second(5), "b"},
	}))
	require.Empty(t, uncovered(whole, []span{{second(0), second(5), "a"}, {second(5), second(10), "b"}}))
}

func TestActivitySpansAreFromStartToWhateverEnd(t *testing.T) {
	event := func(id int64, at float64, kind enumspb.EventType) *historypb.HistoryEvent {
		return &historypb.HistoryEvent{EventId: id, EventTime: timestamppb.New(second(at)), EventType: kind}
	}
	scheduled := func(id int64, name string) *historypb.HistoryEvent {
		e := event(id, 0, enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED)
		e.Attributes = &historypb.HistoryEvent_ActivityTaskScheduledEventAttributes{
			ActivityTaskScheduledEventAttributes: &historypb.ActivityTaskScheduledEventAttributes{
				ActivityType: &commonpb.ActivityType{Name: name},
			},
		}
		return e
	}
	done := event(6, 3, enumspb.EVENT_TYPE_ACTIVITY_TASK_COMPLETED)
	done.Attributes = &historypb.HistoryEvent_ActivityTaskCompletedEventAttributes{
		ActivityTaskCompletedEventAttributes: &historypb.ActivityTaskCompletedEventAttributes{
			ScheduledEventId: 2,
			StartedEventId:   4,
		},
	}
	failed := event(7, 4, enumspb.EVENT_TYPE_ACTIVITY_TASK_FAILED)
	failed.Attributes = &historypb.HistoryEvent_ActivityTaskFailedEventAttributes{
		ActivityTaskFailedEventAttributes: &historypb.ActivityTaskFailedEventAttributes{
			ScheduledEventId: 3,
			StartedEventId:   5,
		},
	}
	never := event(8, 5, enumspb.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT)
	never.Attributes = &historypb.HistoryEvent_ActivityTaskTimedOutEventAttributes{
		ActivityTaskTimedOutEventAttributes: &historypb.ActivityTaskTimedOutEventAttributes{},
	}
	require.Equal(t, []span{{second(1), second(3), "a"}, {second(2), second(4), "b"}},
		activitySpans([]*historypb.HistoryEvent{
			event(1, 0, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED),
			scheduled(2, "a"), scheduled(3, "b"),
			event(4, 1, enumspb.EVENT_TYPE_ACTIVITY_TASK_STARTED),
			event(5, 2, enumspb.EVENT_TYPE_ACTIVITY_TASK_STARTED),
			done, failed, never,
		}))
}
