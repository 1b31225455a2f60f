package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	sdklog "go.temporal.io/sdk/log"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/temporalopts"
	"github.com/tablehaul/tablehaul/workflows"
)

const (
	dialTimeout = 10 * time.Second
	// requestTimeout bounds a request that needs no worker.
	requestTimeout = 10 * time.Second
	// updateTimeout bounds an update of the table's owner, which may have to be started first.
	updateTimeout = 30 * time.Second
	// pollerAge is after how long without a word a worker is taken for dead: it asks for work
	// at least once a minute, and Temporal remembers it for five.
	pollerAge = 75 * time.Second
	// listPage is the most workflows of one answer that Temporal gives by default.
	listPage = 1000
	// outage is how long following survives without an answer; a Temporal restart is seconds.
	outage = 2 * time.Minute
)

// temporalService is the service of a real Temporal.
type temporalService struct {
	client    client.Client
	address   string
	namespace string
	taskQueue string
	asked     asked
}

var _ service = (*temporalService)(nil)

func dialTemporal(ctx context.Context, getenv func(string) string, taskQueue string) (service, error) {
	opts, err := temporalopts.FromEnv(getenv)
	if err != nil {
		return nil, &settingsError{err}
	}
	opts.Logger = sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)) // what matters is returned as errors
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	c, err := client.DialContext(ctx, opts)
	if err != nil {
		return nil, &unreachableError{opts.HostPort, plainError(err)}
	}
	return &temporalService{client: c, address: opts.HostPort, namespace: opts.Namespace, taskQueue: taskQueue}, nil
}

func (s *temporalService) close() { s.client.Close() }

func (s *temporalService) start(ctx context.Context, in workflows.SyncTableInput) (execution, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	id := workflows.SyncTableID(s.taskQueue, in.Table)
	run, err := s.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: id, TaskQueue: s.taskQueue, StaticSummary: "Sync " + in.Table, StaticDetails: workflows.SyncDetails(in), Memo: memo(in.Table),
		Priority:                                 workflows.Fair(in.Table, 0),
		WorkflowExecutionErrorWhenAlreadyStarted: true,
	}, workflows.SyncTableName, in)
	var already *serviceerror.WorkflowExecutionAlreadyStarted
	if errors.As(err, &already) {
		return execution{}, &busyError{in.Table, execution{id, already.RunId}}
	}
	if err != nil {
		return execution{}, s.explain(in.Table, err)
	}
	return execution{run.GetID(), run.GetRunID()}, nil
}

// memo names the table of a workflow, before it says so itself.
func memo(tbl string) map[string]any { return map[string]any{api.MemoTable: tbl} }

// wait survives an outage of Temporal: the run does too.
func (s *temporalService) wait(ctx context.Context, e execution) (workflows.SyncTableResult, error) {
	var lost time.Time
	for {
		var result workflows.SyncTableResult
		err := s.client.GetWorkflow(ctx, e.WorkflowID, e.RunID).Get(ctx, &result)
		if err == nil {
			return result, nil
		}
		if err = s.explain(workflows.TableOfSyncID(s.taskQueue, e.WorkflowID), err); !isUnreachable(err) || ctx.Err() != nil {
			return result, err
		}
		if lost.IsZero() {
			lost = time.Now()
		}
		if time.Since(lost) > outage {
			return result, err
		}
		if !pause(ctx, time.Second) {
			return result, ctx.Err()
		}
	}
}

func isUnreachable(err error) bool {
	var u *unreachableError
	return errors.As(err, &u)
}

// pause waits for d; false means that ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (s *temporalService) status(ctx context.Context, e execution) (workflows.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	var out workflows.Status
	value, err := s.client.QueryWorkflow(ctx, e.WorkflowID, e.RunID, workflows.QueryStatus)
	if err == nil {
		err = value.Get(&out)
	}
	if err != nil {
		return out, s.explain("", err)
	}
	for _, told := range out.Running {
		var now workflows.Status
		value, err := s.client.QueryWorkflow(ctx, told.WorkflowID, "", workflows.QueryStatus)
		if err == nil && value.Get(&now) == nil { // one that has just ended is in the next answer
			out.Refine(told, now)
		}
	}
	return out, nil
}

func (s *temporalService) startPlan(ctx context.Context, in workflows.PlanTableInput) (execution, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	run, err := s.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: workflows.PlanTableID(s.taskQueue, in.Table), TaskQueue: s.taskQueue, StaticSummary: "Plan " + in.Table, StaticDetails: workflows.PlanDetails, Memo: memo(in.Table),
		Priority: workflows.Fair(in.Table, 0),
		// A preview that somebody else asked for just now may have other bounds: take our own.
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING,
	}, workflows.PlanTableName, in)
	if err != nil {
		return execution{}, s.explain(in.Table, err)
	}
	return execution{run.GetID(), run.GetRunID()}, nil
}

func (s *temporalService) waitPlan(ctx context.Context, e execution) (workflows.PlanTableResult, error) {
	var out workflows.PlanTableResult
	if err := s.client.GetWorkflow(ctx, e.WorkflowID, e.RunID).Get(ctx, &out); err != nil {
		return out, s.explain("", err)
	}
	return out, nil
}

func (s *temporalService) startList(ctx context.Context) (execution, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	run, err := s.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: workflows.ListTablesID(s.taskQueue), TaskQueue: s.taskQueue, StaticSummary: "List the tables of the configuration",
		// A list that somebody else asked for just now is the same.
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
	}, workflows.ListTablesName)
	if err != nil {
		return execution{}, s.explain("", err)
	}
	return execution{run.GetID(), run.GetRunID()}, nil
}

func (s *temporalService) waitList(ctx context.Context, e execution) (workflows.ListTablesResult, error) {
	var out workflows.ListTablesResult
	if err := s.client.GetWorkflow(ctx, e.WorkflowID, e.RunID).Get(ctx, &out); err != nil {
		return out, s.explain("", err)
	}
	return out, nil
}

func (s *temporalService) state(ctx context.Context, tbl string) (workflows.TableStateView, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	var out workflows.TableStateView
	value, err := s.client.QueryWorkflow(ctx, workflows.TableStateID(s.taskQueue, tbl), "", owner.QueryState)
	var none *serviceerror.NotFound
	if errors.As(err, &none) {
		return out, false, nil
	}
	if err == nil {
		err = value.Get(&out)
	}
	if err != nil {
		return out, false, s.explain(tbl, err)
	}
	return out, true, nil
}

func (s *temporalService) setWatermark(ctx context.Context, tbl string, req owner.SetRequest) (workflows.TableStateView, error) {
	ctx, cancel := context.WithTimeout(ctx, updateTimeout)
	defer cancel()
	var out workflows.TableStateView
	handle, err := s.client.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: s.client.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
			ID: workflows.TableStateID(s.taskQueue, tbl), TaskQueue: s.taskQueue, StaticSummary: "Watermark and lease of " + tbl, StaticDetails: owner.StaticDetails, Memo: memo(tbl),
			WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		}, workflows.TableStateName, owner.State{Version: 1, Table: tbl}),
		UpdateOptions: client.UpdateWorkflowOptions{
			UpdateName: owner.UpdateSetWatermark, Args: []any{req},
			WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	if err == nil {
		err = handle.Get(ctx, &out)
	}
	if err != nil {
		return out, s.explain(tbl, err)
	}
	return out, nil
}

func (s *temporalService) owned(ctx context.Context) ([]string, error) {
	var out []string
	err := s.list(ctx, workflows.TableStateName, func(e *workflowpb.WorkflowExecutionInfo) {
		out = append(out, owner.TableOf(s.taskQueue, e.GetExecution().GetWorkflowId()))
	})
	return out, err
}

func (s *temporalService) running(ctx context.Context) (map[execution]string, error) {
	out := map[execution]string{}
	return out, s.list(ctx, workflows.SyncTableName, func(e *workflowpb.WorkflowExecutionInfo) {
		var phase string
		if p := e.GetSearchAttributes().GetIndexedFields()[workflows.AttributePhase]; p != nil {
			_ = converter.GetDefaultDataConverter().FromPayload(p, &phase) // one that it does not know is none
		}
		out[execution{e.GetExecution().GetWorkflowId(), e.GetExecution().GetRunId()}] = phase
	})
}

// list calls f for every workflow of a type that runs on the task queue. Those of another queue
// belong to other workers, whose tables are not ours to show.
func (s *temporalService) list(ctx context.Context, name string, f func(*workflowpb.WorkflowExecutionInfo)) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	var page []byte
	for {
		reply, err := s.client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
			Query: fmt.Sprintf("WorkflowType = '%s' AND ExecutionStatus = 'Running' AND TaskQueue = '%s'",
				name, strings.ReplaceAll(s.taskQueue, "'", "''")),
			PageSize: listPage, NextPageToken: page,
		})
		if err != nil {
			return s.explain("", err)
		}
		for _, e := range reply.GetExecutions() {
			f(e)
		}
		if page = reply.GetNextPageToken(); len(page) == 0 {
			return nil
		}
	}
}

func (s *temporalService) workers(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	reply, err := s.client.DescribeTaskQueue(ctx, s.taskQueue, enumspb.TASK_QUEUE_TYPE_WORKFLOW)
	if err != nil {
		return false, s.explain("", err)
	}
	for _, p := range reply.GetPollers() {
		if time.Since(p.GetLastAccessTime().AsTime()) < pollerAge {
			return true, nil
		}
	}
	return false, nil
}
