package remote

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/temporalopts"
)

const (
	dialTimeout = 10 * time.Second
	// requestTimeout bounds a request that Temporal itself answers.
	requestTimeout = 10 * time.Second
	// QueryTimeout bounds a query, which a worker answers. Without a worker it would wait for ever.
	QueryTimeout = 5 * time.Second
	// updateTimeout bounds an update of a state workflow, which may start that workflow first.
	updateTimeout = 30 * time.Second
	// pollerAge is how long ago a live worker has polled at most. A worker polls at least once a minute; Temporal
	// remembers it for five minutes.
	pollerAge = 75 * time.Second
	// listPageSize is the largest page that Temporal returns by default.
	listPageSize = 1000
	// maxOutage is how long Wait tries again while Temporal does not answer. A restart of Temporal takes seconds.
	maxOutage = 2 * time.Minute
	// requestsAtOnce bounds the requests that one call sends at the same time.
	requestsAtOnce = 8
)

// Client asks one Temporal namespace about one task queue. Its methods may be called from any goroutine.
//
// They return *UnreachableError where Temporal or a worker does not answer, *SettingsError where Temporal's own
// settings are wrong, *FailedError where a workflow or an update failed, and *BusyError where another run holds the
// table.
type Client struct {
	client    client.Client
	address   string
	namespace string
	taskQueue string
	scheduled scheduledTimes
}

// Dial connects to the Temporal that the environment names.
func Dial(ctx context.Context, getenv func(string) string, taskQueue string) (*Client, error) {
	opts, err := temporalopts.FromEnv(getenv)
	if err != nil {
		return nil, &SettingsError{err}
	}
	opts.Logger = sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)) // methods return what went wrong as errors
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	c, err := client.DialContext(ctx, opts)
	if err != nil {
		return nil, &UnreachableError{opts.HostPort, plainError(err)}
	}
	return &Client{client: c, address: opts.HostPort, namespace: opts.Namespace, taskQueue: taskQueue}, nil
}

// Over is a Client that uses a connection of its caller's, who closes it.
func Over(c client.Client, address, namespace, taskQueue string) *Client {
	return &Client{client: c, address: address, namespace: namespace, taskQueue: taskQueue}
}

// Close closes the connection.
func (c *Client) Close() { c.client.Close() }

// Execution is one run of a workflow. An empty RunID is the latest run.
type Execution struct {
	WorkflowID string `json:"workflowId"`
	RunID      string `json:"runId"`
}

func (e Execution) String() string {
	if e.RunID == "" {
		return "workflow " + e.WorkflowID
	}
	return fmt.Sprintf("workflow %s, run %s", e.WorkflowID, e.RunID)
}

// HasWorker reports whether a worker has polled the task queue in the last 75 seconds.
func (c *Client) HasWorker(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	reply, err := c.client.DescribeTaskQueue(ctx, c.taskQueue, enumspb.TASK_QUEUE_TYPE_WORKFLOW)
	if err != nil {
		return false, c.translate("", err)
	}
	for _, p := range reply.GetPollers() {
		if time.Since(p.GetLastAccessTime().AsTime()) < pollerAge {
			return true, nil
		}
	}
	return false, nil
}

// memo names the table of a workflow in Temporal's lists, before the workflow itself does.
func memo(tbl string) map[string]any { return map[string]any{api.MemoTable: tbl} }

// memoTable reads back what memo wrote; "" where a workflow's memo names no table.
func memoTable(e *workflowpb.WorkflowExecutionInfo) (tbl string) {
	if p := e.GetMemo().GetFields()[api.MemoTable]; p != nil {
		decode(p, &tbl)
	}
	return tbl
}
