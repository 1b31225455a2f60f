package upsert_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// of is the window of a run: it began with the watermark after, its window ends at hi, and the
// source's clock said now.
func of(after, hi, now string) table.Unsettled {
	return table.Unsettled{After: after, Hi: hi, Through: now}
}

// A statement that waits for a lock takes its time stamp first, so the version that it commits later
// has the smaller cursor. The run before read the one with the larger cursor, above its window.
func TestALaterVersionWithASmallerCursorReplacesWhatATailBrought(t *testing.T) {
	for name, c := range map[string]struct {
		bulk bool
		more string
	}{
		"statements": {}, "files": {true, ""}, "versioned": {false, " WITH SYSTEM VERSIONING"},
	} {
		t.Run(name, func(t *testing.T) {
			servers.Each(t, func(t *testing.T, s *servers.Server) {
				more := c.more
				if s.Flavor != servers.FlavorMariaDB {
					more = ""
				}
				w := dbtest.NewWriting(t, s, "(id INT PRIMARY KEY, v INT, u DATETIME NOT NULL)"+more)
				w.Spec.Cursor, w.Spec.BulkLoad = "u", c.bulk
				const earlier, later = "2024-01-01 10:00:03", "2024-01-01 10:00:05"
				w.Spec.Unsettled = of("2024-01-01 09:00:00", "2024-01-01 10:00:00", "2024-01-01 10:00:06")
				w.Wrote(1, 0, 0, []any{1, 1, later})

				w.Spec.Unsettled = of("2024-01-01 10:00:00", "2024-01-01 10:00:10", "2024-01-01 10:00:12")
				w.Wrote(0, 1, 0, []any{1, 2, earlier})
				require.Equal(t, []string{"2"}, dbtest.Texts(t, w.Raw, "SELECT v FROM t"))
				w.Wrote(0, 0, 1, []any{1, 2, earlier})
			})
		})
	}
}

// All other rows that are newer by cursor stay.
func TestUnsettledRowsAreNoOthers(t *testing.T) {
	const old = "2024-01-01 10:00:03"
	window := of("2024-01-01 10:00:00", "2024-01-01 10:00:10", "2024-01-01 10:00:12")
	for name, c := range map[string]struct {
		target, row string
		window      table.Unsettled
	}{
		"at the watermark":                    {"2024-01-01 10:00:00", "2024-01-01 09:59:00", window},
		"written by this run":                 {"2024-01-01 10:00:13", old, window},
		"read above the window":               {"2024-01-01 10:00:12", "2024-01-01 10:00:11", window},
		"of a run that knows nothing of this": {"2024-01-01 10:00:05", old, table.Unsettled{}},
	} {
		t.Run(name, func(t *testing.T) {
			servers.Each(t, func(t *testing.T, s *servers.Server) {
				w := dbtest.NewWriting(t, s, "(id INT PRIMARY KEY, v INT, u TIMESTAMP NOT NULL)")
				w.Exec("INSERT INTO t VALUES (1, 1, '" + c.target + "')")
				w.Spec.Cursor, w.Spec.Unsettled = "u", c.window
				w.Wrote(0, 0, 1, []any{1, 2, c.row})
			})
		})
	}
}

// An integer cursor is compared by its value, not by its text.
func TestUnsettledRowsOfAnIntegerCursor(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(t, s, "(id INT PRIMARY KEY, v INT, version BIGINT UNSIGNED NOT NULL)")
		w.Exec("INSERT INTO t VALUES (1, 1, 101), (2, 1, 99), (3, 1, 1001)")
		w.Spec.Cursor, w.Spec.Unsettled = "version", of("99", "1000", "1000")
		w.Wrote(0, 1, 2, []any{1, 2, 100}, []any{2, 2, 98}, []any{3, 2, 1000})
		require.Equal(t, []string{"2", "1", "1"}, dbtest.Texts(t, w.Raw, "SELECT v FROM t ORDER BY id"))
	})
}

// A row above the window that has a conflict, or lacks its parent, is left to a later run, which reads
// both rows when they have settled. Within the window it is refused.
func TestARowAboveTheWindowIsNoReasonToRefuse(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for name, c := range map[string]struct{ definition, prepare string }{
			"unique value": {
				"(id INT PRIMARY KEY, v INT, u DATETIME(6) NOT NULL, UNIQUE (v))",
				"INSERT INTO t VALUES (9, 50, '2024-01-01')",
			},
			"parent": {
				"(id INT PRIMARY KEY, v INT, u DATETIME(6) NOT NULL, FOREIGN KEY (v) REFERENCES p (id))",
				"INSERT INTO p VALUES (1), (2)",
			},
		} {
			t.Run(name, func(t *testing.T) {
				w := &dbtest.Writing{T: t, Server: s, Schema: s.Schema(t)}
				w.Raw, w.Db = s.DB(t, w.Schema), dbtest.OpenTarget(t, s)
				w.Exec("CREATE TABLE p (id INT PRIMARY KEY)")
				w.Exec("CREATE TABLE t " + c.definition)
				w.Introspect("t")
				w.Exec(c.prepare)
				w.Spec.Cursor = "u"
				w.Spec.Unsettled = of(
					"2024-01-01 00:00:00.000000", "2024-01-02 00:00:00.000000", "2024-01-02 00:01:00.000000",
				)
				res, err := w.Upsert(
					[]any{1, 1, "2024-01-01 10:00:00.000000"}, []any{2, 50, "2024-01-02 00:00:30.000000"},
					[]any{3, 2, "2024-01-01 11:00:00.000000"},
				)
				require.NoError(t, err)
				require.EqualValues(t, 2, res.Inserted)
				require.Equal(
					t, []string{"1", "3"}, dbtest.Texts(t, w.Raw, "SELECT id FROM t WHERE id < 9 ORDER BY id"),
				)
				res, err = w.Upsert([]any{2, 50, "2024-01-02 00:00:30.000000"})
				require.NoError(t, err)
				require.Zero(t, res.Inserted+res.Updated)
				_, err = w.Upsert([]any{2, 50, "2024-01-01 12:00:00.000000"})
				require.Error(t, err)
			})
		}
	})
}

// No conflicting row is deleted for a row above the window. A row that a tail wrote is not newer than
// a row of the window.
func TestUnsettledRowsAndUniqueValues(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(t, s, "(id INT PRIMARY KEY, v INT, u DATETIME NOT NULL, UNIQUE (v))")
		w.Exec("INSERT INTO t VALUES (9, 50, '2024-01-01 09:00:00'), (8, 60, '2024-01-01 10:00:11')")
		w.Spec.Cursor, w.Spec.Conflicts = "u", upsert.DeleteConflicts
		w.Spec.Unsettled = of("2024-01-01 10:00:00", "2024-01-01 10:00:10", "2024-01-01 10:00:12")
		res, err := w.Upsert([]any{1, 50, "2024-01-01 10:00:11"})
		require.NoError(t, err)
		require.EqualValues(t, 1, res.SkippedConflicts)
		require.Zero(t, res.DeletedConflicts)
		res, err = w.Upsert([]any{2, 60, "2024-01-01 10:00:09"})
		require.NoError(t, err)
		require.EqualValues(t, 1, res.DeletedConflicts)
		require.EqualValues(t, 1, res.Inserted)
	})
}

// Above the window, rows with equal cursors may differ: a repeated chunk of the tail may write the
// earlier version again. The next run reads the row again, and corrects it.
func TestARetriedChunkOfATailIsMendedByTheNextRun(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(t, s, "(id INT PRIMARY KEY, v INT, u DATETIME NOT NULL)")
		w.Spec.Cursor = "u"
		const second = "2024-01-01 10:00:05"
		w.Spec.Unsettled = of("2024-01-01 09:00:00", "2024-01-01 10:00:00", "2024-01-01 10:00:06")
		earlier, later := []any{1, 1, second}, []any{1, 2, second}
		w.Wrote(1, 0, 0, earlier)
		w.Wrote(0, 1, 0, later)
		w.Wrote(0, 1, 0, earlier) // a chunk that was presumed lost, and comes late
		w.Spec.Unsettled = of("2024-01-01 10:00:00", "2024-01-01 10:00:10", "2024-01-01 10:00:12")
		w.Wrote(0, 1, 0, later)
		w.Wrote(0, 0, 1, later)
		require.Equal(t, []string{"2"}, dbtest.Texts(t, w.Raw, "SELECT v FROM t"))
	})
}
