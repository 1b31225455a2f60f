package remote

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"

	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/api"
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
// run, and the last one that has ended where run is "". It returns false where there is none.
func (c *Client) Comparison(ctx context.Context, tbl, run string) (api.VerifyTableResult, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	query := fmt.Sprintf("WorkflowType = '%s' AND ExecutionStatus = 'Completed' AND TaskQueue = '%s'",
		api.VerifyTableName, quoted(c.taskQueue))
	if id, _, _ := strings.Cut(run, "."); id != "" {
		query += fmt.Sprintf(" AND RunId = '%s'", quoted(id))
	}
	var page []byte
	for {
		reply, err := c.client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
			Query: query, PageSize: listPageSize, NextPageToken: page,
		})
		if err != nil {
			return api.VerifyTableResult{}, false, c.translate(tbl, err)
		}
		for _, e := range reply.GetExecutions() {
			if out, ok := c.receiptOf(ctx, e, tbl); ok && (run == "" || out.Run == run) {
				return out, true, nil
			}
		}
		if page = reply.GetNextPageToken(); len(page) == 0 {
			return api.VerifyTableResult{}, false, nil
		}
	}
}

// receiptOf returns the receipt of a comparison that has ended; false where it is of another table.
func (c *Client) receiptOf(
	ctx context.Context, e *workflowpb.WorkflowExecutionInfo, tbl string,
) (out api.VerifyTableResult, ok bool) {
	var of string
	if p := e.GetMemo().GetFields()[api.MemoTable]; p != nil {
		decode(p, &of)
	}
	if of != "" && of != tbl {
		return out, false
	}
	exec := e.GetExecution()
	err := c.client.GetWorkflow(ctx, exec.GetWorkflowId(), exec.GetRunId()).Get(ctx, &out)
	return out, err == nil && out.Table == tbl && out.Estimate == nil
}

func quoted(text string) string { return strings.ReplaceAll(text, "'", "''") }
