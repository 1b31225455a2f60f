package main

import (
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/owner"
)

// outputCSV is the output of history as comma-separated values.
const outputCSV = "csv"

// csvHeader are the columns of history --output csv. Columns are added at the end, and never renamed.
var csvHeader = []string{
	"table", "finished", "mode", "outcome", "rows", "seconds", "windowLo", "windowHi", "newerOnTarget", "existing",
	"failure", "workflowId", "runId",
}

// printHistoryCSV prints the last runs of each table, newest first, with a heading.
func (a *app) printHistoryCSV(all []tableStatus, limit int, failed bool) error {
	w := csv.NewWriter(a.stdout)
	if err := w.Write(csvHeader); err != nil {
		return exitf(exitFailed, "write: %w", err)
	}
	for _, one := range all {
		for _, r := range slices.Backward(runsOf(one, limit, failed)) {
			typ, _, _ := strings.Cut(r.Failure, ":")
			if err := w.Write([]string{
				one.Table, r.Finished.UTC().Format(time.RFC3339), r.Mode, r.Outcome, fmt.Sprint(r.Rows),
				strconv.FormatFloat(r.Seconds, 'f', 3, 64), r.Window.Lo, r.Window.Hi, fmt.Sprint(r.NewerOnTarget),
				fmt.Sprint(r.Existing), typ, r.WorkflowID, r.RunID,
			}); err != nil {
				return exitf(exitFailed, "write: %w", err)
			}
		}
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return exitf(exitFailed, "write: %w", err)
	}
	return nil
}

// runsOf are the last runs of a table, the oldest first.
func runsOf(one tableStatus, limit int, failed bool) []owner.RunRecord {
	if one.State == nil {
		return nil
	}
	runs := one.State.LastRuns
	if failed {
		runs = slices.DeleteFunc(slices.Clone(runs), func(r owner.RunRecord) bool {
			return r.Outcome != owner.OutcomeFailed
		})
	}
	return runs[max(0, len(runs)-limit):]
}
