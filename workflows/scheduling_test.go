package workflows_test

import (
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/workflow"
)

// scheduling counts, at each moment when a workflow asks for an activity of one type, those of the type that it has
// asked for and whose end it has not heard of.
type scheduling struct {
	interceptor.InterceptorBase
	activity string
	futures  []workflow.Future
	most     int
}

func (s *scheduling) InterceptWorkflow(
	_ workflow.Context, next interceptor.WorkflowInboundInterceptor,
) interceptor.WorkflowInboundInterceptor {
	return &schedulingInbound{
		WorkflowInboundInterceptorBase: interceptor.WorkflowInboundInterceptorBase{Next: next}, seen: s,
	}
}

type schedulingInbound struct {
	interceptor.WorkflowInboundInterceptorBase
	seen *scheduling
}

func (s *schedulingInbound) Init(outbound interceptor.WorkflowOutboundInterceptor) error {
	return s.Next.Init(&schedulingOutbound{
		WorkflowOutboundInterceptorBase: interceptor.WorkflowOutboundInterceptorBase{Next: outbound}, seen: s.seen,
	})
}

type schedulingOutbound struct {
	interceptor.WorkflowOutboundInterceptorBase
	seen *scheduling
}

func (s *schedulingOutbound) ExecuteActivity(ctx workflow.Context, name string, args ...any) workflow.Future {
	future := s.Next.ExecuteActivity(ctx, name, args...)
	if name == s.seen.activity {
		s.seen.futures = append(s.seen.futures, future)
		open := 0
		for _, f := range s.seen.futures {
			if !f.IsReady() {
				open++
			}
		}
		s.seen.most = max(s.seen.most, open)
	}
	return future
}
