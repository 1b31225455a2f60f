package activities_test

import (
	"testing"

	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// Text in ascii is compared between servers of which one has it read as bytes and one as text, in keys as well.
func TestTextInASCIIIsComparedBetweenAllServers(t *testing.T) {
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		c := newComparing(t, p.Source, p.Target, "CREATE TABLE t (id CHAR(36) CHARACTER SET ascii PRIMARY KEY, v "+
			"VARCHAR(20) CHARACTER SET ascii, "+cursorColumn+", KEY (updated_at))",
			"INSERT INTO t (id, v) VALUES ('a', 'x'), ('b', 'y '), ('c', NULL)")
		c.copied().requireEqual(3)
		c.AtTarget("UPDATE t SET v = 'z' WHERE id = 'a'", "DELETE FROM t WHERE id = 'b'",
			"INSERT INTO t (id, v) VALUES ('d', '')")
		c.requireFound(map[verify.Verdict]int64{verify.Silent: 1, verify.Missing: 1, verify.Deleted: 1})
	})
}
