package activities_test

import (
	"context"
	"sync"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
)

// stateClient is a Temporal client that knows one table's state workflow: it keeps a state, gives a lease and takes it
// back.
type stateClient struct {
	client.Client
	mu    sync.Mutex
	state owner.State
	// onUpdate may change the state before an update, or refuse the update.
	onUpdate func(name string, s *owner.State) error
	// onBegin hears what is asked for.
	onBegin func(owner.BeginRequest)
	updates []string

	// onDescribe is the status of a run at a look, which counts from 1; nil where the tests have no other run.
	onDescribe func(look int) enumspb.WorkflowExecutionStatus
	looks      int
	// closed is when a run that does not run has ended; reset names the runs that others live on in.
	closed time.Time
	reset  map[string]string
	// first names the first execution of the chain at a look.
	first func(look int) string
}

// describes gives every run a status.
func (c *stateClient) describes(status enumspb.WorkflowExecutionStatus) {
	c.onDescribe = func(int) enumspb.WorkflowExecutionStatus { return status }
}

func (c *stateClient) QueryWorkflowWithOptions(
	context.Context, *client.QueryWorkflowWithOptionsRequest,
) (*client.QueryWorkflowWithOptionsResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	payloads, err := converter.GetDefaultDataConverter().ToPayloads(c.state)
	return &client.QueryWorkflowWithOptionsResponse{QueryResult: client.NewValue(payloads)}, err
}

func (c *stateClient) DescribeWorkflowExecution(
	_ context.Context, _, run string,
) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.onDescribe == nil {
		panic("the test has no other holder of a lease")
	}
	c.looks++
	var first string
	if c.first != nil {
		first = c.first(c.looks)
	}
	return &workflowservice.DescribeWorkflowExecutionResponse{
		WorkflowExecutionInfo: &workflowpb.WorkflowExecutionInfo{
			Status: c.onDescribe(c.looks), CloseTime: timestamppb.New(c.closed), FirstRunId: first,
		},
		WorkflowExtendedInfo: &workflowpb.WorkflowExecutionExtendedInfo{ResetRunId: c.reset[run]},
	}, nil
}

func (c *stateClient) NewWithStartWorkflowOperation(
	client.StartWorkflowOptions, any, ...any,
) client.WithStartWorkflowOperation {
	return nil
}

func (c *stateClient) UpdateWithStartWorkflow(
	_ context.Context, o client.UpdateWithStartWorkflowOptions,
) (client.WorkflowUpdateHandle, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	name, s := o.UpdateOptions.UpdateName, &c.state
	c.updates = append(c.updates, name)
	if c.onUpdate != nil {
		if err := c.onUpdate(name, s); err != nil {
			return nil, err
		}
	}
	switch req := o.UpdateOptions.Args[0].(type) {
	case owner.BeginRequest:
		if c.onBegin != nil {
			c.onBegin(req)
		}
		if s.Lease == nil || !s.Lease.BelongsTo(req) {
			s.Fence++
			s.Lease = &owner.Lease{WorkflowID: req.WorkflowID, RunID: req.RunID, Fence: s.Fence, Slice: req.Slice}
		}
	case owner.ReleaseRequest:
		if s.Lease == nil || s.Lease.Fence != req.Fence {
			return nil, failure.New(failure.LeaseLost, "taken over", "")
		}
		s.Lease = nil
	case owner.FinishRequest:
		if s.Lease != nil && s.Lease.Fence != req.Fence {
			return nil, failure.New(failure.LeaseLost, "taken over", "")
		}
		if s.Lease != nil { // asked again, it is done
			s.LastRuns = append(s.LastRuns, req.Record)
		}
		s.Lease, s.Watermark = nil, req.Watermark
	case owner.EmptyRunRequest:
		if s.Lease != nil || s.Revision != req.Revision {
			return nil, failure.New(failure.TableBusy, "the state has changed", "")
		}
		s.Revision++
		s.Watermark, s.LastRuns = req.Finish.Watermark, append(s.LastRuns, req.Finish.Record)
	case owner.PutAwayRequest:
		if s.Lease != nil || s.Revision != req.Revision || s.ID != req.StateID {
			return nil, failure.New(failure.TableBusy, "the state has changed", "")
		}
		s.Revision++
		s.Put(req)
	case owner.SetRequest:
		s.Watermark, s.Cursor = req.Watermark, req.Cursor
	case owner.VerifyRequest:
		s.LastVerify, s.Kept = &req.Record, req.Kept
	}
	return updated{*s}, nil
}

// updated is an update's reply.
type updated struct{ state owner.State }

func (u updated) WorkflowID() string { return "state" }
func (u updated) RunID() string      { return "run" }
func (u updated) UpdateID() string   { return "update" }

func (u updated) Get(_ context.Context, out any) error {
	payloads, err := converter.GetDefaultDataConverter().ToPayloads(u.state)
	if err != nil {
		return err
	}
	return converter.GetDefaultDataConverter().FromPayloads(payloads, out)
}
