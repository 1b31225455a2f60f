package remote

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/sealed"
)

// StartShow begins to read a page of a list of differences. The key opens the answer.
func (c *Client) StartShow(ctx context.Context, in api.ShowDifferencesInput, key sealed.Key) (Execution, error) {
	in.PublicKey = key.Public()
	return c.startHelper(ctx, in.Table, client.StartWorkflowOptions{
		ID:            api.ShowDifferencesID(c.taskQueue, in.Table, askID()),
		StaticSummary: "Show what differs of " + in.Table, StaticDetails: api.ShowDetails,
		Memo: memo(in.Table), Priority: priority(in.Table),
	}, api.ShowDifferencesName, in)
}

// WaitShow returns a page, and what it has in clear text.
func (c *Client) WaitShow(
	ctx context.Context, e Execution, tbl string, key sealed.Key,
) (api.ShowDifferencesResult, api.DifferencePage, error) {
	var page api.DifferencePage
	out, err := waitHelper[api.ShowDifferencesResult](ctx, c, e)
	if err == nil {
		err = unseal(key, tbl, out.Sealed, &page)
	}
	return out, page, err
}

// unseal opens a worker's answer.
func unseal(key sealed.Key, tbl string, answer []byte, page any) error {
	text, err := key.Open(tbl, answer)
	if err == nil {
		err = json.Unmarshal(text, page)
	}
	if err != nil {
		return fmt.Errorf("the worker's answer cannot be read: %w", err)
	}
	return nil
}

// askID tells two commands apart that ask for the same at the same time.
func askID() string { return strings.ToLower(rand.Text()[:8]) }

// Comparison returns the receipt of a comparison that Temporal still remembers: the one whose kept files have the name
// run, and the last one that has ended where run is "". It returns false where there is none. Temporal's list is a
// moment old, the table's state is not: of the two, the later comparison counts.
func (c *Client) Comparison(ctx context.Context, tbl, run string) (api.VerifyTableResult, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	last, at, err := c.recorded(ctx, tbl, run)
	if err != nil {
		return last, false, c.translate(tbl, err)
	}
	status := "ExecutionStatus = 'Completed'"
	if id, _, _ := strings.Cut(run, "."); id != "" { // it may have continued as new since it gave the files their name
		status = fmt.Sprintf("ExecutionStatus IN ('Completed', 'ContinuedAsNew') AND RunId = '%s'", quoted(id))
	}
	query := fmt.Sprintf("WorkflowType = '%s' AND %s AND TaskQueue = '%s'", api.VerifyTableName, status,
		quoted(c.taskQueue))
	for e, err := range c.listed(ctx, query) {
		switch {
		case err != nil:
			return api.VerifyTableResult{}, false, c.translate(tbl, err)
		case !e.GetCloseTime().AsTime().After(at):
			return last, true, nil
		case !mayBeOf(e, tbl):
			continue
		}
		exec := Execution{e.GetExecution().GetWorkflowId(), e.GetExecution().GetRunId()}
		if e.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW && !c.hasEnded(ctx, exec) {
			continue
		}
		if out, ok := c.receipt(ctx, exec, tbl, run); ok {
			return out, true, nil
		}
	}
	return last, !at.IsZero(), nil
}

// recorded returns the receipt of the last comparison in the table's state, and when it ended; the zero time for none.
// run is as in Comparison.
func (c *Client) recorded(
	ctx context.Context, tbl, run string,
) (last api.VerifyTableResult, at time.Time, err error) {
	state, _, err := owner.ReadState(ctx, c.client, c.taskQueue, tbl)
	if v := state.LastVerify; v != nil {
		if out, ok := c.receipt(ctx, Execution{v.WorkflowID, v.RunID}, tbl, run); ok {
			last, at = out, v.At
		}
	}
	if s := state.LastSweep; s != nil && s.At.After(at) {
		if out, ok := c.receipt(ctx, Execution{s.WorkflowID, s.RunID}, tbl, run); ok {
			last, at = out, s.At
		}
	}
	return last, at, err
}

// mayBeOf reports whether a workflow may be one of the table: its memo names no other.
func mayBeOf(e *workflowpb.WorkflowExecutionInfo, tbl string) bool {
	of := memoTable(e)
	return of == "" || of == tbl
}

// receipt returns the receipt of a comparison that has ended; false where it is none of the table, or another run's.
func (c *Client) receipt(ctx context.Context, e Execution, tbl, run string) (out api.VerifyTableResult, ok bool) {
	err := c.client.GetWorkflow(ctx, e.WorkflowID, e.RunID).Get(ctx, &out)
	return out, err == nil && out.Table == tbl && out.Estimate == nil && (run == "" || out.Run == run)
}

func quoted(text string) string { return strings.ReplaceAll(text, "'", "''") }
