package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"
)

// setPhase moves the run to a phase and shows it in the Web UI.
func (s *sync) setPhase(ctx workflow.Context, phase string) {
	s.status.Phase = phase
	s.updateSearchAttributes(ctx)
	s.show(ctx)
}

// measure measures a phase: call what it returns at the phase's end.
func (s *sync) measure(ctx workflow.Context, phase string) (stop func()) {
	start := workflow.Now(ctx)
	return func() { s.result.Seconds[phase] += workflow.Now(ctx).Sub(start).Seconds() }
}

func (s *sync) serveStatus(ctx workflow.Context) error {
	err := workflow.SetQueryHandler(ctx, QueryStatus, func() (Status, error) { return s.snapshot(), nil })
	if err != nil {
		return fmt.Errorf("register query: %w", err)
	}
	s.show(ctx)
	return nil
}

// snapshot is the status with what children have reported so far.
func (s *sync) snapshot() Status {
	st := s.status
	st.RowsExtracted += s.result.RowsExtracted
	st.RowsWritten += s.result.Written()
	st.ChunksDone += s.result.Counts.Chunks
	st.Chunks = max(st.Chunks, st.ChunksDone)
	//workflowcheck:ignore sums do not depend on the order
	for _, r := range s.ranges {
		st.RowsExtracted += r.Extracted
		st.RowsWritten += r.Written
		st.Chunks += r.Chunks
		st.ChunksDone += r.ChunksDone
		st.KeepSlowest(r.ChunkRows, r.WriteLimit)
	}
	st.Running = make([]RunningRange, 0, len(s.running))
	for _, i := range s.running {
		r := s.ranges[i]
		st.Running = append(st.Running, RunningRange{
			WorkflowID: syncRangeID(s.lease, i), RowsExtracted: r.Extracted, RowsWritten: r.Written, Chunks: r.Chunks,
			ChunksDone: r.ChunksDone,
		})
	}
	return st
}

// show writes the current details that the Web UI renders as Markdown.
func (s *sync) show(ctx workflow.Context) {
	st := s.snapshot()
	workflow.SetCurrentDetails(ctx, statusDetails(&st, workflow.Now(ctx)))
}
