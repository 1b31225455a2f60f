package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/internal/api"
)

// ShowDifferences reads a page of the list of differences of a comparison. Its result is encrypted for the command
// line that has asked: values of keys must not be in a history.
func ShowDifferences(ctx workflow.Context, in api.ShowDifferencesInput) (api.ShowDifferencesResult, error) {
	ctx = withPriority(ctx, in.Table, 0)
	var out api.ShowDifferencesResult
	host := hostRouter{queue: in.Queue, pinned: true}
	err := host.step(ctx, waitOptions, "read what differs of "+in.Table, "ShowDifferences", in).Get(ctx, &out)
	return out, cause(err)
}
