package activities_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/internal/verify"
)

const cursorColumn = "updated_at TIMESTAMP(6) NOT NULL DEFAULT '2024-01-01'"

// verifyCase is a difference between two sides that were equal.
type verifyCase struct {
	create string
	// rows are statements that fill the source; source and target what is changed on each side afterwards.
	rows, source, target []string
	want                 map[verify.Verdict]int64
}

func (v verifyCase) run(t *testing.T, source, target *servers.Server) {
	c := newComparing(t, source, target, v.create, v.rows...).copied()
	rows := len(dbtest.Texts(t, source.DB(t, c.From), "SELECT 1 FROM t"))
	c.requireEqual(rows)
	c.AtSource(v.source...)
	c.AtTarget(v.target...)
	c.requireFound(v.want)
}

// differenceCases are differences of a target, and what a comparison says of them.
var differenceCases = map[string]verifyCase{
	"a bit, a row too few, a row too many, NULL and nothing": {
		create: "CREATE TABLE t (id INT PRIMARY KEY, b VARBINARY(20), " + cursorColumn + ", KEY (updated_at))",
		rows:   []string{"INSERT INTO t (id, b) VALUES (1, x'00ff'), (2, ''), (3, NULL), (4, 'x'), (5, 'x')"},
		target: []string{
			"UPDATE t SET b = x'00fe' WHERE id = 1", "UPDATE t SET b = NULL WHERE id = 2",
			"UPDATE t SET b = '' WHERE id = 3", "DELETE FROM t WHERE id = 4",
			"INSERT INTO t (id, b) VALUES (6, 'x')",
		},
		want: map[verify.Verdict]int64{verify.Silent: 3, verify.Missing: 1, verify.Deleted: 1},
	},
	"a FLOAT in its eighth digit": {
		create: "CREATE TABLE t (id INT PRIMARY KEY, f FLOAT, " + cursorColumn + ", KEY (updated_at))",
		rows:   []string{"INSERT INTO t (id, f) VALUES (1, 1.0000001), (2, 1.0000002)"},
		target: []string{"UPDATE t SET f = 1.0000003 WHERE id = 2"},
		want:   map[verify.Verdict]int64{verify.Silent: 1},
	},
	"BINARY(16) keys": {
		create: "CREATE TABLE t (id BINARY(16) PRIMARY KEY, v INT, " + cursorColumn + ", KEY (updated_at))",
		rows: []string{
			"INSERT INTO t (id, v) VALUES (x'00', 1), (x'0000000000000000000000000000000a', 2), " +
				"(x'ff5c27', 3), (REPEAT(x'ff', 16), 4)",
		},
		target: []string{
			"DELETE FROM t WHERE v = 1", "UPDATE t SET v = 5 WHERE v = 3",
			"INSERT INTO t (id, v) VALUES (x'0b00', 9)",
		},
		want: map[verify.Verdict]int64{verify.Silent: 1, verify.Missing: 1, verify.Deleted: 1},
	},
	"BINARY at the source, VARBINARY on the target": {
		create: "CREATE TABLE t (id VARBINARY(4) PRIMARY KEY, v INT, " + cursorColumn + ", KEY (updated_at))",
		rows: []string{
			"ALTER TABLE t MODIFY id BINARY(4)", "INSERT INTO t (id, v) VALUES ('a', 1), ('b', 2)",
		},
		target: []string{"UPDATE t SET id = 'b' WHERE v = 2"},
		want:   map[verify.Verdict]int64{verify.Missing: 1, verify.Deleted: 1},
	},
	"bytes that move from one column of the key to the next": {
		create: "CREATE TABLE t (a VARCHAR(9), b VARCHAR(9), v INT, " + cursorColumn +
			", PRIMARY KEY (a, b), KEY (updated_at))",
		rows:   []string{"INSERT INTO t (a, b, v) VALUES ('x0', 'y', 1), ('k', 'k', 1)"},
		target: []string{"UPDATE t SET a = 'x', b = '0y' WHERE a = 'x0'"},
		want:   map[verify.Verdict]int64{verify.Missing: 1, verify.Deleted: 1},
	},
	"a NULL that moves from one column to the next": {
		create: "CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(9), b VARCHAR(9), " + cursorColumn +
			", KEY (updated_at))",
		rows:   []string{"INSERT INTO t (id, a, b) VALUES (1, 'a', NULL)"},
		target: []string{"UPDATE t SET a = NULL, b = 'a'"},
		want:   map[verify.Verdict]int64{verify.Silent: 1},
	},
	"two rows that exchange their values": {
		create: "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(9), " + cursorColumn + ", KEY (updated_at))",
		rows:   []string{"INSERT INTO t (id, v) VALUES (1, 'one'), (2, 'two'), (3, 'three')"},
		target: []string{"UPDATE t SET v = IF(id = 1, 'two', 'one') WHERE id < 3"},
		want:   map[verify.Verdict]int64{verify.Silent: 2},
	},
	"64 KiB of text": {
		create: "CREATE TABLE t (id INT PRIMARY KEY, v TEXT, " + cursorColumn + ", KEY (updated_at))",
		rows: []string{
			"INSERT INTO t (id, v) VALUES (1, REPEAT('x', 65535)), (2, REPEAT('y', 65535))",
		},
		target: []string{"UPDATE t SET v = CONCAT(REPEAT('y', 65534), 'Y') WHERE id = 2"},
		want:   map[verify.Verdict]int64{verify.Silent: 1},
	},
	"a key of another spelling": {
		create: "CREATE TABLE t (id VARCHAR(9) PRIMARY KEY, v INT, " + cursorColumn +
			", KEY (updated_at)) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_general_ci",
		rows:   []string{"INSERT INTO t (id, v) VALUES ('aa', 1), ('b', 2), ('Aa c', 3)"},
		target: []string{"UPDATE t SET id = 'Aa ' WHERE v = 1"},
		want:   map[verify.Verdict]int64{verify.Respelled: 2},
	},
	"keys that differ by case and spaces": {
		create: "CREATE TABLE t (id VARCHAR(9) PRIMARY KEY, v INT, " + cursorColumn +
			", KEY (updated_at)) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin",
		rows:   []string{"INSERT INTO t (id, v) VALUES ('aa', 1), ('AA', 2), ('Aa ', 3), ('aB', 4)"},
		target: []string{"UPDATE t SET v = 9 WHERE id = 'AA'", "DELETE FROM t WHERE id = 'aa'"},
		want:   map[verify.Verdict]int64{verify.Silent: 1, verify.Missing: 1},
	},
	"an error value in a key": {
		create: "CREATE TABLE t (k ENUM('y','','x'), id INT, v INT, " + cursorColumn +
			", PRIMARY KEY (k, id), KEY (updated_at))",
		rows: []string{
			"INSERT INTO t (k, id, v) VALUES (0, 1, 1), ('', 1, 2), (0, 2, 3), ('', 2, 4), ('y', 1, 5), ('', 3, 6)",
		},
		source: []string{"DELETE FROM t WHERE v = 3"},
		target: []string{"DELETE FROM t WHERE v IN (1, 6)", "UPDATE t SET v = 9 WHERE v = 4"},
		want:   map[verify.Verdict]int64{verify.Missing: 2, verify.Deleted: 1, verify.Silent: 1},
	},
	"a row of each verdict of the cursor": {
		create: "CREATE TABLE t (id INT PRIMARY KEY, v INT, " + cursorColumn + ", KEY (updated_at))",
		rows:   []string{"INSERT INTO t (id, v) VALUES (1, 1), (2, 2), (3, 3)"},
		target: []string{
			"UPDATE t SET updated_at = '2023-12-31' WHERE id = 1",
			"UPDATE t SET updated_at = '2024-01-02' WHERE id = 2",
		},
		want: map[verify.Verdict]int64{verify.Stale: 1, verify.Newer: 1},
	},
}

// Each way in which a row can differ is found on one kind of server, and nothing else.
func TestEachDifferenceIsFound(t *testing.T) {
	for name, c := range differenceCases {
		t.Run(name, func(t *testing.T) {
			servers.Each(t, func(t *testing.T, s *servers.Server) { c.run(t, s, s) })
		})
	}
}

// A key of text is compared by its bytes wherever a range or a stretch of keys ends, in each order of keys.
func TestKeysAreBytesAtEachBound(t *testing.T) {
	for _, collation := range []string{"utf8mb4_general_ci", "utf8mb4_bin"} {
		servers.Each(t, func(t *testing.T, s *servers.Server) {
			for _, rows := range []int{1, 2, 3} {
				t.Run(fmt.Sprint(collation, " ", rows), func(t *testing.T) {
					c := newComparing(t, s, s, "CREATE TABLE t (id VARCHAR(9) PRIMARY KEY, v INT, "+cursorColumn+
						", KEY (updated_at)) DEFAULT CHARSET utf8mb4 COLLATE "+collation,
						"INSERT INTO t (id, v) VALUES ('A', 0), ('aa', 1), ('ab ', 2), ('AC', 3), ('z', 4)").copied()
					c.settings.PageRows = 1
					c.lower(activities.Sizes{Stretch: rows})
					c.requireEqual(5)
					// Each bound has another spelling on the target now, as its first, last or only row.
					c.AtTarget("UPDATE t SET id = CASE id WHEN 'aa' THEN 'AA ' WHEN 'ab ' THEN 'aB' ELSE id END")
					want := map[verify.Verdict]int64{verify.Respelled: 4}
					if collation == "utf8mb4_bin" {
						want = map[verify.Verdict]int64{verify.Missing: 2, verify.Deleted: 2}
					}
					c.requireFound(want)
				})
			}
		})
	}
}

// The last range of either side ends first.
func TestRowsBehindTheOtherSidesLastAreFound(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		c := newComparing(t, s, s, "CREATE TABLE t (id INT PRIMARY KEY, v INT, "+cursorColumn+", KEY (updated_at))")
		c.settings.PageRows, c.settings.RangeRows = 10, 50
		c.lower(activities.Sizes{Stretch: 10})
		source, target := dbtest.Lenient(t, s, c.From), dbtest.Lenient(t, s, c.To)
		dbtest.Fill(t, source, "t", 200, "n, n, '2024-01-01'")
		dbtest.Fill(t, target, "t", 200, "n, n, '2024-01-01'")
		c.AtSource("ANALYZE TABLE t")
		c.requireEqual(200)
		c.AtTarget("DELETE FROM t WHERE id >= 150 OR id < 20")
		c.requireFound(map[verify.Verdict]int64{verify.Missing: 70})
		c.AtSource("DELETE FROM t WHERE id >= 100 OR id < 30")
		c.requireFound(map[verify.Verdict]int64{verify.Deleted: 60})
		c.AtSource("DELETE FROM t")
		c.requireFound(map[verify.Verdict]int64{verify.Deleted: 130})
	})
}

// Rows above what the table has promised are counted, and no more, until a run has promised them.
func TestRowsAboveThePromiseArePending(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		c := newComparing(t, s, s, "CREATE TABLE t (id INT PRIMARY KEY, v INT, "+cursorColumn+", KEY (updated_at))")
		c.settings.RangeRows = 50
		dbtest.Fill(t, dbtest.Lenient(t, s, c.From), "t", 200, "n, n, '"+above+"'")
		dbtest.Fill(t, dbtest.Lenient(t, s, c.To), "t", 200, "n, n + 1, '"+above+"'")
		c.AtSource("ANALYZE TABLE t")
		got := c.verify(api.DepthDigest)
		require.Equal(t, verify.Tally{SourceRows: 200, TargetRows: 200, Pending: 200}, got.Tally, "all of all ranges")
		c.AtTarget("UPDATE t SET v = v - 1")
		c.AtSource("DELETE FROM t WHERE id IN (0, 7, 199)")
		got = c.verify(api.DepthDigest)
		require.Equal(t, verify.Tally{SourceRows: 197, TargetRows: 200, Equal: 197, Pending: 3}, got.Tally)
		c.state.state.Watermark = above
		c.requireFound(map[verify.Verdict]int64{verify.Deleted: 3})
	})
}

// A target whose key has its columns in another order, or another direction, is compared by looks.
func TestKeysInAnotherOrderOnTheTarget(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for _, key := range []string{"b, a", "a DESC, b"} {
			t.Run(key, func(t *testing.T) {
				c := newComparing(t, s, s, "CREATE TABLE t (a INT, b VARCHAR(9), v INT, "+cursorColumn+
					", PRIMARY KEY (a, b), KEY (updated_at)) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin")
				c.lower(activities.Sizes{Stretch: 7})
				c.AtTarget("ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (" + key + ")")
				dbtest.Fill(t, dbtest.Lenient(t, s, c.From), "t", 60, "n % 9, n, n, '2024-01-01'")
				c.copied().requireEqual(60)
				c.AtTarget("DELETE FROM t WHERE v = 13", "UPDATE t SET v = -1 WHERE v = 20",
					"INSERT INTO t (a, b, v) VALUES (4, '100', 1), (99, '1', 1)")
				c.requireFound(map[verify.Verdict]int64{verify.Missing: 1, verify.Silent: 1, verify.Deleted: 2})
			})
		}
	})
}

// However many rows the target has behind the source's last one, all are found, and few are in memory.
func TestManyExtraRowsAreStagedAsTheyAreFound(t *testing.T) {
	s := servers.MySQL(t)
	c := newComparing(t, s, s, "CREATE TABLE t (id INT PRIMARY KEY, v INT, "+cursorColumn+", KEY (updated_at))",
		"INSERT INTO t (id, v) VALUES (-1, 1)").copied()
	dbtest.Fill(t, dbtest.Lenient(t, s, c.To), "t", 60_000, "n, n, '2024-01-01'")
	c.requireFound(map[verify.Verdict]int64{verify.Deleted: 60_000})
}
