package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// sweep does with the rows that have the verdict deleted what the table's deletes say.
func (v *verification) sweep(_ workflow.Context) error {
	if v.plan.Deletes == "" {
		return nil
	}
	v.result.Sweep = &api.SweepResult{Mode: v.plan.Deletes, Found: v.result.Verdicts[verify.Deleted]}
	return nil
}
