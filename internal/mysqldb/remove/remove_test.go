package remove_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/remove"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/txn"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// read is what a caller has read of the target before: all its rows, by key.
func read(w *dbtest.Writing) map[string]remove.Row {
	w.T.Helper()
	columns := remove.Columns(w.Spec.Target)
	out := map[string]remove.Row{}
	_, err := scan.ReadPages(w.T.Context(), w.Db, scan.ReadSpec{Table: w.Spec.Target, Columns: columns, ByKey: true},
		func(rows *table.Rows) error {
			for r := range rows.Len() {
				var row remove.Row
				for _, name := range w.Spec.Target.PrimaryKey {
					row.Key = append(row.Key, string(rows.Value(r, table.Index(columns, name))))
				}
				row.Sum = rows.Sum(r, nil)
				out[row.Key[0]] = row
			}
			return nil
		})
	require.NoError(w.T, err)
	return out
}

func removed(w *dbtest.Writing, rows ...remove.Row) remove.Result {
	w.T.Helper()
	res, err := remove.Rows(w.T.Context(), w.Db, remove.Spec{Target: w.Spec.Target}, rows)
	require.NoError(w.T, err)
	return res
}

// A row goes if its key and all its values have the bytes that were read, and else it stays; what the server takes for
// the same key is another one.
func TestOnlyRowsThatAreTheSameByteForByteAreRemoved(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(t, s, "(k VARCHAR(20) COLLATE utf8mb4_general_ci PRIMARY KEY, v VARCHAR(20) COLLATE "+
			"utf8mb4_general_ci, f FLOAT, double_v INT AS (1 + 1) VIRTUAL)")
		w.Exec("INSERT INTO t (k, v, f) VALUES ('aa', 'x', 1.1), ('b', 'x', 2), ('c', NULL, 3), ('d', 'x', 4), " +
			"('e', 'x', 5), ('f', 'x', 6)")
		was := read(w)
		w.Exec("UPDATE t SET k = 'AA' WHERE k = 'aa'")
		w.Exec("UPDATE t SET v = 'X' WHERE k = 'b'")
		w.Exec("UPDATE t SET v = '' WHERE k = 'c'")
		w.Exec("UPDATE t SET f = 4.0000005 WHERE k = 'd'")
		w.Exec("DELETE FROM t WHERE k = 'e'")
		res := removed(w, was["aa"], was["b"], was["c"], was["d"], was["e"], was["f"])
		require.Equal(t, []remove.Outcome{
			remove.Absent, remove.Changed, remove.Changed, remove.Changed, remove.Absent, remove.Removed,
		}, res.Outcomes)
		require.Equal(t, 1, res.Tries)
		require.False(t, res.Approximate)
		require.EqualValues(t, 3, res.Count(remove.Changed))
		w.Holds("SELECT k FROM t ORDER BY k", "AA", "b", "c", "d")
		require.Empty(t, removed(w).Outcomes)
	})
}

// Keys of every kind are found by the primary key's index: a row beside them that another session holds is not met.
func TestRowsAreLockedByKeyAlone(t *testing.T) {
	for _, key := range []struct{ columns, pk, values, other string }{
		{"k BIGINT UNSIGNED", "k", "7", "8"},
		{"k VARCHAR(20) CHARACTER SET latin1", "k", "'ä'", "'b'"},
		{"k VARCHAR(20) CHARACTER SET cp1251 COLLATE cp1251_general_ci", "k", "x'98'", "'b'"},
		{"k BINARY(16)", "k", "'0123456789abcde'", "'b'"},
		{"k DECIMAL(10,2)", "k", "-1.10", "2"},
		{"k DATETIME(3)", "k", "'2024-01-01 00:00:00.123'", "'2000-01-01'"},
		{"k TIMESTAMP(6) DEFAULT '2024-01-01'", "k", "'2024-01-01 00:00:00.123456'", "'2000-01-01'"},
		{"k ENUM('x','y') COLLATE utf8mb4_general_ci", "k", "'y'", "'x'"},
		{"k SET('x','y')", "k", "'x,y'", "'x'"},
		{"k BIT(9)", "k", "257", "2"},
		{"k DOUBLE", "k", "0.1", "2"},
		{"k VARCHAR(20) COLLATE utf8mb4_general_ci, l INT", "k, l", "'a', 2", "'a', 3"},
	} {
		t.Run(key.columns, func(t *testing.T) {
			servers.Each(t, func(t *testing.T, s *servers.Server) {
				w := dbtest.NewWriting(t, s, "("+key.columns+", v INT, PRIMARY KEY ("+key.pk+"))")
				w.Exec("INSERT INTO t (" + key.pk + ", v) VALUES (" + key.values + ", 1)")
				was := read(w)
				w.Exec("INSERT INTO t (" + key.pk + ", v) VALUES (" + key.other + ", 2)")
				where := key.pk + " = " + key.other
				if key.pk == "k, l" {
					where = "k = 'a' AND l = 3"
				}
				held := dbtest.Session(t, w.Raw)
				dbtest.Run(t, held, "BEGIN", "DELETE FROM t WHERE "+where)
				for _, row := range was {
					require.Equal(t, []remove.Outcome{remove.Removed}, removed(w, row).Outcomes)
				}
				dbtest.Run(t, held, "ROLLBACK")
				w.Holds("SELECT v FROM t", "2")
			})
		})
	}
}

// Of an ENUM with an empty member, the error value and that member are the same text: each row is removed by its own
// number, and by its key alone.
func TestARowWithAnErrorValueIsRemoved(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(t, s, "(n INT, k ENUM('y','','x'), v INT, PRIMARY KEY (n, k))")
		w.Exec("INSERT IGNORE INTO t (n, k, v) VALUES (1, 0, 1), (2, '', 2), (3, 'y', 3), (4, 0, 4), (5, '', 5)")
		var was []remove.Row
		for _, row := range read(w) {
			was = append(was, row)
		}
		w.Exec("INSERT IGNORE INTO t (n, k, v) VALUES (1, '', 6), (2, 0, 7), (7, '', 8), (7, 0, 9)")
		held := dbtest.Session(t, w.Raw)
		dbtest.Run(t, held, "BEGIN", "UPDATE t FORCE INDEX (PRIMARY) SET v = 0 WHERE n = 7")
		require.Len(t, was, 5)
		for _, row := range was {
			require.Equal(t, []remove.Outcome{remove.Removed}, removed(w, row).Outcomes)
		}
		dbtest.Run(t, held, "ROLLBACK")
		w.Holds("SELECT n, k + 0, v FROM t ORDER BY v", "1|2|6", "2|0|7", "7|2|8", "7|0|9")
	})
}

// The caller's check runs in the transaction that removes: its refusal leaves every row.
func TestARefusalAtTheBeginningRemovesNothing(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(t, s, "(id INT PRIMARY KEY, v INT)")
		w.Exec("INSERT INTO t VALUES (1, 1)")
		fenced := errors.New("fenced off")
		_, err := remove.Rows(t.Context(), w.Db, remove.Spec{
			Target: w.Spec.Target, OnBegin: func(context.Context, mysqldb.Querier) error { return fenced },
		}, []remove.Row{read(w)["1"]})
		require.ErrorIs(t, err, fenced)
		w.Holds("SELECT id FROM t", "1")
	})
}

// A row that is marked keeps all other values, those of ON UPDATE too.
func TestARowThatIsMarkedStaysAsItWas(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(t, s, "(id INT PRIMARY KEY, v INT, updated_at TIMESTAMP NOT NULL DEFAULT "+
			"'2024-01-01' ON UPDATE CURRENT_TIMESTAMP, deleted_at DATETIME(6) NULL)")
		w.Exec("INSERT INTO t (id, v) VALUES (1, 1), (2, 2)")
		was := read(w)
		res, err := remove.Rows(t.Context(), w.Db, remove.Spec{
			Target: w.Spec.Target, Mark: &remove.Mark{Column: "deleted_at", At: "2024-06-01 00:00:00.123456"},
		}, []remove.Row{was["1"]})
		require.NoError(t, err)
		require.Equal(t, []remove.Outcome{remove.Removed}, res.Outcomes)
		w.Holds("SELECT id, v, updated_at, deleted_at FROM t ORDER BY id",
			"1|1|2024-01-01 00:00:00|2024-06-01 00:00:00.123456", "2|2|2024-01-01 00:00:00|NULL")
		_, err = remove.Rows(t.Context(), w.Db, remove.Spec{
			Target: w.Spec.Target, Mark: &remove.Mark{Column: "gone", At: "2024-06-01 00:00:00"},
		}, []remove.Row{was["2"]})
		require.ErrorContains(t, err, "gone")
	})
}

// A row that another table's row refers to stays, and does not keep others from going.
func TestARowThatIsReferredToStays(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(t, s, "(id INT PRIMARY KEY)")
		w.Exec("INSERT INTO t VALUES (1), (2), (3)")
		w.Exec("CREATE TABLE child (id INT PRIMARY KEY, t INT, FOREIGN KEY (t) REFERENCES t (id))")
		w.Exec("INSERT INTO child VALUES (1, 2)")
		was := read(w)
		res := removed(w, was["1"], was["2"], was["3"])
		require.Equal(t, []remove.Outcome{remove.Removed, remove.Referenced, remove.Removed}, res.Outcomes)
		w.Holds("SELECT id FROM t", "2")
	})
}

// A lock that others hold is waited for. An altered target is noticed.
func TestALockAndAnAlterAreNoticed(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(t, s, "(id INT PRIMARY KEY, v INT)")
		w.Exec("INSERT INTO t VALUES (1, 1), (2, 2)")
		was := read(w)
		held := dbtest.Session(t, w.Raw)
		dbtest.Run(t, held, "BEGIN", "UPDATE t SET v = 5 WHERE id = 1")
		done := make(chan remove.Result, 1)
		go func() {
			res, _ := remove.Rows(t.Context(), w.Db, remove.Spec{Target: w.Spec.Target}, []remove.Row{was["1"]})
			done <- res
		}()
		require.Eventually(t, func() bool { return txn.FindBlocker(t.Context(), w.Db, w.Spec.Target.Name) != nil },
			time.Minute, 200*time.Millisecond) // MariaDB shows what it has seen a tenth of a second ago
		dbtest.Run(t, held, "COMMIT")
		require.Equal(t, []remove.Outcome{remove.Changed}, (<-done).Outcomes)

		altered := *w.Spec.Target
		altered.CreateSQL = "CREATE TABLE t (id INT PRIMARY KEY)"
		_, err := remove.Rows(t.Context(), w.Db, remove.Spec{Target: &altered}, []remove.Row{was["2"]})
		require.ErrorIs(t, err, schema.ErrStructureChanged)
		w.Holds("SELECT id FROM t ORDER BY id", "1", "2")
	})
}

// Of a target that several sources share, a row goes only where the filter passes it; one of the same key that another
// source has is neither met nor changed.
func TestARowOfAnotherSourceIsNotMet(t *testing.T) {
	for _, key := range []string{"shard, a, b", "a, b, shard"} {
		t.Run(key, func(t *testing.T) {
			servers.Each(t, func(t *testing.T, s *servers.Server) {
				w := dbtest.NewWriting(t, s, "(a INT, b INT, v INT, shard VARCHAR(64) COLLATE utf8mb4_bin, deleted_at "+
					"DATETIME NULL, PRIMARY KEY ("+key+"))")
				w.Exec("INSERT INTO t VALUES (1, 1, 1, 'eu', NULL), (2, 2, 2, 'eu', NULL)")
				target, ok := w.Spec.Target.Narrowed([]string{"shard", "a", "b"}, []string{"a", "b"})
				require.True(t, ok)
				target.Filter, target.Fixed = "`shard` = 'eu'", []string{"shard"}
				w.Spec.Target = target
				was := []remove.Row{}
				for _, row := range read(w) {
					was = append(was, row)
				}
				w.Exec("INSERT INTO t VALUES (1, 1, 1, 'us', NULL), (2, 2, 2, 'us', NULL)")
				held := dbtest.Session(t, w.Raw)
				dbtest.Run(t, held, "BEGIN", "UPDATE t SET v = 9 WHERE shard = 'us' AND a = 1 AND b = 1")
				res, err := remove.Rows(t.Context(), w.Db, remove.Spec{
					Target: target, Mark: &remove.Mark{Column: "deleted_at", At: "2024-06-01 00:00:00"},
				}, was)
				require.NoError(t, err)
				require.EqualValues(t, 2, res.Count(remove.Removed))
				dbtest.Run(t, held, "ROLLBACK")
				w.Holds("SELECT shard, a, b FROM t WHERE deleted_at IS NOT NULL ORDER BY a", "eu|1|1", "eu|2|2")
			})
		})
	}
}
