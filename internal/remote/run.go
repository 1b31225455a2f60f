package remote

import (
	"context"
	"fmt"
	"iter"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/clock"
)

// Start begins a run under the table's own workflow id. It fails with a BusyError where one of the same table goes on.
func (c *Client) Start(ctx context.Context, in api.SyncTableInput) (Execution, error) {
	return c.startAlone(ctx, in.Table, client.StartWorkflowOptions{
		ID: api.SyncTableID(c.taskQueue, in.Table), StaticSummary: "Sync " + in.Table,
		StaticDetails: api.SyncDetails(in), Memo: memo(in.Table), Priority: priority(in.Table),
	}, api.SyncTableName, in)
}

// priority shares the workers fairly between tables.
func priority(tbl string) temporal.Priority {
	return temporal.Priority{FairnessKey: api.FairnessKey(tbl)}
}

// Wait returns when the run has ended. It tries again for two minutes while Temporal does not answer, because the run
// goes on meanwhile.
func (c *Client) Wait(ctx context.Context, e Execution) (api.SyncTableResult, error) {
	var outageSince time.Time
	for {
		var result api.SyncTableResult
		asked := time.Now()
		err := c.client.GetWorkflow(ctx, e.WorkflowID, e.RunID).Get(ctx, &result)
		if err == nil {
			return result, nil
		}
		err = c.translate(api.TableOfSyncID(c.taskQueue, e.WorkflowID), err)
		if !IsUnreachable(err) || ctx.Err() != nil {
			return result, err
		}
		// A call that takes longer than an outage may last was answered in between.
		if outageSince.IsZero() || time.Since(asked) > maxOutage {
			outageSince = time.Now()
		}
		if time.Since(outageSince) > maxOutage {
			return result, err
		}
		if err := clock.Sleep(ctx, time.Second); err != nil {
			return result, err
		}
	}
}

// Status asks a run for its status. A worker answers.
func (c *Client) Status(ctx context.Context, e Execution) (api.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, QueryTimeout)
	defer cancel()
	out, err := c.queryStatus(ctx, e)
	if err != nil {
		return out, c.translate("", err)
	}
	for _, reported := range out.Running {
		// A range that has just ended does not answer: the next status of its run includes it.
		if now, err := c.queryStatus(ctx, Execution{WorkflowID: reported.WorkflowID}); err == nil {
			out.Refine(reported, now)
		}
	}
	return out, nil
}

func (c *Client) queryStatus(ctx context.Context, e Execution) (api.Status, error) {
	var out api.Status
	value, err := c.client.QueryWorkflow(ctx, e.WorkflowID, e.RunID, api.QueryStatus)
	if err == nil {
		err = value.Get(&out)
	}
	return out, err
}

// Running returns the runs that go on, with the phase of each where the namespace has the search attribute. Temporal's
// list is a moment old: a run that has just begun or ended may be missing.
func (c *Client) Running(ctx context.Context) (map[Execution]string, error) {
	out := map[Execution]string{}
	return out, c.list(ctx, api.SyncTableName, func(e *workflowpb.WorkflowExecutionInfo) {
		var phase string
		if p := e.GetSearchAttributes().GetIndexedFields()[api.AttributePhase]; p != nil {
			_ = converter.GetDefaultDataConverter().FromPayload(p, &phase) // an unknown form counts as no phase
		}
		out[Execution{e.GetExecution().GetWorkflowId(), e.GetExecution().GetRunId()}] = phase
	})
}

// list calls f for every running workflow of a type on the task queue. Another task queue has other workers and other
// tables.
func (c *Client) list(ctx context.Context, workflowType string, f func(*workflowpb.WorkflowExecutionInfo)) error {
	return c.listWhere(ctx, fmt.Sprintf("WorkflowType = '%s'", workflowType), f)
}

// listWhere is list with a condition on the type.
func (c *Client) listWhere(ctx context.Context, types string, f func(*workflowpb.WorkflowExecutionInfo)) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	query := fmt.Sprintf("%s AND ExecutionStatus = 'Running' AND TaskQueue = '%s'", types, quoted(c.taskQueue))
	for e, err := range c.listed(ctx, query) {
		if err != nil {
			return c.translate("", err)
		}
		f(e)
	}
	return nil
}

// listed are the workflows of Temporal's list that a query finds, the last first. An error ends it.
func (c *Client) listed(ctx context.Context, query string) iter.Seq2[*workflowpb.WorkflowExecutionInfo, error] {
	return func(yield func(*workflowpb.WorkflowExecutionInfo, error) bool) {
		var page []byte
		for {
			reply, err := c.client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
				Query: query, PageSize: listPageSize, NextPageToken: page,
			})
			if err != nil {
				yield(nil, err)
				return
			}
			for _, e := range reply.GetExecutions() {
				if !yield(e, nil) {
					return
				}
			}
			if page = reply.GetNextPageToken(); len(page) == 0 {
				return
			}
		}
	}
}

// StartPlan begins a preview of a run. It terminates a preview of the same table that another caller has begun, since
// that one may have other bounds.
func (c *Client) StartPlan(ctx context.Context, in api.PlanTableInput) (Execution, error) {
	return c.startHelper(ctx, in.Table, client.StartWorkflowOptions{
		ID: api.PlanTableID(c.taskQueue, in.Table), StaticSummary: "Plan " + in.Table, StaticDetails: api.PlanDetails,
		Memo: memo(in.Table), Priority: priority(in.Table),
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING,
	}, api.PlanTableName, in)
}

// WaitPlan returns the result of a preview.
func (c *Client) WaitPlan(ctx context.Context, e Execution) (api.PlanTableResult, error) {
	return waitHelper[api.PlanTableResult](ctx, c, e)
}

// StartList begins a list of the tables in a worker's configuration. It joins a list that another caller has begun.
func (c *Client) StartList(ctx context.Context) (Execution, error) {
	return c.startHelper(ctx, "", client.StartWorkflowOptions{
		ID: api.ListTablesID(c.taskQueue), StaticSummary: "List the tables of the configuration",
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
	}, api.ListTablesName)
}

// WaitList returns the tables of a list.
func (c *Client) WaitList(ctx context.Context, e Execution) (api.ListTablesResult, error) {
	return waitHelper[api.ListTablesResult](ctx, c, e)
}

// waitHelper returns the result of a workflow that startHelper has started.
func waitHelper[T any](ctx context.Context, c *Client, e Execution) (out T, _ error) {
	err := c.client.GetWorkflow(ctx, e.WorkflowID, e.RunID).Get(ctx, &out)
	return out, c.translate("", err)
}

// startHelper starts a workflow that moves no row.
func (c *Client) startHelper(
	ctx context.Context, tbl string, o client.StartWorkflowOptions, name string, args ...any,
) (Execution, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	o.TaskQueue = c.taskQueue
	run, err := c.client.ExecuteWorkflow(ctx, o, name, args...)
	if err != nil {
		return Execution{}, c.translate(tbl, err)
	}
	return Execution{run.GetID(), run.GetRunID()}, nil
}
