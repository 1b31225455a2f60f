package integration_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// Rows of about 1,200 bytes that do not compress make many slices of the smallest size.
const wide = "UPDATE t SET name = CONCAT(SHA2(id, 512), SHA2(id + 1, 512), SHA2(id + 2, 512), SHA2(id + 3, 512), " +
	"SHA2(id + 4, 512), SHA2(id + 5, 512), " +
	"SHA2(id + 6, 512), SHA2(id + 7, 512), SHA2(id + 8, 512)), updated_at = '2024-01-01 00:00:00' + INTERVAL (id " +
	"DIV 40) SECOND"

var wideT = strings.Replace(createT, "VARCHAR(60)", "VARCHAR(1300)", 1)

// steps counts how often a step was asked for, by all workflows of the product.
func (p *product) steps(name string) (n int) {
	for _, h := range p.histories() {
		for _, e := range h.GetEvents() {
			if e.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName() == name {
				n++
			}
		}
	}
	return n
}

// A range that is larger than planned is moved slice by slice, by key and by cursor, with as
// many rows of one cursor value as a slice holds.
func TestARangeLargerThanPlannedIsMovedInSlices(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{source: s, defaults: ", tuning: { chunkRows: 50, rangeBytes: 64KiB, partBytes: 64KiB, " +
			"pageBytes: 64KiB, pageRows: 20 }"})
		exec(t, p.src, wideT, insertT(1, 2000), wide, "ANALYZE TABLE t")
		r := p.sync("t")
		require.Equal(t, api.ModeFirstLoad, r.Mode)
		require.EqualValues(t, 2000, r.RowsExtracted)
		require.EqualValues(t, 2000, r.Inserted)
		require.Greater(t, p.steps("ExtractIncremental"), 5, "a slice is 64 KiB and a page at most")
		p.equal("t", []string{"id"}, columnsT...)
		require.Empty(t, p.staged())

		exec(t, p.dst, "DELETE FROM t")
		exec(t, p.dst, "INSERT INTO t (id, name) VALUES (9999, 'so that it is not empty')")
		r, err := p.try(workflows.SyncTableInput{Table: p.table("t"), From: "2023-01-01"})
		require.NoError(t, err)
		require.EqualValues(t, 2000, r.RowsExtracted)
		require.EqualValues(t, 2000, r.Inserted)
		require.Greater(t, p.steps("ExtractIncremental"), 10)
		exec(t, p.dst, "DELETE FROM t WHERE id = 9999")
		p.equal("t", []string{"id"}, columnsT...)
		require.Empty(t, p.staged())
	})
}

// A slice begins behind a key of the one before it, with any bytes in that key.
func TestSlicesOfABinaryKeyLoseNothing(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{source: s, defaults: ", tuning: { chunkRows: 15, rangeRows: 50, rangeBytes: 64KiB, " +
			"partBytes: 64KiB, pageBytes: 64KiB, pageRows: 20 }"})
		exec(t, p.src, "CREATE TABLE t (id BINARY(16) PRIMARY KEY, name VARCHAR(1300), updated_at TIMESTAMP(6) NOT "+
			"NULL DEFAULT CURRENT_TIMESTAMP(6), KEY (updated_at))",
			"INSERT INTO t (id, name) VALUES "+strings.TrimSuffix(strings.Repeat("(UNHEX(LEFT(SHA2(RAND(), 256), "+
				"32)), REPEAT(SHA2(RAND(), 256), 15)),", 450), ","),
			"UPDATE t SET updated_at = '2024-01-01'", "ANALYZE TABLE t")
		r := p.sync("t")
		require.EqualValues(t, 450, r.RowsExtracted)
		p.equal("t", []string{"id"}, "name", "updated_at")

		exec(t, p.src, "UPDATE t SET updated_at = '2024-01-02'") // one moment: slices begin within it
		r, err := p.try(workflows.SyncTableInput{Table: p.table("t"), From: "2023-01-01"})
		require.NoError(t, err)
		require.EqualValues(t, 450, r.RowsExtracted)
		p.equal("t", []string{"id"}, "name", "updated_at")
	})
}

// A window of many rows is cut by its cursor, and its pieces are moved by children side by side.
func TestALargeWindowIsCutByItsCursor(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{source: s, tables: bare, defaults: ", tuning: { rangeRows: 500, chunkRows: 200 }"})
		// Rows that are old, so that no transaction of another test's holds the window's end below them.
		exec(t, p.src, createT, insertT(1, 4000), old, "ANALYZE TABLE t")
		exec(t, p.dst, createT, insertT(1, 100), old)
		p.setWatermark("t", scalar(t, p.src, stamp+"100"))
		r := p.sync("t")
		require.Equal(t, api.ModeIncremental, r.Mode)
		require.EqualValues(t, 3900, r.RowsExtracted)
		require.EqualValues(t, 3900, r.Inserted)
		require.Equal(t, r.Window.Hi, r.Watermark)
		require.Greater(t, p.steps("ExtractIncremental"), 4)
		p.equal("t", []string{"id"}, columnsT...)
		require.Empty(t, p.staged())
	})
}

// Keys of any kind are cut into ranges.
func TestAFirstLoadByStringAndCompositeKeys(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{
			source: s, tables: "- { name: FROM.u, target: TO.u, cursor: updated_at }\n- { name: FROM.c, target: " +
				"TO.c, cursor: updated_at }",
			defaults: ", tuning: { rangeRows: 500, chunkRows: 100 }",
		})
		exec(
			t, p.src, createT, insertT(1, 2000), old,
			"CREATE TABLE u (id VARCHAR(60) PRIMARY KEY, n INT, updated_at TIMESTAMP(6) NOT NULL, KEY (updated_at))",
			"INSERT INTO u SELECT CONCAT(IF(id % 2, 'ä', 'b'), SHA2(id, 224)), n, updated_at FROM t",
			"CREATE TABLE c (tenant INT, id VARCHAR(60), n INT, updated_at TIMESTAMP(6) NOT NULL, PRIMARY KEY "+
				"(tenant, id), KEY (updated_at))",
			"INSERT INTO c SELECT IF(id % 100, 7, id), SHA2(id, 224), n, updated_at FROM t",
			"ANALYZE TABLE u, c",
		)
		for name, key := range map[string][]string{"u": {"id"}, "c": {"tenant", "id"}} {
			before := p.steps("ExtractIncremental")
			r := p.sync(name)
			require.EqualValues(t, 2000, r.Inserted)
			require.Greater(t, p.steps("ExtractIncremental")-before, 2, "several ranges")
			p.equal(name, key, "n", "updated_at")
		}
	})
}
