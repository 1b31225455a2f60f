package upsert_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// files is how many LOAD DATA statements the server has run.
func files(w *dbtest.Writing) string {
	w.T.Helper()
	var name, n string
	require.NoError(w.T, w.Raw.QueryRowContext(w.T.Context(), "SHOW GLOBAL STATUS LIKE 'Com_load'").Scan(&name, &n))
	return n
}

// oddTexts are texts that a file has to escape, and others like them.
var oddTexts = []any{
	"", " ", "  x ", "N", `\N`, `\`, `\\`, `\t`, "\t", "\n", "\r\n", "a\tb\nc\\d",
	"'", `"`, "NULL", "a\x00b", "\x00", "\x1a", "größe 😀 日本", "ends in \\", nil,
}

// loadedTypes are column types with values that are sent as a file.
var loadedTypes = map[string]struct {
	column string
	values []any
	only   servers.Flavor // that has it; "" is both
}{
	"text":      {"TEXT CHARACTER SET utf8mb4", oddTexts, ""},
	"varchar":   {"VARCHAR(60) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", oddTexts, ""},
	"latin1":    {"VARCHAR(60) CHARACTER SET latin1", []any{"größe", `\N`, "", nil, "a\tb", "ÿ"}, ""},
	"utf8mb3":   {"VARCHAR(60) CHARACTER SET utf8mb3", []any{"größe 日本", "a\tb", nil}, ""},
	"char":      {"CHAR(9) CHARACTER SET utf8mb4", []any{"", "a", "a b", nil, "größe"}, ""},
	"blob":      {"BLOB", append(oddTexts, "\xff\xfe", "\xc3", "\x80", "\xf0\x9f\x98"), ""},
	"varbinary": {"VARBINARY(60)", append(oddTexts, "\xff\x00\xfe"), ""},
	"int":       {"INT", []any{"0", "-2147483648", "2147483647", nil}, ""},
	"unsigned":  {"BIGINT UNSIGNED", []any{"0", "18446744073709551615", nil}, ""},
	"decimal": {
		"DECIMAL(65,30)",
		[]any{
			"0.000000000000000000000000000000",
			"-12345678901234567890123456789012345.123456789012345678901234567890", nil,
		},
		"",
	},
	"double": {"DOUBLE", []any{"0", "-0", "1.7976931348623157e+308", "5e-324", "0.1", "-1e-300", nil}, ""},
	"float": {
		"FLOAT", []any{"0", "3.4028234663852886e+38", "1.401298464324817e-45", "0.10000000149011612", nil}, "",
	},
	"date": {"DATE", []any{"2024-02-29", "0000-00-00", "2024-02-30", "2024-00-10", "9999-12-31", nil}, ""},
	"datetime": {
		"DATETIME(6)",
		[]any{"2024-02-29 23:59:59.999999", "0000-00-00 00:00:00.000000", "1000-01-01 00:00:00.000000", nil},
		"",
	},
	"timestamp": {
		"TIMESTAMP(3) NULL",
		[]any{"2024-10-27 00:30:00.123", "1970-01-01 00:00:01.000", "0000-00-00 00:00:00.000", nil},
		"",
	},
	"time": {
		"TIME(6)",
		[]any{"-838:59:59.000000", "838:59:59.000000", "00:00:00.000001", "-00:00:00.500000", nil},
		"",
	},
	"enum": {"ENUM('a','','ß','1','0','2') CHARACTER SET utf8mb4", []any{"a", "", "ß", "1", "0", "2", nil}, ""},
	"set":  {"SET('a','b','1','ß') CHARACTER SET utf8mb4", []any{"", "a", "a,b", "a,b,1,ß", nil}, ""},
	"uuid": {"UUID", []any{"123e4567-e89b-12d3-a456-426655440000", nil}, servers.FlavorMariaDB},
	"inet": {"INET6", []any{"::", "2001:db8::ff00:42:8329", nil}, servers.FlavorMariaDB},
	// As many bytes as an address has: beside bytes, a file would make another one of it.
	"inet6": {"INET6", []any{"::ffff:127.0.0.1", "2001:db8:1::1:23", nil}, servers.FlavorMariaDB},
	"inet4": {"INET4", []any{"1.2.3.4", "0.0.0.0", "255.255.255.255", nil}, servers.FlavorMariaDB},
	"vector": {
		"VECTOR(3)",
		[]any{"\x00\x00\x80?\x00\x00\x00@\x00\x00@@", "\t\t\t\t\n\n\n\n\\\\\\\\", nil},
		servers.FlavorMySQL,
	},
}

// insertedBesideBytes are types whose values a file with bytes in it does not bring as an INSERT does.
var insertedBesideBytes = []string{"latin1", "utf8mb3", "uuid", "inet", "inet6", "inet4"}

// Rows that travel as a file arrive as the same bytes as rows of an INSERT, beside text and beside bytes.
func TestLoadedRowsAreThoseThatAnInsertWrites(t *testing.T) {
	for name, c := range loadedTypes {
		for _, beside := range []string{"VARCHAR(9) CHARACTER SET utf8mb4", "BLOB"} {
			travels := beside != "BLOB" || !slices.Contains(insertedBesideBytes, name)
			write := func(t *testing.T, s *servers.Server) {
				w := dbtest.NewWriting(t, s, "(id INT PRIMARY KEY, v "+c.column+", w "+beside+")")
				w.Exec("CREATE TABLE u LIKE t")
				var rows [][]any
				for i, v := range c.values {
					rows = append(rows, dbtest.Row(i, v, "größe"))
				}
				w.Wrote(int64(len(rows)), 0, 0, rows...) // as an INSERT
				before := files(w)
				w.Introspect("u")
				w.Spec.BulkLoad = true
				w.Wrote(int64(len(rows)), 0, 0, rows...)
				after := files(w)
				w.Holds(
					"SELECT COUNT(*) FROM t JOIN u USING (id) WHERE HEX(CAST(t.v AS BINARY)) <=> HEX(CAST(u.v AS "+
						"BINARY))"+
						" AND t.w = u.w AND t.v <=> u.v",
					fmt.Sprint(len(rows)),
				)
				require.Equal(t, travels, before != after, "whether it travelled as a file")
			}
			t.Run(name+" beside "+beside, func(t *testing.T) {
				switch c.only {
				case servers.FlavorMySQL:
					write(t, servers.MySQL(t))
				case servers.FlavorMariaDB:
					write(t, servers.MariaDB(t))
				default:
					servers.Each(t, write)
				}
			})
		}
	}
}

// An error of a row in a file names its row, column and key as an INSERT's does, and nothing of the
// file stays.
func TestAFaultOfAFileIsTheFaultOfItsRow(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(
			t, s, "(id INT PRIMARY KEY, v VARCHAR(3) NOT NULL, u INT, at DATETIME, CHECK (u <> 13), UNIQUE once (u))",
		)
		w.Spec.Cursor, w.Spec.BulkLoad = "at", true
		const now = "2024-01-01 00:00:00"
		w.Wrote(1, 0, 0, dbtest.Row(100, "old", 7, now))
		before := files(w)
		for name, c := range map[string]struct {
			bad  []any
			says string
		}{
			"too long":      {dbtest.Row(2, "s3cret", 2, now), "column v"},
			"null":          {dbtest.Row(2, nil, 2, now), "column v"},
			"no integer":    {dbtest.Row(2, "a", "s3cret", now), "column u"},
			"out of range":  {dbtest.Row(2, "a", "99999999999", now), "column u"},
			"no moment":     {dbtest.Row(2, "a", 2, "2024-13-77 00:00:00"), "column at"},
			"check":         {dbtest.Row(2, "a", 13, now), "a check of the target"},
			"unique":        {dbtest.Row(2, "a", 7, now), "key once"},
			"unique inside": {dbtest.Row(2, "a", 1, now), "key once"},
		} {
			_, err := w.Upsert(dbtest.Row(1, "a", 1, now), c.bad, dbtest.Row(3, "a", 3, now))
			require.Error(t, err, name)
			require.ErrorContains(t, err, c.says, name)
			require.NotContains(t, err.Error(), "s3cret", name)
			require.True(t, mysqlerr.IsPermanent(err), name)
			w.Holds("SELECT id FROM t", "100")
		}
		require.NotEqual(t, before, files(w), "no file was tried")

		w.Spec.Conflicts = upsert.DeleteConflicts // and a policy for it is kept
		w.Wrote(2, 0, 0, dbtest.Row(1, "a", 7, "2024-01-02 00:00:00"), dbtest.Row(2, "b", 8, now))
		w.Holds("SELECT id, u FROM t ORDER BY id", "1|7", "2|8")
	})
}

// Chunks that meet rows, and types that are not safe in a file, are sent as INSERTs.
func TestWhatCannotTravelAsAFileIsInserted(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for name, c := range map[string]struct {
			column string
			value  any
			shows  string
		}{
			"year":       {"YEAR", "0", "0"},
			"bit":        {"BIT(9)", "257", "257"},
			"enum error": {"ENUM('a','b')", "", "0"},
			"json":       {"JSON", `{"a": 1}`, `0`},
		} {
			w := dbtest.NewWriting(t, s, "(id INT PRIMARY KEY, v "+c.column+")")
			w.Spec.BulkLoad = true
			before := files(w)
			w.Wrote(1, 0, 0, dbtest.Row(1, c.value))
			if name == "json" && s.Flavor == servers.FlavorMariaDB {
				continue // a LONGTEXT there
			}
			require.Equal(t, before, files(w), name)
			if name != "json" {
				w.Holds("SELECT v + 0 FROM t", c.shows)
			}
		}
		w := dbtest.NewWriting(t, s, "(id INT PRIMARY KEY, v VARCHAR(9), at DATETIME)")
		w.Spec.BulkLoad, w.Spec.Cursor = true, "at"
		w.Wrote(2, 0, 0, dbtest.Row(1, "a", "2024-01-02 00:00:00"), dbtest.Row(9, "b", "2024-01-01 00:00:00"))
		before := files(w)
		w.Wrote(
			1, 1, 1, dbtest.Row(1, "old", "2024-01-01 00:00:00"), dbtest.Row(5, "c", "2024-01-01 00:00:00"),
			dbtest.Row(9, "new", "2024-01-02 00:00:00"),
		)
		w.Holds("SELECT id, v FROM t ORDER BY id", "1|a", "5|c", "9|new")
		w.Db.Server.LocalInfile = false
		w.Wrote(1, 0, 0, dbtest.Row(20, "d", "2024-01-01 00:00:00"))
		require.Equal(t, before, files(w))
	})
}

// A row that another session inserts while the file is sent is kept where it is newer.
func TestARowThatArrivesWhileAFileIsSentIsKept(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(t, s, "(id INT PRIMARY KEY, v VARCHAR(9), at DATETIME)")
		w.Spec.Cursor, w.Spec.BulkLoad = "at", true
		before, arrived := files(w), false
		rows := w.Rows(dbtest.Row(2, "chunk", "2024-01-02 00:00:00"), dbtest.Row(4, "chunk", "2024-01-02 00:00:00"))
		_, err := upsert.WriteChunk(t.Context(), w.Db, w.Spec, rows, func() {
			if !arrived {
				arrived = true
				w.Exec("INSERT INTO t VALUES (2, 'newest', '2024-01-03 00:00:00')")
			}
		})
		require.NoError(t, err)
		require.True(t, arrived)
		require.NotEqual(t, before, files(w))
		w.Holds("SELECT id, v FROM t", "2|newest", "4|chunk")
	})
}

// Where a server announces local_infile but refuses files, INSERTs are sent.
func TestFilesThatAreNotTakenAreInserted(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		private := servers.Private(t, s.Flavor, "--local-infile=OFF")
		w := dbtest.NewWriting(t, private, "(id INT PRIMARY KEY, v VARCHAR(9))")
		require.False(t, w.Db.Server.LocalInfile)
		w.Db.Server.LocalInfile, w.Spec.BulkLoad = true, true
		w.Wrote(2, 0, 0, dbtest.Row(1, "a"), dbtest.Row(2, "b"))
		w.Holds("SELECT id FROM t ORDER BY id", "1", "2")
	})
}

// Where all rows of a chunk have the first values of the key, as those of one tenant, the range is that of the next
// column: rows of others do not keep new ones from travelling as a file.
func TestTheRangeOfAChunkIsThatOfItsFirstColumnThatDiffers(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(t, s, "(tenant VARCHAR(9) COLLATE utf8mb4_bin, id INT, v INT, PRIMARY KEY (tenant, id))")
		w.Spec.BulkLoad = true
		w.Exec("INSERT INTO t VALUES ('eu', 1, 1), ('us', 5, 5), ('us', 1, 1)")
		before := files(w)
		w.Wrote(2, 0, 0, dbtest.Row("us", 2, 2), dbtest.Row("us", 3, 3))
		require.NotEqual(t, before, files(w))
		before = files(w)
		w.Wrote(1, 1, 0, dbtest.Row("us", 4, 4), dbtest.Row("us", 5, 6))
		w.Wrote(2, 0, 0, dbtest.Row("eu", 0, 0), dbtest.Row("us", 7, 7))
		require.Equal(t, before, files(w))
		w.Holds("SELECT tenant, id, v FROM t ORDER BY tenant, id", "eu|0|0", "eu|1|1", "us|1|1", "us|2|2", "us|3|3",
			"us|4|4", "us|5|6", "us|7|7")
	})
}
