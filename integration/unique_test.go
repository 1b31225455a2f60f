package integration_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

const uniqueTable = "CREATE TABLE t (id INT PRIMARY KEY, u VARCHAR(30) COLLATE utf8mb4_general_ci, p INT NOT NULL," +
	" updated_at DATETIME(6) NOT NULL DEFAULT NOW(6) ON UPDATE NOW(6), KEY (updated_at), UNIQUE u_once (u), UNIQUE (p))"

func TestUniqueValuesThatMovedConverge(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		// Chunks of two rows, so that rows that exchange values are rarely in the same one.
		p := start(t, options{source: s, tables: "- { name: FROM.t, target: TO.t, cursor: updated_at, " +
			"uniqueConflicts: replace, tuning: { chunkRows: 2 } }"})
		exec(t, p.src, uniqueTable)
		for i := range 12 {
			exec(t, p.src, fmt.Sprintf("INSERT INTO t (id, u, p) VALUES (%d, 'value %d', %d)", i, i, i))
		}
		p.settled("t")
		p.equal("t", []string{"id"}, "id", "u", "p", "updated_at")

		rotate := func(column string, ids ...int) {
			tx, err := p.src.BeginTx(t.Context(), nil)
			require.NoError(t, err)
			do := func(format string, args ...any) {
				_, err := tx.ExecContext(t.Context(), fmt.Sprintf(format, args...))
				require.NoError(t, err)
			}
			free := map[string]string{"u": "'nobody'", "p": "-1"}[column]
			do("SET @first = (SELECT %s FROM t WHERE id = %d)", column, ids[0])
			do("UPDATE t SET %s = %s WHERE id = %d", column, free, ids[0])
			for i := 1; i < len(ids); i++ {
				do("SET @next = (SELECT %s FROM t WHERE id = %d)", column, ids[i])
				do("UPDATE t SET %s = IF(%d = %d, @first, %s) WHERE id = %d", column, i, len(ids)-1,
					map[string]string{"u": "CONCAT('nobody ', id)", "p": "-1 - id"}[column], ids[i])
				do("UPDATE t SET %s = @next WHERE id = %d", column, ids[i-1])
			}
			require.NoError(t, tx.Commit())
		}
		var replaced int64
		for _, step := range []func(){
			func() { rotate("u", 0, 11) },
			func() { rotate("u", 3, 7, 5); rotate("p", 11, 1) },
			func() { rotate("p", 0, 2, 4, 6, 8, 10) },
			func() {
				exec(t, p.src, "UPDATE t SET p = p + 1 ORDER BY p DESC", "UPDATE t SET u = UPPER(u) WHERE id = 4")
			},
			func() { exec(t, p.src, "UPDATE t SET p = p - 1 ORDER BY p") },
		} {
			step()
			replaced += p.settled("t").DeletedConflicts
			p.equal("t", []string{"id"}, "id", "u", "p", "updated_at")
		}
		require.Positive(t, replaced)
		// Deleted and inserted again under another key: the old row makes way.
		exec(t, p.src, "DELETE FROM t WHERE id = 3", "INSERT INTO t (id, u, p) SELECT 30, 'VALUE 7', 99",
			"UPDATE t SET p = 3 WHERE id = 30")
		result := p.settled("t")
		require.LessOrEqual(t, result.DeletedConflicts, int64(2))
		p.equal("t", []string{"id"}, "id", "u", "p", "updated_at")
	})
}

func TestUniqueConflictsStopTheRunUnlessTheyMayBeReplaced(t *testing.T) {
	t.Parallel()
	p := start(t, options{})
	exec(t, p.src, uniqueTable, "INSERT INTO t (id, u, p) VALUES (1, 's3cret', 1), (2, 'b', 2)")
	before := p.settled("t").Watermark
	exec(t, p.src, "DELETE FROM t WHERE id = 1", "INSERT INTO t (id, u, p) VALUES (3, 'S3CRET', 3)")
	var err error
	for err == nil && t.Context().Err() == nil { // until the window reaches the new row
		_, err = p.try(workflows.SyncTableInput{Table: p.table("t")})
	}
	requireFailure(t, err, failure.RowRejected, "u_once")
	require.NotContains(t, err.Error(), "3CRET")
	require.NotEmpty(t, before)
	var n int
	require.NoError(t, p.dst.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM t WHERE id IN (1, 2)").Scan(&n))
	require.Equal(t, 2, n)
}
