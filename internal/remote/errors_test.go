package remote

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/internal/failure"
)

func TestTranslate(t *testing.T) {
	c := &Client{address: "h:1", namespace: "n"}
	require.NoError(t, c.translate("a.b", nil))
	for _, one := range []struct {
		err  error
		want string
	}{
		{
			serviceerror.NewFailedPrecondition("no poller seen for task queue recently, worker may be down"),
			"Temporal at h:1 cannot be reached: no worker answers",
		},
		{
			serviceerror.NewUnavailable("connection refused"),
			"Temporal at h:1 cannot be reached: connection refused",
		},
		{
			serviceerror.NewUnavailable("failed reaching server: no children to pick from"),
			"Temporal at h:1 cannot be reached: its host name does not resolve",
		},
		{
			context.DeadlineExceeded,
			"Temporal at h:1 cannot be reached: no answer in time",
		},
		{
			serviceerror.NewNamespaceNotFound("n"),
			"the Temporal settings: namespace n does not exist at h:1",
		},
		{
			errors.New("strange"),
			"a.b: ask Temporal: strange",
		},
		{
			temporal.NewApplicationError("boom", ""),
			"Unexpected: boom",
		},
		{
			temporal.NewTimeoutError(enumspb.TIMEOUT_TYPE_START_TO_CLOSE, nil),
			"TimedOut: the step took longer than its time limit",
		},
		{
			temporal.NewCanceledError(),
			"Cancelled: a person or a program cancelled the run; the watermark did not move",
		},
	} {
		require.EqualError(t, c.translate("a.b", one.err), one.want)
	}
}

func TestFailedOfReadsTheDetails(t *testing.T) {
	err := temporal.NewApplicationErrorWithOptions("read a page of a.b (connection shop): denied: grant it",
		failure.ServerRejected,
		temporal.ApplicationErrorOptions{Details: []any{failure.Details{
			Doing: "read a page of a.b", Connection: "shop",
			What: "denied", Remedy: "grant it",
		}}})
	require.Equal(t, &FailedError{
		Type: "ServerRejected", Message: "read a page of a.b (connection shop): denied: grant it",
		Doing: "read a page of a.b", Connection: "shop", Remedy: "grant it", What: "denied",
	}, failedOf(err))
	require.Nil(t, failedOf(errors.New("strange")))
}
