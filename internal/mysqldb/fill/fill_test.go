package fill_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/fill"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/txn"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

func TestMain(m *testing.M) { servers.Main(m) }

// filling is a spec of a table t whose columns are id, at and those to fill.
func filling(w *dbtest.Writing, names ...string) fill.Spec {
	return fill.Spec{Target: w.Spec.Target, Columns: w.Spec.Columns, Cursor: "at", Fill: names}
}

// A row is filled where it is the version that was read, and stays as it is everywhere else.
func TestOnlyTheVersionThatWasReadIsFilled(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(t, s, "(id INT PRIMARY KEY, at DATETIME(3), v INT, touched TIMESTAMP NOT NULL DEFAULT "+
			"'2024-01-01' ON UPDATE CURRENT_TIMESTAMP)")
		w.Exec("INSERT INTO t (id, at, v) VALUES (1, '2024-01-01', NULL), (2, '2024-01-02', 7), " +
			"(3, '2024-01-01', 5), (4, NULL, NULL), (5, NULL, NULL)")
		w.Spec.Columns = w.Spec.Columns[:3]
		rows := w.Rows(dbtest.Row(1, "2024-01-01 00:00:00", 10), dbtest.Row(2, "2024-01-01 00:00:00.000", 20),
			dbtest.Row(3, "2024-01-01 00:00:00.000", 5), dbtest.Row(4, nil, 40),
			dbtest.Row(5, "2024-01-01 00:00:00.000", 50), dbtest.Row(6, "2024-01-01 00:00:00.000", 60))
		res, err := fill.Rows(t.Context(), w.Db, filling(w, "v"), rows, nil)
		require.NoError(t, err)
		require.Equal(t, 1, res.Tries)
		res.Committed = txn.Committed{}
		require.Equal(t, fill.Result{Filled: 2, Equal: 1, Newer: 2, Missing: 1}, res)
		w.Holds("SELECT id, v, touched FROM t ORDER BY id", "1|10|2024-01-01 00:00:00", "2|7|2024-01-01 00:00:00",
			"3|5|2024-01-01 00:00:00", "4|40|2024-01-01 00:00:00", "5|NULL|2024-01-01 00:00:00")
		again, err := fill.Rows(t.Context(), w.Db, filling(w, "v"), rows, nil)
		require.NoError(t, err)
		require.Equal(t, int64(3), again.Equal)
		require.Zero(t, again.Filled)
	})
}

// Where the target's columns have more digits than the source's, a key is the same key, and a value the same value.
func TestRowsAreFoundUnderAKeyWithMoreDigits(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(t, s, "(id DECIMAL(12,2), at DATETIME(6), d DECIMAL(12,4), v DECIMAL(12,4), "+
			"PRIMARY KEY (id, at, d))")
		w.Exec("INSERT INTO t VALUES (1, '2024-01-01', 1.1, NULL), (1, '2024-01-02', 1.1, NULL), " +
			"(10, '2024-01-01', 100, 7.5)")
		id, at, d, v := &w.Spec.Columns[0], &w.Spec.Columns[1], &w.Spec.Columns[2], &w.Spec.Columns[3]
		id.Kind, id.Type, id.Bits, id.Precision, id.Scale = table.KindInt, "int", 32, 0, 0
		at.Type, at.Precision = "datetime", 0
		d.Type, d.Precision, d.Scale = "decimal(10,2)", 10, 2
		v.Type, v.Precision, v.Scale = "decimal(10,2)", 10, 2
		rows := w.Rows(dbtest.Row(1, "2024-01-01 00:00:00", "1.10", "5.00"),
			dbtest.Row(1, "2024-01-02 00:00:00", "1.10", "6.25"),
			dbtest.Row(10, "2024-01-01 00:00:00", "100.00", "7.50"),
			dbtest.Row(10, "2024-01-03 00:00:00", "100.00", "8.00"))
		res, err := fill.Rows(t.Context(), w.Db, filling(w, "v"), rows, nil)
		require.NoError(t, err)
		res.Committed = txn.Committed{}
		require.Equal(t, fill.Result{Filled: 2, Equal: 1, Missing: 1}, res)
		w.Holds("SELECT id, v FROM t ORDER BY id, at", "1.00|5.0000", "1.00|6.2500", "10.00|7.5000")
	})
}

// filled are columns with values that a statement may not turn into others.
var filled = []struct{ column, values string }{
	{"BIGINT UNSIGNED", "18446744073709551615 0 1 NULL"},
	{"BIGINT", "-9223372036854775808 9223372036854775807 0"},
	{"DECIMAL(65,30)", "-12345678901234567890123456789012345.000000000000000000000000000001 1 0.1"},
	{"FLOAT", "0.1 -0e0 3.4e38"},
	{"DOUBLE", "0.1 -0e0 1.7976931348623157e308 5e-324"},
	{"BIT(64)", "18446744073709551615 0 5"},
	{"YEAR", "2024 0 1901"},
	{"DATE", "'2024-02-29' '9999-12-31' NULL"},
	{"TIME(6)", "'-838:59:59' '00:00:00.000001'"},
	{"VARCHAR(20) CHARACTER SET utf8mb4", "'a''\\\\' '😀' '' ' x '"},
	{"VARCHAR(20) CHARACTER SET latin1", "'ü' '' 'x'"},
	{"VARCHAR(20) CHARACTER SET cp1251", "'я' 'x'"},
	{"LONGTEXT", "REPEAT('x',70000) ''"},
	{"VARBINARY(20)", "x'00ff27' x''"},
	{"ENUM('','1','b')", "'' '1' 'b' NULL"},
	{"SET('a','1','')", "'a,1' '' '1'"},
	{"JSON", `'{"a":1}' '"x"' '[]'`},
	{"POINT", "ST_GeomFromText('POINT(1&2)') NULL"},
}

// Values are filled as a run writes them, bit for bit, alone and in a chunk of many.
func TestValuesAreFilledExactly(t *testing.T) {
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		for i, c := range filled {
			name := fmt.Sprintf("f%d", i)
			p.AtSource("CREATE TABLE " + name + " (id VARCHAR(9) PRIMARY KEY, at INT NOT NULL, v " + c.column + ")")
			n := 0
			for copies := range 3 { // with rows of the same value, and alone
				for _, v := range split(c.values) {
					if n++; copies == 2 && n%2 == 0 {
						continue
					}
					p.AtSource(fmt.Sprintf("INSERT INTO %s VALUES ('k%d', %d, %s)", name, n, n, v))
				}
			}
			p.Apply(name)
			p.Write(name, "")
			target := dbtest.Introspect(t, p.Dst, p.To, name)
			want, _ := dbtest.ReadAll(t, p.Dst, scan.ReadSpec{Table: target})
			p.AtTarget("UPDATE " + name + " SET v = NULL")
			columns := p.Plan(name).Columns
			_, err := scan.ReadPages(t.Context(), p.Src, scan.ReadSpec{
				Table: dbtest.Introspect(t, p.Src, p.From, name), Columns: columns,
			}, func(rows *table.Rows) error {
				res, err := fill.Rows(t.Context(), p.Dst, fill.Spec{
					Target: target, Columns: columns, Cursor: "at", Fill: []string{"v"},
				}, rows, nil)
				require.EqualValues(t, rows.Len(), res.Filled+res.Equal, "%s: %+v", c.column, res)
				return err
			})
			require.NoError(t, err, c.column)
			have, _ := dbtest.ReadAll(t, p.Dst, scan.ReadSpec{Table: target})
			require.Equal(t, want, have, c.column)
		}
	})
}

// split cuts at spaces outside quotes; a & stands for a space.
func split(values string) (out []string) {
	quoted, word := false, ""
	for _, r := range values + " " {
		switch {
		case r == ' ' && !quoted:
			out, word = append(out, word), ""
			continue
		case r == '\'':
			quoted = !quoted
		case r == '&':
			r = ' '
		}
		word += string(r)
	}
	return out
}

// The caller's check runs in the transaction that writes, and an altered target is noticed.
func TestARefusalAtTheBeginningFillsNothing(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(t, s, "(id INT PRIMARY KEY, at INT, v INT)")
		w.Exec("INSERT INTO t VALUES (1, 1, NULL)")
		spec, fenced := filling(w, "v"), errors.New("fenced off")
		spec.OnBegin = func(context.Context, mysqldb.Querier) error { return fenced }
		_, err := fill.Rows(t.Context(), w.Db, spec, w.Rows(dbtest.Row(1, 1, 1)), nil)
		require.ErrorIs(t, err, fenced)
		altered := *w.Spec.Target
		altered.CreateSQL = "CREATE TABLE t (id INT PRIMARY KEY)"
		spec.Target, spec.OnBegin = &altered, nil
		_, err = fill.Rows(t.Context(), w.Db, spec, w.Rows(dbtest.Row(1, 1, 1)), nil)
		require.ErrorIs(t, err, schema.ErrStructureChanged)
		w.Holds("SELECT v FROM t", "NULL")
	})
}

// A chunk that takes long is filled in several transactions: what is done is free for others before the rest is locked.
func TestASlowChunkIsFilledInSeveralTransactions(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		// By a CASE, and one by one.
		for column, statements := range map[string]int{"INT": 1, "ENUM('a','b','c','d')": 4} {
			w := dbtest.NewWriting(t, s, "(id INT PRIMARY KEY, at INT, v "+column+")")
			w.Exec("INSERT INTO t (id, at, v) VALUES (1, 1, NULL), (2, 1, NULL), (3, 1, NULL), (4, 1, NULL), " +
				"(5, 1, 1), (6, 2, NULL)")
			values := []any{1, 2, 3, 4}
			if statements > 1 {
				values = []any{"a", "b", "c", "d"}
			}
			var chunk [][]any
			for i, v := range values {
				chunk = append(chunk, dbtest.Row(i+1, 1, v))
			}
			chunk = append(chunk, dbtest.Row(5, 1, values[0]), dbtest.Row(6, 1, values[0]), dbtest.Row(7, 1, values[0]))
			spec, begun := filling(w, "v"), 0
			spec.MaxTransaction = 1 // each statement is too long
			spec.OnBegin = func(context.Context, mysqldb.Querier) error {
				w.Holds("SELECT COUNT(*) FROM t WHERE v IS NOT NULL FOR UPDATE", fmt.Sprint(begun+1))
				begun++
				return nil
			}
			res, err := fill.Rows(t.Context(), w.Db, spec, w.Rows(chunk...), nil)
			require.NoError(t, err)
			require.Equal(t, statements, begun, column)
			res.Committed = txn.Committed{}
			require.Equal(t, fill.Result{Filled: 4, Equal: 1, Newer: 1, Missing: 1}, res, column)
			w.Holds("SELECT v FROM t ORDER BY id", fmt.Sprint(values[0]), fmt.Sprint(values[1]), fmt.Sprint(values[2]),
				fmt.Sprint(values[3]), fmt.Sprint(values[0]), "NULL")
		}
	})
}
