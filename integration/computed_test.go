package integration_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// A table whose updated_at is NULL until the first update follows what the source computes from
// it. The family that it belongs to leaves out the tables of an online schema change.
func TestAComputedColumnIsACursor(t *testing.T) {
	t.Parallel()
	p := start(t, options{
		source: servers.MySQL(t), target: servers.MariaDB(t),
		tables: "- { name: FROM.*, target: TO.*, cursor: changed }",
	})
	exec(t, p.src, "CREATE TABLE posts (id INT PRIMARY KEY, v INT, created DATETIME(3) NOT NULL DEFAULT "+
		"CURRENT_TIMESTAMP(3), updated DATETIME(3) NULL ON UPDATE CURRENT_TIMESTAMP(3),"+
		" changed DATETIME(3) AS (COALESCE(updated, IF(created > '1971-01-01', created, NULL))) STORED, KEY (changed))",
		"CREATE TABLE _posts_gho LIKE posts", "CREATE TABLE _posts_old LIKE posts",
		"INSERT INTO posts (id, created) VALUES (1, NOW(3) - INTERVAL 1 HOUR), (2, NOW(3) - INTERVAL 1 HOUR)")
	require.EqualValues(t, 2, p.settled("posts").Inserted)
	exec(t, p.src, "UPDATE posts SET v = 1 WHERE id = 2", "INSERT INTO posts (id) VALUES (3)")
	r := p.settled("posts")
	require.Equal(t, []int64{1, 1}, []int64{r.Inserted, r.Updated})
	p.equal("posts", []string{"id"}, "v", "created", "updated", "changed")

	list, err := p.client.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID:        "list-" + p.queue,
		TaskQueue: p.queue,
	}, workflows.ListTablesName)
	require.NoError(t, err)
	var listed workflows.ListTablesResult
	require.NoError(t, list.Get(t.Context(), &listed))
	require.Len(t, listed.Tables, 1)
	require.Equal(t, []string{p.table("_posts_gho"), p.table("_posts_old")}, listed.Families[0].LeftOut)
}
