package dbtest

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// Writing is a target table and what a test needs to write into it.
type Writing struct {
	T      *testing.T
	Server *servers.Server
	Schema string
	Db     *mysqldb.DB // as the program opens it
	Raw    *sql.DB     // as anyone else would
	Spec   upsert.Spec
}

// NewWriting creates the table "t" with the given definition, on every flavor in turn.
func NewWriting(t *testing.T, s *servers.Server, definition string) *Writing {
	t.Helper()
	w := &Writing{T: t, Server: s, Schema: s.Schema(t)}
	w.Raw = s.DB(t, w.Schema)
	w.Db = OpenTarget(t, s)
	w.Exec("CREATE TABLE t " + definition)
	w.Introspect("t")
	return w
}

// OpenTarget opens a pool with the role of a target, until the test ends.
func OpenTarget(t *testing.T, s *servers.Server) *mysqldb.DB {
	t.Helper()
	db, err := mysqldb.Open(t.Context(), s.DSN(""), mysqldb.Options{Role: mysqldb.Target, Name: "target"})
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// Exec runs a statement on the target, which must succeed.
func (w *Writing) Exec(statement string) {
	w.T.Helper()
	_, err := w.Raw.ExecContext(w.T.Context(), statement)
	require.NoError(w.T, err)
}

// Introspect makes a table the one that chunks are written to.
func (w *Writing) Introspect(name string) {
	w.T.Helper()
	target, err := schema.Read(w.T.Context(), w.Db, table.Name{Schema: w.Schema, Table: name})
	require.NoError(w.T, err)
	w.Spec.Target = target
	w.Spec.Columns = table.Carried(target.Values())
}

// Rows builds rows of texts; a nil is NULL.
func (w *Writing) Rows(rows ...[]any) *table.Rows {
	out := table.NewRows(len(w.Spec.Columns))
	for _, row := range rows {
		require.Len(w.T, row, len(w.Spec.Columns))
		for _, v := range row {
			if v == nil {
				out.AppendNull()
				continue
			}
			out.Append([]byte(fmt.Sprint(v)))
		}
	}
	return out
}

// Upsert writes rows as one chunk.
func (w *Writing) Upsert(rows ...[]any) (upsert.Result, error) {
	return upsert.WriteChunk(w.T.Context(), w.Db, w.Spec, w.Rows(rows...), nil)
}

// Wrote asserts the counters of a chunk that must be written.
func (w *Writing) Wrote(inserted, updated, unchanged int64, rows ...[]any) upsert.Result {
	w.T.Helper()
	res, err := w.Upsert(rows...)
	require.NoError(w.T, err)
	require.Equal(w.T, [3]int64{inserted, updated, unchanged}, [3]int64{res.Inserted, res.Updated, res.Unchanged})
	require.False(w.T, res.Approximate)
	return res
}

// Holds asserts what a query prints: columns joined with "|", one string a row.
func (w *Writing) Holds(query string, want ...string) {
	w.T.Helper()
	list, err := w.Raw.QueryContext(w.T.Context(), query)
	require.NoError(w.T, err)
	defer func() { require.NoError(w.T, list.Close()) }()
	names, err := list.Columns()
	require.NoError(w.T, err)
	got := []string{}
	for list.Next() {
		values, dest := make([]sql.NullString, len(names)), make([]any, len(names))
		for i := range values {
			dest[i] = &values[i]
		}
		require.NoError(w.T, list.Scan(dest...))
		texts := make([]string, len(names))
		for i, v := range values {
			if texts[i] = v.String; !v.Valid {
				texts[i] = "NULL"
			}
		}
		got = append(got, strings.Join(texts, "|"))
	}
	require.NoError(w.T, list.Err())
	if want == nil {
		want = []string{}
	}
	require.Equal(w.T, want, got)
}

// Row lists the values of a row.
func Row(values ...any) []any { return values }
