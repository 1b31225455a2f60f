package activities_test

import (
	"context"
	"sync"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

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
	updates  []string
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
	context.Context, string, string,
) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	panic("the tests have no other holder of a lease")
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
		if s.Lease == nil || !s.Lease.BelongsTo(req) {
			s.Fence++
			s.Lease = &owner.Lease{WorkflowID: req.WorkflowID, RunID: req.RunID, Fence: s.Fence, Slice: req.Slice}
		}
	case owner.ReleaseRequest:
		if s.Lease == nil || s.Lease.Fence != req.Fence {
			return nil, failure.New(failure.LeaseLost, "taken over", "")
		}
		s.Lease = nil
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
