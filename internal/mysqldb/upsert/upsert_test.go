package upsert_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

const orders = "(id BIGINT PRIMARY KEY, v VARCHAR(20), at DATETIME(6), KEY (at))"

func TestUpsertCountsInsertedUpdatedAndUnchanged(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(t, s, orders)
		w.Spec.Cursor = "at"
		w.Wrote(
			3, 0, 0, dbtest.Row(3, "c", "2024-01-01 00:00:00.000000"),
			dbtest.Row(1, "a", "2024-01-01 00:00:00.000000"), dbtest.Row(-2, "b", nil),
		)
		w.Wrote(
			0, 0, 3, dbtest.Row(3, "c", "2024-01-01 00:00:00.000000"),
			dbtest.Row(1, "a", "2024-01-01 00:00:00.000000"), dbtest.Row(-2, "b", nil),
		)
		w.Wrote(
			1, 1, 1, dbtest.Row(3, "c", "2024-01-01 00:00:00.000000"),
			dbtest.Row(1, "A", "2024-01-01 00:00:00.000001"), dbtest.Row(10, "j", "2024-01-02 00:00:00.000000"),
		)
		w.Holds("SELECT * FROM t ORDER BY id", "-2|b|NULL", "1|A|2024-01-01 00:00:00.000001",
			"3|c|2024-01-01 00:00:00.000000", "10|j|2024-01-02 00:00:00.000000")
	})
}

func TestUpsertNeverReplacesANewerRow(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(t, s, orders)
		w.Spec.Cursor = "at"
		w.Wrote(1, 0, 0, dbtest.Row(1, "new", "2024-05-01 00:00:00.000002"))
		w.Wrote(0, 0, 1, dbtest.Row(1, "old", "2024-05-01 00:00:00.000001"))
		w.Holds("SELECT * FROM t", "1|new|2024-05-01 00:00:00.000002")
		w.Wrote(0, 1, 0, dbtest.Row(1, "same age", "2024-05-01 00:00:00.000002"))
		w.Holds("SELECT v FROM t", "same age")
		// A target row without a cursor value is replaced.
		w.Exec("UPDATE t SET at = NULL")
		w.Wrote(0, 1, 0, dbtest.Row(1, "known", "2001-01-01 00:00:00.000000"))
		w.Holds("SELECT * FROM t", "1|known|2001-01-01 00:00:00.000000")
	})
}

func TestUpsertTakesTheNewestOfAKeyGivenTwice(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(t, s, orders)
		w.Spec.Cursor = "at"
		w.Wrote(1, 0, 0, dbtest.Row(
			1, "newest", "2024-05-01 00:00:00.000009",
		), dbtest.Row(1, "old", "2024-05-01 00:00:00.000001"),
			dbtest.Row(1, "older", nil))
		w.Holds("SELECT v FROM t", "newest")
		w.Spec.Cursor = ""
		w.Wrote(
			0, 1, 0, dbtest.Row(1, "first", "2024-05-01 00:00:00.000009"),
			dbtest.Row(1, "last", "2024-05-01 00:00:00.000001"),
		)
		w.Holds("SELECT v FROM t", "last")
	})
}

func TestUpsertSplitsIntoBatches(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(t, s, "(id BIGINT UNSIGNED PRIMARY KEY, v LONGTEXT)")
		w.Spec.MaxBatchRows = 10
		rowsOf := func(letter string) *table.Rows {
			rows := table.NewRows(2)
			for i := range 1003 {
				rows.Append([]byte(fmt.Sprint(1002 - i)))
				rows.Append([]byte(strings.Repeat(letter, i+1)))
			}
			return rows
		}
		beats := 0
		res, err := upsert.WriteChunk(t.Context(), w.Db, w.Spec, rowsOf("x"), func() { beats++ })
		require.NoError(t, err)
		require.Equal(t, int64(1003), res.Inserted)
		require.Equal(t, 101, res.Batches)
		require.GreaterOrEqual(t, beats, 101)
		require.Positive(t, res.Seconds)
		w.Spec.MaxBatchRows, w.Spec.MaxBatchBytes = 1000, 2000
		res, err = upsert.WriteChunk(t.Context(), w.Db, w.Spec, rowsOf("y"), nil)
		require.NoError(t, err)
		require.Equal(t, int64(1003), res.Updated)
		require.Greater(t, res.Batches, 250) // half a megabyte in statements of 2,000 bytes
		w.Holds("SELECT COUNT(*), SUM(LENGTH(v)), MAX(id) FROM t", "1003|503506|1002")
		res, err = upsert.WriteChunk(t.Context(), w.Db, w.Spec, rowsOf("y"), nil)
		require.NoError(t, err)
		require.Equal(t, int64(1003), res.Unchanged)
		require.Zero(t, res.Batches, "rows that are there already are not written")
	})
}

func TestUpsertOfAllKeyTables(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(t, s, "(a INT, b VARBINARY(9), PRIMARY KEY (b, a))")
		w.Wrote(2, 0, 0, dbtest.Row(1, "x\x00'\\"), dbtest.Row(2, "x\x00'\\"))
		w.Wrote(1, 0, 2, dbtest.Row(1, "x\x00'\\"), dbtest.Row(2, "x\x00'\\"), dbtest.Row(-7, ""))
		w.Holds("SELECT a, HEX(b) FROM t ORDER BY a", "-7|", "1|7800275C", "2|7800275C")
	})
}

func TestUpsertKeysOfEveryKind(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for definition, keys := range map[string][2]string{
			"BIGINT UNSIGNED": {"18446744073709551615", "0"},
			"DECIMAL(65,30)": {
				"-12345678901234567890123456789012345.000000000000000000000000000001",
				"0.100000000000000000000000000000",
			},
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
			w := dbtest.NewWriting(t, s, "(k "+definition+" PRIMARY KEY, v INT)")
			w.Wrote(2, 0, 0, dbtest.Row(keys[0], 1), dbtest.Row(keys[1], 1))
			w.Wrote(0, 1, 1, dbtest.Row(keys[0], 1), dbtest.Row(keys[1], 2))
			w.Holds("SELECT v FROM t ORDER BY v", "1", "2")
		}
	})
}

func TestUpsertRewritesAKeyThatOnlyComparesEqual(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for _, unique := range []string{"", ", UNIQUE (v)"} {
			w := dbtest.NewWriting(t, s, "(k VARCHAR(20) COLLATE utf8mb4_general_ci, n INT, v INT, at INT,"+
				" PRIMARY KEY (k, n)"+unique+")")
			w.Spec.Cursor = "at"
			w.Wrote(1, 0, 0, dbtest.Row("Abc", 1, 1, 5))
			w.Wrote(0, 1, 0, dbtest.Row("abc", 1, 1, 6))
			w.Holds("SELECT BINARY k, at FROM t", "abc|6")
			w.Wrote(0, 0, 1, dbtest.Row("ABC", 1, 1, 5))
			w.Holds("SELECT BINARY k, at FROM t", "abc|6")
			w.Wrote(0, 1, 0, dbtest.Row("abc ", 1, 1, 6))
			w.Holds("SELECT HEX(k) FROM t", "61626320")
		}
	})
}

func TestUpsertWritesTheEnumErrorValue(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(t, s, "(id INT PRIMARY KEY, e ENUM('a','b'), f ENUM('','x') NOT NULL, at INT)")
		w.Spec.Cursor = "at"
		w.Wrote(3, 0, 0, dbtest.Row(1, "", "\x00", 5), dbtest.Row(2, "a", "", 5), dbtest.Row(3, nil, "x", 5))
		state := "SELECT id, e + 0, f + 0, at FROM t ORDER BY id"
		w.Holds(state, "1|0|0|5", "2|1|1|5", "3|NULL|2|5")
		w.Wrote(0, 0, 3, dbtest.Row(1, "", "\x00", 5), dbtest.Row(2, "a", "", 5), dbtest.Row(3, nil, "x", 5))
		w.Wrote(0, 2, 1, dbtest.Row(1, "b", "", 6), dbtest.Row(2, "", "\x00", 6), dbtest.Row(3, "a", "", 4))
		w.Holds(state, "1|2|1|6", "2|0|0|6", "3|NULL|2|5")
		// An old row that meets the error value is no error.
		w.Wrote(0, 0, 2, dbtest.Row(2, "a", "x", 1), dbtest.Row(1, "a", "x", 1))
		w.Holds(state, "1|2|1|6", "2|0|0|6", "3|NULL|2|5")
		// Another value that does not fit is refused.
		_, err := w.Upsert(dbtest.Row(1, "", "", 9), dbtest.Row(2, "zz", "", 9))
		require.Equal(t, "e", mysqlerr.Describe(err).Column, "%v", err)
		_, err = w.Upsert(dbtest.Row(1, "", "", 9), dbtest.Row(2, "a", "", "99999999999"))
		require.Equal(t, "at", mysqlerr.Describe(err).Column, "%v", err)
		w.Holds(state, "1|2|1|6", "2|0|0|6", "3|NULL|2|5")
		// More such rows than the server lists warnings for.
		many := make([][]any, 700)
		for i := range many {
			many[i] = dbtest.Row(1000+i, "", "\x00", 1)
		}
		w.Spec.MaxBatchRows = 1000
		w.Wrote(700, 0, 0, many...)
		w.Wrote(0, 0, 700, many...)
		w.Holds("SELECT SUM(e + 0), SUM(f + 0), COUNT(*) FROM t WHERE id >= 1000", "0|0|700")
		var mode string
		require.NoError(t, w.Db.QueryRowContext(t.Context(), "SELECT @@sql_mode").Scan(&mode))
		require.Contains(t, mode, "STRICT_ALL_TABLES")
	})
}

func TestUpsertWritesNeitherGeneratedNorMissingColumns(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(t, s, "(id INT PRIMARY KEY, a INT INVISIBLE, d INT AS (a * 2) VIRTUAL,"+
			" e INT AS (a + 1) STORED, extra INT DEFAULT 7)")
		w.Spec.Columns = w.Spec.Columns[:2]
		w.Wrote(1, 0, 0, dbtest.Row(1, 21))
		w.Wrote(0, 1, 0, dbtest.Row(1, 4))
		w.Holds("SELECT id, a, d, e, extra FROM t", "1|4|8|5|7")
	})
}

func TestParallelChunksWithTheSameKeysDoNotDeadlock(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(t, s, orders)
		const writers, keys = 8, 400
		errs := make(chan error, writers)
		for n := range writers {
			rows := table.NewRows(3)
			for i := range keys {
				rows.Append([]byte(fmt.Sprint((i*7919 + n*131) % keys)))
				rows.Append([]byte(fmt.Sprint(n)))
				rows.AppendNull()
			}
			spec := w.Spec
			spec.MaxBatchRows = 50
			go func() {
				res, err := upsert.WriteChunk(t.Context(), w.Db, spec, rows, nil)
				if err == nil && res.Tries != 1 {
					err = fmt.Errorf("%d tries", res.Tries)
				}
				errs <- err
			}()
		}
		for range writers {
			require.NoError(t, <-errs)
		}
		w.Holds("SELECT COUNT(*), COUNT(DISTINCT v) FROM t", "400|1")
	})
}
