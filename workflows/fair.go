package workflows

import (
	"crypto/sha256"
	"encoding/hex"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// maxFairnessKey is Temporal's limit, in bytes.
const maxFairnessKey = 64

// Fair is the priority of a table's workflows and steps: key is 1 (first) to 5 (last), 0 for
// what their parent has. Tables of one priority take turns, whoever has more to do.
func Fair(tbl string, key int) temporal.Priority {
	if len(tbl) > maxFairnessKey {
		sum := sha256.Sum256([]byte(tbl))
		tbl = hex.EncodeToString(sum[:])
	}
	return temporal.Priority{PriorityKey: key, FairnessKey: tbl}
}

// fair makes a table's priority that of all steps begun with the context.
func fair(ctx workflow.Context, tbl string, key int) workflow.Context {
	return workflow.WithPriority(ctx, Fair(tbl, key))
}
