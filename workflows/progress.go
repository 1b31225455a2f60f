package workflows

import (
	"fmt"
	"strings"

	"go.temporal.io/sdk/workflow"
)

// enter moves the run to a phase and shows it in the Web UI.
func (s *sync) enter(ctx workflow.Context, phase string) {
	s.status.Phase = phase
	s.show(ctx)
}

// clock measures a phase: call what it returns at the phase's end.
func (s *sync) clock(ctx workflow.Context, phase string) (stop func()) {
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

// snapshot is the status with what children have told so far.
func (s *sync) snapshot() Status {
	st := s.status
	st.RowsExtracted += s.result.RowsExtracted
	st.RowsWritten += s.result.written()
	st.ChunksDone += s.result.Counts.Chunks
	st.Chunks = max(st.Chunks, st.ChunksDone)
	//workflowcheck:ignore sums do not depend on the order
	for _, r := range s.ranges {
		st.RowsExtracted += r.Extracted
		st.RowsWritten += r.Written
		st.Chunks += r.Chunks
		st.ChunksDone += r.ChunksDone
		st.slowest(r.ChunkRows, r.AtOnce)
	}
	st.Running = make([]RunningRange, 0, len(s.running))
	for _, i := range s.running {
		r := s.ranges[i]
		st.Running = append(st.Running, RunningRange{
			WorkflowID: syncRangeID(s.lease, i), RowsExtracted: r.Extracted, RowsWritten: r.Written, Chunks: r.Chunks, ChunksDone: r.ChunksDone,
		})
	}
	return st
}

// paceText says that chunks are smaller than configured, and is empty where they are not.
func paceText(st Status) string {
	if st.ChunkRows == 0 {
		return ""
	}
	return fmt.Sprintf("\n\nthe target is slow or its rows are locked: chunks of %s at most, %d at once", count(st.ChunkRows, "row"), st.AtOnce)
}

// show writes the current details that the Web UI renders as Markdown.
func (s *sync) show(ctx workflow.Context) {
	st := s.snapshot()
	var b strings.Builder
	fmt.Fprintf(&b, "**%s** %s", st.Table, st.Phase)
	if st.Mode != "" {
		fmt.Fprintf(&b, " (%s)\n\nwindow `%s`\n\n", st.Mode, st.Window)
		fmt.Fprintf(&b, "%d of %s, %s read, %s written",
			st.RangesDone, count(st.Ranges, "range"), count(st.RowsExtracted, "row"), count(st.RowsWritten, "row"))
	}
	b.WriteString(paceText(st))
	for _, w := range st.Waits {
		fmt.Fprintf(&b, "\n\nheld back: %s", w.Reason)
	}
	workflow.SetCurrentDetails(ctx, b.String())
}
