package main

import (
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
)

// A database that an earlier version has made loses the indexes at the next start; lists stay whole.
func TestTheDatabaseHasOnlyTheIndexesOfLists(t *testing.T) {
	dir := t.TempDir()
	start(t, dir, "--server-only").stop(t)
	file := filepath.Join(dir, "temporal-1.32.db")
	db, err := sql.Open("sqlite", "file:"+file+"?mode=rw")
	require.NoError(t, err)
	names, err := indexes(db)
	require.NoError(t, err)
	require.ElementsMatch(t, listIndexes, names)
	_, err = db.ExecContext(t.Context(), "CREATE INDEX by_int_01 ON executions_visibility (namespace_id, Int01)")
	require.NoError(t, err)
	require.NoError(t, db.Close())

	p := start(t, dir, "--server-only")
	c := p.dial(t)
	for _, id := range []string{"a", "b"} {
		_, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: id, TaskQueue: "none"}, "Any")
		require.NoError(t, err)
	}
	for query, want := range map[string]int{
		"": 2, "WorkflowId = 'a'": 1, "WorkflowType = 'Any'": 2, "ExecutionTime > '2020-01-01T00:00:00Z'": 2,
		"TaskQueue = 'none' AND ExecutionStatus = 'Running'": 2, "HistoryLength > 1000": 0,
		"ParentWorkflowId IS NULL": 2, "TemporalScheduledById = 'a'": 0,
	} {
		require.Eventually(t, func() bool {
			list, err := c.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Query: query})
			return err == nil && len(list.GetExecutions()) == want
		}, time.Minute, 20*time.Millisecond, query)
	}
	p.stop(t)
	db, err = sql.Open("sqlite", "file:"+file+"?mode=rw")
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	names, err = indexes(db)
	require.NoError(t, err)
	require.ElementsMatch(t, listIndexes, names)
}
