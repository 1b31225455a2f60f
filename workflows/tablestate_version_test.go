package workflows_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/workflows"
)

// A worker does not take a state of a later version: carried over by it, the state would lose what this worker does not
// know. A panic fails the decision and not the workflow, which another worker takes.
func TestTableStateLeavesAStateOfALaterVersionAlone(t *testing.T) {
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.ExecuteWorkflow(workflows.TableState, owner.State{Version: owner.StateVersion + 1, Table: "shop.orders"})
	require.ErrorContains(t, env.GetWorkflowError(), "the state of shop.orders is of version 2, and this worker reads "+
		"up to 1: start workers of the version that wrote it")
}
