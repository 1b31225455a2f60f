package integration_test

import (
	"database/sql"
	"errors"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// smallSpace are arguments of a server whose tables share one file that may not grow beyond 64 MiB.
// A full disk reaches a client as the same error, 1114: InnoDB has one word for a file that
// cannot be extended, for any reason.
var smallSpace = []string{
	"--innodb-file-per-table=OFF", "--innodb-data-file-path=ibdata1:12M:autoextend:max:64M",
	"--innodb-autoextend-increment=1",
}

const tableFull = 1114 // ER_RECORD_FILE_FULL

// fillSpace fills a server's tablespace with a table filler, until it takes no more. Its rows are
// short enough to stay in their pages: longer ones would take the last extents, too, which the
// server keeps for its undo log, and without which no table can be dropped.
func fillSpace(t *testing.T, db *sql.DB) {
	t.Helper()
	exec(t, db, "CREATE TABLE filler (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, "+
		"v VARCHAR(7000) CHARACTER SET latin1)")
	for _, rows := range []int{100, 1} {
		fill := "INSERT INTO filler (v) VALUES " + strings.TrimSuffix(strings.Repeat("(REPEAT('x', 7000)),", rows), ",")
		for {
			_, err := db.ExecContext(t.Context(), fill)
			var full *mysql.MySQLError
			if errors.As(err, &full) && full.Number == tableFull {
				break
			}
			require.NoError(t, err)
		}
	}
}

// The pause after "full" is half a minute: a client that asks more often is part of the problem.
func TestAFullTargetIsAVisibleWait(t *testing.T) {
	t.Parallel()
	eachPrivate(t, func(t *testing.T, source, target *servers.Server) {
		p := start(t, options{source: source, target: target, tables: bare, defaults: ", tuning: { chunkRows: 50 }"})
		wide := strings.Replace(createT, "VARCHAR(60)", "VARCHAR(2000)", 1)
		grow := "UPDATE t SET name = REPEAT(SHA2(id, 512), 15)"
		exec(t, p.src, wide, insertT(1, 4000), grow, old)
		// A table of some size grows by extents, not by what single pages are left.
		exec(t, p.dst, wide, insertT(1, 500), grow, old)
		fillSpace(t, p.dst)
		wait := p.run("t")
		p.waitFor(workflows.SyncTableID(p.queue, p.table("t")), "UpsertChunk", "connection warehouse",
			"tablespace is full (error 1114)",
			"make room on the server", failure.ServerFull)
		require.Empty(t, p.state("t").Watermark)
		require.Equal(t, "0", scalar(t, p.dst, "SELECT COUNT(*) % 50 FROM t"), "half a chunk")
		require.Eventually(t, func() bool {
			_, err := p.dst.ExecContext(t.Context(), "DROP TABLE filler")
			return err == nil
		}, timeout, poll, "no room can be made")
		require.EqualValues(t, 4000, wait().RowsExtracted)
		p.equal("t", []string{"id"}, columnsT...)
		require.Empty(t, p.staged())
	}, smallSpace...)
}
