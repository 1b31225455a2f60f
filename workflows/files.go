package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
)

// The steps of a table that is loaded from files, in place of PlanRun and ExtractIncremental.
const (
	discoverStep  = "DiscoverFiles"
	readFilesStep = "ReadFiles"
)

// planStep is the step that plans the run.
func (s *sync) planStep() string {
	if s.files {
		return discoverStep
	}
	return "PlanRun"
}

// readStep is the step that stages a slice of the run; "" is that of a source server.
func (s *sync) readStep() string {
	if s.files {
		return readFilesStep
	}
	return ""
}

// putFilesAway removes or moves files that are loaded. They are done, so that a failure does not fail the run: the next
// run goes on.
func (s *sync) putFilesAway(ctx workflow.Context) {
	if s.plan.Files == nil || !s.plan.Files.PutsAway {
		return
	}
	ctx = withOptions(ctx, putAwayOptions, "put loaded files away")
	in := activities.PutFilesAwayInput{Table: s.in.Table}
	var out activities.PutFilesAwayResult
	if err := workflow.ExecuteActivity(ctx, "PutFilesAway", in).Get(ctx, &out); err != nil {
		out.Warning = "loaded files stay where they are: " + failureText(err)
	}
	if out.Warning != "" {
		s.result.Warnings = append(s.result.Warnings, out.Warning)
	}
}
