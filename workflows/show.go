package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/internal/api"
)

// The results of these workflows are encrypted for the command line that has asked: values of keys must not be in a
// history.

// ShowDifferences reads a page of the list of differences of a comparison.
func ShowDifferences(ctx workflow.Context, in api.ShowDifferencesInput) (out api.ShowDifferencesResult, err error) {
	err = show(ctx, in.Table, in.Queue, "read what differs of "+in.Table, "ShowDifferences", in, &out)
	return out, err
}

// ShowQuarantine reads a page of the rows of a table that are in quarantine.
func ShowQuarantine(ctx workflow.Context, in api.ShowQuarantineInput) (out api.ShowQuarantineResult, err error) {
	err = show(ctx, in.Table, in.Queue, "read the quarantine of "+in.Table, "ShowQuarantine", in, &out)
	return out, err
}

// show runs the only step of such a workflow, on the host that has the files.
func show(ctx workflow.Context, tbl, queue, summary, step string, in, out any) error {
	ctx = withPriority(ctx, tbl, 0)
	host := hostRouter{queue: queue, pinned: true}
	return cause(host.step(ctx, waitOptions, summary, step, in).Get(ctx, out))
}
