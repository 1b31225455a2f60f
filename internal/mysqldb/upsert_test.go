package mysqldb_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// writing is a target table and what a test needs to write into it.
type writing struct {
	t      *testing.T
	server *servers.Server
	schema string
	db     *mysqldb.DB // as the program opens it
	raw    *sql.DB     // as anyone else would
	spec   mysqldb.UpsertSpec
}

// newWriting creates the table "t" with the given definition, on every flavor in turn.
func newWriting(t *testing.T, s *servers.Server, definition string) *writing {
	t.Helper()
	w := &writing{t: t, server: s, schema: s.Schema(t)}
	w.raw = s.DB(t, w.schema)
	w.db = openTarget(t, s)
	w.exec("CREATE TABLE t " + definition)
	w.introspect("t")
	return w
}

func openTarget(t *testing.T, s *servers.Server) *mysqldb.DB {
	t.Helper()
	db, err := mysqldb.Open(t.Context(), s.DSN(""), mysqldb.Options{Role: mysqldb.Target, Name: "target"})
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func (w *writing) exec(statement string) {
	w.t.Helper()
	_, err := w.raw.ExecContext(w.t.Context(), statement)
	require.NoError(w.t, err)
}

func (w *writing) introspect(name string) {
	w.t.Helper()
	target, err := w.db.Table(w.t.Context(), table.Name{Schema: w.schema, Table: name})
	require.NoError(w.t, err)
	w.spec.Target = target
	w.spec.Columns = table.Carried(target.Values())
}

// rows builds rows of texts; a nil is NULL.
func (w *writing) rows(rows ...[]any) *table.Rows {
	out := table.NewRows(len(w.spec.Columns))
	for _, row := range rows {
		require.Len(w.t, row, len(w.spec.Columns))
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

func (w *writing) upsert(rows ...[]any) (mysqldb.UpsertResult, error) {
	return w.db.UpsertChunk(w.t.Context(), w.spec, w.rows(rows...), nil)
}

// wrote asserts the counters of a chunk that must be written.
func (w *writing) wrote(inserted, updated, unchanged int64, rows ...[]any) mysqldb.UpsertResult {
	w.t.Helper()
	res, err := w.upsert(rows...)
	require.NoError(w.t, err)
	require.Equal(w.t, [3]int64{inserted, updated, unchanged}, [3]int64{res.Inserted, res.Updated, res.Unchanged})
	require.False(w.t, res.Approximate)
	return res
}

// holds asserts what a query prints: columns joined with "|", one string a row.
func (w *writing) holds(query string, want ...string) {
	w.t.Helper()
	list, err := w.raw.QueryContext(w.t.Context(), query)
	require.NoError(w.t, err)
	defer func() { require.NoError(w.t, list.Close()) }()
	names, err := list.Columns()
	require.NoError(w.t, err)
	got := []string{}
	for list.Next() {
		values, dest := make([]sql.NullString, len(names)), make([]any, len(names))
		for i := range values {
			dest[i] = &values[i]
		}
		require.NoError(w.t, list.Scan(dest...))
		texts := make([]string, len(names))
		for i, v := range values {
			if texts[i] = v.String; !v.Valid {
				texts[i] = "NULL"
			}
		}
		got = append(got, strings.Join(texts, "|"))
	}
	require.NoError(w.t, list.Err())
	if want == nil {
		want = []string{}
	}
	require.Equal(w.t, want, got)
}

func row(values ...any) []any { return values }

const orders = "(id BIGINT PRIMARY KEY, v VARCHAR(20), at DATETIME(6), KEY (at))"

func TestUpsertCountsInsertedUpdatedAndUnchanged(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := newWriting(t, s, orders)
		w.spec.Cursor = "at"
		w.wrote(3, 0, 0, row(3, "c", "2024-01-01 00:00:00.000000"), row(1, "a", "2024-01-01 00:00:00.000000"), row(-2, "b", nil))
		w.wrote(0, 0, 3, row(3, "c", "2024-01-01 00:00:00.000000"), row(1, "a", "2024-01-01 00:00:00.000000"), row(-2, "b", nil))
		w.wrote(1, 1, 1, row(3, "c", "2024-01-01 00:00:00.000000"), row(1, "A", "2024-01-01 00:00:00.000001"), row(10, "j", "2024-01-02 00:00:00.000000"))
		w.holds("SELECT * FROM t ORDER BY id", "-2|b|NULL", "1|A|2024-01-01 00:00:00.000001",
			"3|c|2024-01-01 00:00:00.000000", "10|j|2024-01-02 00:00:00.000000")
	})
}

func TestUpsertNeverReplacesANewerRow(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := newWriting(t, s, orders)
		w.spec.Cursor = "at"
		w.wrote(1, 0, 0, row(1, "new", "2024-05-01 00:00:00.000002"))
		w.wrote(0, 0, 1, row(1, "old", "2024-05-01 00:00:00.000001"))
		w.holds("SELECT * FROM t", "1|new|2024-05-01 00:00:00.000002")
		w.wrote(0, 1, 0, row(1, "same age", "2024-05-01 00:00:00.000002"))
		w.holds("SELECT v FROM t", "same age")
		// A target row that has no cursor value gives way.
		w.exec("UPDATE t SET at = NULL")
		w.wrote(0, 1, 0, row(1, "known", "2001-01-01 00:00:00.000000"))
		w.holds("SELECT * FROM t", "1|known|2001-01-01 00:00:00.000000")
	})
}

func TestUpsertTakesTheNewestOfAKeyGivenTwice(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := newWriting(t, s, orders)
		w.spec.Cursor = "at"
		w.wrote(1, 0, 0, row(1, "newest", "2024-05-01 00:00:00.000009"), row(1, "old", "2024-05-01 00:00:00.000001"),
			row(1, "older", nil))
		w.holds("SELECT v FROM t", "newest")
		w.spec.Cursor = ""
		w.wrote(0, 1, 0, row(1, "first", "2024-05-01 00:00:00.000009"), row(1, "last", "2024-05-01 00:00:00.000001"))
		w.holds("SELECT v FROM t", "last")
	})
}

func TestUpsertSplitsIntoBatches(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := newWriting(t, s, "(id BIGINT UNSIGNED PRIMARY KEY, v LONGTEXT)")
		w.spec.MaxBatchRows = 10
		rows := table.NewRows(2)
		for i := range 1003 {
			rows.Append([]byte(fmt.Sprint(1002 - i)))
			rows.Append([]byte(strings.Repeat("x", i)))
		}
		beats := 0
		res, err := w.db.UpsertChunk(t.Context(), w.spec, rows, func() { beats++ })
		require.NoError(t, err)
		require.Equal(t, int64(1003), res.Inserted)
		require.Equal(t, 101, res.Batches)
		require.GreaterOrEqual(t, beats, 101)
		require.Positive(t, res.Seconds)
		w.spec.MaxBatchRows, w.spec.MaxBatchBytes = 1000, 2000
		res, err = w.db.UpsertChunk(t.Context(), w.spec, rows, nil)
		require.NoError(t, err)
		require.Equal(t, int64(1003), res.Unchanged)
		require.Greater(t, res.Batches, 250) // half a megabyte in statements of 2,000 bytes
		w.holds("SELECT COUNT(*), SUM(LENGTH(v)), MAX(id) FROM t", "1003|502503|1002")
	})
}

func TestUpsertOfAllKeyTables(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := newWriting(t, s, "(a INT, b VARBINARY(9), PRIMARY KEY (b, a))")
		w.wrote(2, 0, 0, row(1, "x\x00'\\"), row(2, "x\x00'\\"))
		w.wrote(1, 0, 2, row(1, "x\x00'\\"), row(2, "x\x00'\\"), row(-7, ""))
		w.holds("SELECT a, HEX(b) FROM t ORDER BY a", "-7|", "1|7800275C", "2|7800275C")
	})
}

func TestUpsertKeysOfEveryKind(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for definition, keys := range map[string][2]string{
			"BIGINT UNSIGNED":                        {"18446744073709551615", "0"},
			"DECIMAL(65,30)":                         {"-12345678901234567890123456789012345.000000000000000000000000000001", "0.100000000000000000000000000000"},
			"DOUBLE":                                 {"1e-300", "-0.1"},
			"FLOAT":                                  {"0.10000000149011612", "3.4028234663852886e+38"},
			"BIT(64)":                                {"18446744073709551615", "1"},
			"YEAR":                                   {"0", "2024"},
			"DATE":                                   {"0000-00-00", "2024-02-30"},
			"DATETIME(6)":                            {"0000-00-00 00:00:00.000000", "9999-12-31 23:59:59.999999"},
			"TIMESTAMP(3)":                           {"1970-01-01 00:00:01.000", "2038-01-19 03:14:07.999"},
			"TIME(6)":                                {"-838:59:59.000000", "838:59:59.000000"},
			"VARBINARY(10)":                          {"\x00\\'\xff", ""},
			"BINARY(3)":                              {"\x00\x01\x02", "abc"},
			"VARCHAR(20) COLLATE utf8mb4_bin":        {"a\"b😀", "a`b"},
			"VARCHAR(20) CHARACTER SET latin1":       {"größe", "z"},
			"CHAR(5) COLLATE utf8mb4_general_ci":     {"É", "z"},
			"ENUM('a','b''c','10','2')":              {"b'c", "10"},
			"SET('x','y')":                           {"x,y", ""},
			"VARCHAR(20) CHARACTER SET utf16":        {"ab😀", ""},
			"VARCHAR(20) CHARACTER SET utf8mb3":      {"größe", "\\"},
			"VARCHAR(20) COLLATE utf8mb4_unicode_ci": {"straße", "x"},
			"VARCHAR(300) COLLATE utf8mb4_unicode_ci": {strings.Repeat("ü", 300), "x"},
		} {
			w := newWriting(t, s, "(k "+definition+" PRIMARY KEY, v INT)")
			w.wrote(2, 0, 0, row(keys[0], 1), row(keys[1], 1))
			w.wrote(0, 1, 1, row(keys[0], 1), row(keys[1], 2))
			w.holds("SELECT v FROM t ORDER BY v", "1", "2")
		}
	})
}

func TestUpsertRewritesAKeyThatOnlyComparesEqual(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for _, unique := range []string{"", ", UNIQUE (v)"} {
			w := newWriting(t, s, "(k VARCHAR(20) COLLATE utf8mb4_general_ci, n INT, v INT, at INT, PRIMARY KEY (k, n)"+unique+")")
			w.spec.Cursor = "at"
			w.wrote(1, 0, 0, row("Abc", 1, 1, 5))
			w.wrote(0, 1, 0, row("abc", 1, 1, 6))
			w.holds("SELECT BINARY k, at FROM t", "abc|6")
			w.wrote(0, 0, 1, row("ABC", 1, 1, 5))
			w.holds("SELECT BINARY k, at FROM t", "abc|6")
			w.wrote(0, 1, 0, row("abc ", 1, 1, 6))
			w.holds("SELECT HEX(k) FROM t", "61626320")
		}
	})
}

func TestUpsertWritesTheEnumErrorValue(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := newWriting(t, s, "(id INT PRIMARY KEY, e ENUM('a','b'), f ENUM('','x') NOT NULL, at INT)")
		w.spec.Cursor = "at"
		w.wrote(3, 0, 0, row(1, "", "\x00", 5), row(2, "a", "", 5), row(3, nil, "x", 5))
		state := "SELECT id, e + 0, f + 0, at FROM t ORDER BY id"
		w.holds(state, "1|0|0|5", "2|1|1|5", "3|NULL|2|5")
		w.wrote(0, 0, 3, row(1, "", "\x00", 5), row(2, "a", "", 5), row(3, nil, "x", 5))
		w.wrote(0, 2, 1, row(1, "b", "", 6), row(2, "", "\x00", 6), row(3, "a", "", 4))
		w.holds(state, "1|2|1|6", "2|0|0|6", "3|NULL|2|5")
		// A stale row that meets the error value must not stumble over it.
		w.wrote(0, 0, 2, row(2, "a", "x", 1), row(1, "a", "x", 1))
		w.holds(state, "1|2|1|6", "2|0|0|6", "3|NULL|2|5")
		// Another value that does not fit is as wrong as ever.
		_, err := w.upsert(row(1, "", "", 9), row(2, "zz", "", 9))
		require.Equal(t, "e", mysqldb.Describe(err).Column, "%v", err)
		_, err = w.upsert(row(1, "", "", 9), row(2, "a", "", "99999999999"))
		require.Equal(t, "at", mysqldb.Describe(err).Column, "%v", err)
		w.holds(state, "1|2|1|6", "2|0|0|6", "3|NULL|2|5")
		// More such rows than the server lists warnings for.
		many := make([][]any, 700)
		for i := range many {
			many[i] = row(1000+i, "", "\x00", 1)
		}
		w.spec.MaxBatchRows = 1000
		w.wrote(700, 0, 0, many...)
		w.wrote(0, 0, 700, many...)
		w.holds("SELECT SUM(e + 0), SUM(f + 0), COUNT(*) FROM t WHERE id >= 1000", "0|0|700")
		var mode string
		require.NoError(t, w.db.QueryRowContext(t.Context(), "SELECT @@sql_mode").Scan(&mode))
		require.Contains(t, mode, "STRICT_ALL_TABLES")
	})
}

func TestUpsertWritesNeitherGeneratedNorMissingColumns(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := newWriting(t, s, "(id INT PRIMARY KEY, a INT INVISIBLE, d INT AS (a * 2) VIRTUAL, e INT AS (a + 1) STORED, extra INT DEFAULT 7)")
		w.spec.Columns = w.spec.Columns[:2]
		w.wrote(1, 0, 0, row(1, 21))
		w.wrote(0, 1, 0, row(1, 4))
		w.holds("SELECT id, a, d, e, extra FROM t", "1|4|8|5|7")
	})
}

func TestParallelChunksWithTheSameKeysDoNotDeadlock(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := newWriting(t, s, orders)
		const writers, keys = 8, 400
		errs := make(chan error, writers)
		for n := range writers {
			rows := table.NewRows(3)
			for i := range keys {
				rows.Append([]byte(fmt.Sprint((i*7919 + n*131) % keys)))
				rows.Append([]byte(fmt.Sprint(n)))
				rows.AppendNull()
			}
			spec := w.spec
			spec.MaxBatchRows = 50
			go func() {
				res, err := w.db.UpsertChunk(t.Context(), spec, rows, nil)
				if err == nil && res.Tries != 1 {
					err = fmt.Errorf("%d tries", res.Tries)
				}
				errs <- err
			}()
		}
		for range writers {
			require.NoError(t, <-errs)
		}
		w.holds("SELECT COUNT(*), COUNT(DISTINCT v) FROM t", "400|1")
	})
}
