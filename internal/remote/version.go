package remote

import (
	"context"
	"regexp"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/tablehaul/tablehaul/internal/buildinfo"
)

// VersionError says that the workers do not know what this command line asks for: they are of an earlier version.
type VersionError struct {
	// Kind and Name say what that is, such as workflow and FillColumns.
	Kind, Name string
}

func (e *VersionError) Error() string { return e.what() + "\n  remedy: " + versionRemedy }

func (e *VersionError) what() string {
	return "the workers do not know the " + e.Kind + " " + e.Name + ": they are of another version than this " +
		"command line, which is " + buildinfo.Read().Version
}

const versionRemedy = "upgrade the older of the two; `tablehaul version` and `tablehaul-worker --version` say which " +
	"that is"

// unknownName is how the SDK of a worker says that it does not know a name.
var unknownName = regexp.MustCompile(
	`(?:unknown (query)Type|unknown (update)|unable to find (workflow) type:|unable to find (activity)Type=) ?([\w.]+)\.`)

// versionError reads what a worker has answered; nil where it is about something else.
func versionError(text string) *VersionError {
	m := unknownName.FindStringSubmatch(text)
	if m == nil {
		return nil
	}
	return &VersionError{Kind: m[1] + m[2] + m[3] + m[4], Name: m[5]}
}

// taskEvents is how many events are read to find why a workflow task fails: the first failure is in the history, and
// few events follow it.
const taskEvents = 20

// taskFailure is why the workflow's next decision fails; empty where the history does not say it. The text of the
// worker's own error may be long, and is in the Web UI.
func (c *Client) taskFailure(ctx context.Context, e Execution) string {
	reply, err := c.client.WorkflowService().GetWorkflowExecutionHistoryReverse(ctx,
		&workflowservice.GetWorkflowExecutionHistoryReverseRequest{
			Namespace: c.namespace, MaximumPageSize: taskEvents,
			Execution: &commonpb.WorkflowExecution{WorkflowId: e.WorkflowID, RunId: e.RunID},
		})
	if err != nil {
		return "" // the wait is worth showing without its cause
	}
	for _, event := range reply.GetHistory().GetEvents() {
		if event.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_TASK_FAILED {
			return event.GetWorkflowTaskFailedEventAttributes().GetFailure().GetMessage()
		}
	}
	return ""
}
