package owner

import (
	"strings"

	"github.com/tablehaul/tablehaul/internal/api"
)

// WorkflowType is the registered type of a table's state workflow.
const WorkflowType = "TableState"

// StaticDetails explains a state workflow in the Web UI.
const StaticDetails = "Keeps the watermark and says which run may write the target. It never ends and does no work:" +
	" do not terminate it, or the next run is a first load."

// idPrefix begins the workflow id of a table's state workflow; the table's name follows.
const idPrefix = "tablehaul/state/"

// WorkflowID is the fixed id of a table's state workflow: it makes that workflow unique.
func WorkflowID(queue, tbl string) string { return api.OnQueue(queue, idPrefix+api.IDText(tbl)) }

// TableOf reads the table back from the id of its state workflow.
func TableOf(queue, id string) string {
	return api.TableOfID(queue, strings.TrimPrefix(id, idPrefix))
}
