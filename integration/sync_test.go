package integration_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

const createT = `CREATE TABLE t (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(60) NOT NULL COMMENT 'who',
  n INT NULL,
  updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  KEY by_update (updated_at)
)`

// insertT is one INSERT of the rows first to last.
func insertT(first, last int) string {
	values := make([]string, 0, last-first+1)
	for i := first; i <= last; i++ {
		values = append(values, fmt.Sprintf("(%d, 'name %d', %d)", i, i, i%100))
	}
	return "INSERT INTO t (id, name, n) VALUES " + strings.Join(values, ",")
}

var columnsT = []string{"name", "n", "updated_at"}

func TestFirstLoadThenChanges(t *testing.T) {
	t.Parallel()
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{source: s, defaults: ", tuning: { chunkRows: 500, rangeRows: 1000 }"})
		exec(t, p.src, createT, insertT(1, 5000), "ANALYZE TABLE t")

		first := p.settled("t")
		require.Equal(t, api.ModeIncremental, p.sync("t").Mode)
		require.NotEmpty(t, first.Watermark)
		p.equal("t", []string{"id"}, columnsT...)

		exec(t, p.src, "UPDATE t SET n = n + 1 WHERE id <= 300", insertT(5001, 5200))
		p.settled("t")
		p.equal("t", []string{"id"}, columnsT...)
		require.Empty(t, p.staged(), "a run that is done leaves no file")
	})
}

func TestFirstLoadCountsAndWindow(t *testing.T) {
	t.Parallel()
	p := start(t, options{defaults: ", tuning: { chunkRows: 500, rangeRows: 100000 }"})
	exec(t, p.src, createT, insertT(1, 1200), "UPDATE t SET updated_at = '2024-01-01 00:00:00' + INTERVAL id "+
		"MICROSECOND")
	r := p.sync("t")
	require.Equal(t, api.ModeFirstLoad, r.Mode)
	require.EqualValues(t, 1200, r.RowsExtracted)
	require.EqualValues(t, 1200, r.Inserted)
	require.Zero(t, r.Updated+r.Unchanged)
	require.EqualValues(t, 3, r.Chunks)
	require.EqualValues(t, 1, r.Parts)
	require.Positive(t, r.StagedBytes)
	require.Positive(t, r.LongestTransaction)
	require.Equal(t, r.Window.Hi, r.Watermark)
	require.Empty(t, r.Window.Lo)
	require.Contains(t, r.Seconds, workflows.PhaseUpsert)

	exec(t, p.src, "UPDATE t SET n = -1, updated_at = NOW(6) WHERE id <= 10")
	var total workflows.Counts
	for total.RowsExtracted < 10 {
		c := p.sync("t").Counts
		total.RowsExtracted += c.RowsExtracted
		total.Updated += c.Updated
		total.Inserted += c.Inserted
	}
	require.EqualValues(t, 10, total.Updated)
	require.Zero(t, total.Inserted)
	p.equal("t", []string{"id"}, columnsT...)
}

func TestTableWithoutCursorIsReadWhole(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{
			source: s, tables: "- { name: FROM.t, target: TO.t }",
			defaults: ", tuning: { chunkRows: 100 }",
		})
		exec(t, p.src, createT, insertT(1, 1000))
		r := p.sync("t")
		require.Equal(t, api.ModeWhole, r.Mode)
		require.EqualValues(t, 1000, r.Inserted)
		require.Empty(t, r.Watermark)
		exec(t, p.src, "UPDATE t SET n = -5 WHERE id % 100 = 0")
		r = p.sync("t")
		require.EqualValues(t, 1000, r.RowsExtracted)
		require.EqualValues(t, 10, r.Updated)
		require.EqualValues(t, 990, r.Unchanged)
		p.equal("t", []string{"id"}, columnsT...)
	})
}

func TestIntegerCursor(t *testing.T) {
	t.Parallel()
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{source: s, tables: "- { name: FROM.t, target: TO.t, cursor: id }"})
		exec(t, p.src, createT, insertT(1, 100))
		require.EqualValues(t, 100, p.syncedTo("t", "100"))
		exec(t, p.src, insertT(101, 150))
		require.EqualValues(t, 50, p.syncedTo("t", "150"))
		p.equal("t", []string{"id"}, columnsT...)
	})
}

func TestBackfillLeavesTheWatermarkAlone(t *testing.T) {
	t.Parallel()
	p := start(t, options{})
	exec(t, p.src, createT, insertT(1, 100), "UPDATE t SET updated_at = '2024-01-01' + INTERVAL id DAY")
	before := p.sync("t").Watermark
	exec(t, p.dst, "DELETE FROM t WHERE id BETWEEN 10 AND 30")
	r, err := p.try(workflows.SyncTableInput{Table: p.table("t"), From: "2024-01-11", To: "2024-01-31 00:00:00"})
	require.NoError(t, err)
	require.Equal(t, api.ModeBackfill, r.Mode)
	require.EqualValues(t, 20, r.Inserted, "from is exclusive, to inclusive")
	require.Equal(t, before, r.Watermark)
}

func TestFullStartsOver(t *testing.T) {
	t.Parallel()
	p := start(t, options{})
	exec(t, p.src, createT, insertT(1, 100), "UPDATE t SET updated_at = '2024-01-01'")
	p.sync("t")
	exec(t, p.dst, "DELETE FROM t WHERE id <= 50")
	require.Zero(t, p.sync("t").RowsExtracted, "an incremental run cannot know")
	r, err := p.try(workflows.SyncTableInput{Table: p.table("t"), Full: true})
	require.NoError(t, err)
	require.Equal(t, api.ModeFirstLoad, r.Mode)
	require.EqualValues(t, 50, r.Inserted)
	require.EqualValues(t, 50, r.Unchanged)
	p.equal("t", []string{"id"}, columnsT...)
}

func TestAcrossServers(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]func(testing.TB) *servers.Server{
		{servers.MySQL, servers.MariaDB},
		{servers.MariaDB, servers.MySQL},
	} {
		src, dst := pair[0](t), pair[1](t)
		t.Run(string(src.Flavor)+" to "+string(dst.Flavor), func(t *testing.T) {
			p := start(t, options{source: src, target: dst})
			exec(t, p.src, createT, insertT(1, 500), "UPDATE t SET name = 'größe 😀', updated_at = '2024-01-01' "+
				"WHERE id < 50")
			p.settled("t")
			p.equal("t", []string{"id"}, columnsT...)
		})
	}
}
