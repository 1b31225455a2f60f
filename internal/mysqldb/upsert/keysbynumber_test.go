package upsert_test

import (
	"database/sql"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// everyNth are every nth of the target's rows, with another cursor, or as they are where that is "". Behind a row's
// values is the moment of its delete.
func everyNth(w *dbtest.Writing, nth int, cursor, moment string) *table.Rows {
	w.T.Helper()
	columns := w.Spec.Columns
	out, at := table.NewRows(len(columns)+1), 0
	_, err := scan.ReadPages(w.T.Context(), w.Db, scan.ReadSpec{
		Table: w.Spec.Target, Columns: columns, ByKey: true, Limits: scan.PageLimits{Rows: 1000},
	}, func(rows *table.Rows) error {
		for r := range rows.Len() {
			if at++; at%nth != 0 {
				continue
			}
			for i, c := range columns {
				if c.Name == "c" && cursor != "" {
					out.Append([]byte(cursor))
				} else {
					out.Append(rows.Value(r, i))
				}
			}
			if moment == "" {
				out.AppendNull()
			} else {
				out.Append([]byte(moment))
			}
		}
		return nil
	})
	require.NoError(w.T, err)
	return out
}

// byNumber are keys that are compared by number, alone or in part.
var byNumber = []struct{ key, columns, exprs string }{
	{"a, b", "a ENUM('y','x'), b INT", "n % 2 + 1, n"},
	{"a, b", "a ENUM('y','','x'), b INT", "n % 4, n"},
	{"a, b", "a INT, b ENUM('y','','x')", "n DIV 4, n % 4"},
	{"a, b", "a SET('y','x'), b INT", "n % 4, n"},
	{"a, b", "a SET('y','','x'), b INT", "n % 8, n"},
	{"a, b", "a INT, b SET('y','','x')", "n DIV 8, n % 8"},
	{"a, b, d", "a ENUM('y',''), b SET('z',''), d INT", "n % 3, n % 4, n"},
}

// withOneMore are columns as of a source whose ENUMs and SETs have one member more.
func withOneMore(columns []table.Column) []table.Column {
	out := slices.Clone(columns)
	for i, c := range out {
		if len(c.Members) > 0 {
			out[i].Members = append(slices.Clone(c.Members), "w")
		}
	}
	return out
}

// A chunk whose key has an ENUM or a SET reads its own rows by the target's key, and waits for no other row's lock. It
// looks at counters of the server, so that nothing may run beside it. The table is ten times as large as all that a
// step reads, since the server's own work counts too.
func TestKeysByNumberAreARangeOfTheTargetsKey(t *testing.T) {
	const all, nth = 32_000, 108
	const rows = all / nth
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for _, c := range byNumber {
			w := dbtest.NewWriting(t, s, "("+c.columns+", v VARCHAR(100), c INT NOT NULL, PRIMARY KEY ("+c.key+"))")
			w.Spec.Cursor = "c"
			dbtest.Fill(t, dbtest.Lenient(t, s, w.Schema), "t", all, c.exprs+", CONCAT(REPEAT('x', 90), n), 5")
			w.Exec("ANALYZE TABLE t")
			other, err := w.Raw.BeginTx(t.Context(), &sql.TxOptions{Isolation: sql.LevelReadCommitted})
			require.NoError(t, err)
			_, err = other.ExecContext(t.Context(), "UPDATE t SET v = 'held' WHERE v LIKE '%x31999'")
			require.NoError(t, err)
			for _, step := range []struct {
				name, cursor, moment string
				columns              []table.Column
				want                 upsert.Result
			}{
				{"unchanged", "", "", w.Spec.Columns, upsert.Result{Unchanged: rows}},
				{"newer", "6", "", w.Spec.Columns, upsert.Result{Updated: rows}},
				{"older", "4", "", withOneMore(w.Spec.Columns), upsert.Result{Unchanged: rows, NewerOnTarget: rows}},
				{"deleted", "7", gone, w.Spec.Columns, upsert.Result{Removed: rows}},
			} {
				of := c.columns + ", " + step.name
				chunk, spec := everyNth(w, nth, step.cursor, step.moment), w.Spec
				require.Equal(t, rows, chunk.Len(), of)
				spec.Columns = step.columns
				if step.moment != "" {
					spec.Removal = &upsert.Removal{At: len(spec.Columns)}
				}
				before := dbtest.HandlerReads(t, s)
				got, err := upsert.WriteChunk(t.Context(), w.Db, spec, chunk, nil)
				require.NoError(t, err, of)
				require.Less(t, dbtest.HandlerReads(t, s)-before, all/2, of)
				require.Equal(t, 1, got.Tries, of)
				got.Tries, got.Batches, got.Seconds = 0, 0, 0
				require.Equal(t, step.want, got, of)
			}
			require.NoError(t, other.Rollback())
		}
	})
}
