package integration_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/integration/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// Rows of about 1,200 bytes that do not compress make many slices of the smallest size.
const wide = "UPDATE t SET name = CONCAT(SHA2(id, 512), SHA2(id + 1, 512), SHA2(id + 2, 512), SHA2(id + 3, 512), SHA2(id + 4, 512), SHA2(id + 5, 512), " +
	"SHA2(id + 6, 512), SHA2(id + 7, 512), SHA2(id + 8, 512)), updated_at = '2024-01-01 00:00:00' + INTERVAL (id DIV 40) SECOND"

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
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		t.Parallel()
		p := start(t, options{source: s, defaults: ", chunkRows: 50, rangeBytes: 64KiB, partBytes: 64KiB, pageBytes: 64KiB, pageRows: 20"})
		exec(t, p.src, wideT, insertT(1, 3000), wide, "ANALYZE TABLE t")
		r := p.sync("t")
		require.Equal(t, activities.ModeFirstLoad, r.Mode)
		require.EqualValues(t, 3000, r.RowsExtracted)
		require.EqualValues(t, 3000, r.Inserted)
		require.Greater(t, p.steps("ExtractIncremental"), 5, "a slice is 64 KiB and a page at most")
		p.equal("t", []string{"id"}, columnsT...)
		require.Empty(t, p.staged())

		exec(t, p.dst, "DELETE FROM t")
		exec(t, p.dst, "INSERT INTO t (id, name) VALUES (9999, 'so that it is not empty')")
		r, err := p.try(workflows.SyncTableInput{Table: p.table("t"), From: "2023-01-01"})
		require.NoError(t, err)
		require.EqualValues(t, 3000, r.RowsExtracted)
		require.EqualValues(t, 3000, r.Inserted)
		require.Greater(t, p.steps("ExtractIncremental"), 10)
		exec(t, p.dst, "DELETE FROM t WHERE id = 9999")
		p.equal("t", []string{"id"}, columnsT...)
		require.Empty(t, p.staged())
	})
}
