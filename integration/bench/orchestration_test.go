package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"google.golang.org/protobuf/types/known/timestamppb"
)

var zero = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func second(n float64) time.Time { return zero.Add(time.Duration(n * float64(time.Second))) }

func TestUncoveredCountsEachGapOnce(t *testing.T) {
	whole := span{second(0), second(10)}
	require.Equal(t, 10*time.Second, uncovered(whole, nil))
	require.Equal(t, 3*time.Second, uncovered(whole, []span{
		{second(6), second(9)}, {second(1), second(4)}, {second(2), second(3)}, {second(3.5), second(5)},
	}))
	require.Zero(t, uncovered(whole, []span{{second(0), second(5)}, {second(5), second(10)}}))
}

func TestActivitySpansAreFromStartToWhateverEnd(t *testing.T) {
	event := func(id int64, at float64, kind enumspb.EventType) *historypb.HistoryEvent {
		return &historypb.HistoryEvent{EventId: id, EventTime: timestamppb.New(second(at)), EventType: kind}
	}
	done := event(4, 3, enumspb.EVENT_TYPE_ACTIVITY_TASK_COMPLETED)
	done.Attributes = &historypb.HistoryEvent_ActivityTaskCompletedEventAttributes{
		ActivityTaskCompletedEventAttributes: &historypb.ActivityTaskCompletedEventAttributes{StartedEventId: 2},
	}
	failed := event(5, 4, enumspb.EVENT_TYPE_ACTIVITY_TASK_FAILED)
	failed.Attributes = &historypb.HistoryEvent_ActivityTaskFailedEventAttributes{
		ActivityTaskFailedEventAttributes: &historypb.ActivityTaskFailedEventAttributes{StartedEventId: 3},
	}
	never := event(6, 5, enumspb.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT)
	never.Attributes = &historypb.HistoryEvent_ActivityTaskTimedOutEventAttributes{
		ActivityTaskTimedOutEventAttributes: &historypb.ActivityTaskTimedOutEventAttributes{},
	}
	require.Equal(t, []span{{second(1), second(3)}, {second(2), second(4)}}, activitySpans([]*historypb.HistoryEvent{
		event(1, 0, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED),
		event(2, 1, enumspb.EVENT_TYPE_ACTIVITY_TASK_STARTED), event(3, 2, enumspb.EVENT_TYPE_ACTIVITY_TASK_STARTED),
		done, failed, never,
	}))
}
