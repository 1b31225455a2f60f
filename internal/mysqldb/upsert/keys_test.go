package upsert_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// Pairs of servers for keyCase.on.
func fromMySQL(from, _ servers.Flavor) bool    { return from == servers.FlavorMySQL }
func fromMariaDB(from, _ servers.Flavor) bool  { return from == servers.FlavorMariaDB }
func onlyMariaDB(from, to servers.Flavor) bool { return from == to && to == servers.FlavorMariaDB }

// keyCase is a table whose primary key has a type, with rows for several pages.
type keyCase struct {
	name string
	// columns are the key's columns: "a INT, b DATE"; key is the PRIMARY KEY's list.
	columns, key string
	// values are SQL values of the key's columns, one text per row.
	values []string
	// crossing marks keys that another server compares by another collation or type.
	crossing bool
	on       func(from, to servers.Flavor) bool // nil is all pairs
}

// each builds 40 rows.
func each(f func(i int) string) []string {
	out := make([]string, 40)
	for i := range out {
		out[i] = f(i)
	}
	return out
}

// numbers are those from first to last.
func numbers(first, last int) (out []string) {
	for i := first; i <= last; i++ {
		out = append(out, fmt.Sprint(i))
	}
	return out
}

// words are texts that differ under every collation, by their digits, and sort by no simple rule.
func words(alphabetRunes ...string) []string {
	return each(func(i int) string { return fmt.Sprintf("'%s%02d'", alphabetRunes[i%len(alphabetRunes)], i) })
}

var keyEuropean = words("a", "B", "é", "É", "e", "ß", "SS", "ø", "Z", "ž", "Ä", "0", "_", "-", "'' ")

// Not all collations agree on what a space at the end means.
var keySpaces = []string{
	"''", "' '", "'a'", "'a '", "'a  '", "'A'", "'á'", "'b'", "'B '", "'\\\\'", "'😀'", "'日本'", "'c'",
	"'c '", "'%'", "'_'",
}

// keyIgnored differ by binary collations alone.
var keyIgnored = append(keySpaces[:len(keySpaces):len(keySpaces)], "'a\\0'", "'\\0'", "'\\t'", "'a\\t'")

var keyCases = []keyCase{
	{name: "unicode", columns: "k VARCHAR(20) COLLATE utf8mb4_unicode_ci", values: keyEuropean, crossing: true},
	{
		name: "plain_bin", columns: "k VARCHAR(20) COLLATE utf8mb4_bin",
		values: append(keyEuropean[:40:40], "'😀'", "'\uffff'"), crossing: true,
	},
	{
		name: "cs_0900", columns: "k VARCHAR(20) COLLATE utf8mb4_0900_as_cs", values: keySpaces, crossing: true,
		on: fromMySQL,
	},
	{
		name: "ci_0900", columns: "k VARCHAR(20) COLLATE utf8mb4_0900_ai_ci", values: keyEuropean, crossing: true,
		on: fromMySQL,
	},
	{
		name: "nopad", columns: "k VARCHAR(20) COLLATE utf8mb4_nopad_bin", values: keyIgnored, crossing: true,
		on: fromMariaDB,
	},
	{
		name: "uca", columns: "k VARCHAR(20) COLLATE utf8mb4_uca1400_nopad_as_cs", values: keySpaces, crossing: true,
		on: fromMariaDB,
	},
	{
		name: "latin1", columns: "k VARCHAR(20) CHARACTER SET latin1", values: words("a", "é", "Z", "ÿ", "€"),
		crossing: true,
	},
	{
		name: "ascii", columns: "k CHAR(36) CHARACTER SET ascii",
		values: each(func(i int) string { return fmt.Sprintf("LEFT(SHA2(%d, 256), 32)", i) }), crossing: true,
	},
	{name: "sjis", columns: "k VARCHAR(20) CHARACTER SET sjis", values: words("ソ", "表", "a", "能"), crossing: true},
	{name: "ucs2", columns: "k VARCHAR(20) CHARACTER SET ucs2", values: words("a", "é", "日")},
	{
		name: "fixed", columns: "k BINARY(3)",
		values: each(func(i int) string { return fmt.Sprintf("UNHEX(LPAD(HEX(%d), 6, '0'))", i*i*7919) }),
	},
	{
		name: "bytes", columns: "k VARBINARY(8)",
		values: append(each(func(i int) string { return fmt.Sprintf("x'%02x5c27'", i*6) }), "''", "x'00'",
			"x'0000'", "x'20'", "x'ff'"),
	},
	{name: "enum", columns: "k ENUM('z','a','','é','B','c','d','f','g','h','i','j')", values: numbers(0, 12)},
	{
		name: "enum_error", columns: "k ENUM('2','1','0','z','a','b','c','d','e','f','g','h')",
		values: numbers(0, 12),
	},
	{
		name: "enums", columns: "a INT, b ENUM('x','y'), c ENUM('y','','x')", key: "a, b, c",
		values: each(func(i int) string { return fmt.Sprintf("%d, %d, %d", i/12, i%3, i/3%4) }),
	},
	{name: "sets", columns: "k SET('z','a','m','b')", values: numbers(0, 15)},
	{
		name: "bit", columns: "k BIT(40)",
		values: each(func(i int) string { return fmt.Sprint(uint64(i) * 28193748223) }),
	},
	{name: "year", columns: "k YEAR", values: append(each(func(i int) string { return fmt.Sprint(1901 + 6*i) }),
		"0", "2155")},
	{name: "date", columns: "k DATE", values: append(each(func(i int) string {
		return fmt.Sprintf("'2024-02-%02d'", i+1)
	})[:31], "'0000-00-00'", "'2024-00-15'", "'0001-01-01'", "'9999-12-31'")},
	{
		name: "timestamp", columns: "k TIMESTAMP(6)",
		values: append(each(func(i int) string { return fmt.Sprintf("'2024-10-27 00:59:59.%06d'", i*25000) }),
			"'1970-01-01 00:00:01'", "'2038-01-19 03:14:07.999999'", "'0000-00-00'"),
	},
	{
		name: "clock", columns: "k TIME(6)",
		values: append(each(func(i int) string { return fmt.Sprintf("'%d:00:00.%06d'", 20*i-400, i) }),
			"'-838:59:59'", "'838:59:59'"),
	},
	{name: "decimal", columns: "k DECIMAL(20,5)", values: each(func(i int) string {
		return fmt.Sprintf("%d.%05d", i*i*i-20000, i)
	})},
	{
		name: "double", columns: "k DOUBLE",
		values: append(each(func(i int) string { return fmt.Sprintf("0.1e0 * %d - 2", i) }),
			"1.7976931348623157e308", "5e-324"),
	},
	{name: "digits", columns: "k DOUBLE(10,3)", values: each(func(i int) string {
		return fmt.Sprintf("2.%03de0", 900+i)
	}), crossing: true},
	{
		name: "single", columns: "k FLOAT",
		values: append(each(func(i int) string { return fmt.Sprintf("0.1e0 * %d - 2", i) }),
			"3.4028234663852886e38", "1.401298464324817e-45"),
	},
	{name: "bigs", columns: "k BIGINT UNSIGNED", values: append(each(func(i int) string {
		return fmt.Sprintf("%d", uint64(i)*461168601842738790)
	}), "18446744073709551615")},
	{
		name: "down", columns: "k INT", key: "k DESC",
		values: each(func(i int) string { return fmt.Sprint(i*i - 300) }),
	},
	{
		name: "three", columns: "a VARCHAR(10) COLLATE utf8mb4_unicode_ci, b DATE, c SMALLINT UNSIGNED",
		key: "a, b, c", crossing: true,
		values: each(func(i int) string { return fmt.Sprintf("'é%d', '2024-02-%02d', %d", i%3, i/3%4, i) }),
	},
	{
		name: "mixed", columns: "a TINYINT, b ENUM('y','x',''), c VARBINARY(4)", key: "a DESC, b, c DESC",
		values: each(func(i int) string { return fmt.Sprintf("%d, %d, x'%02x'", i%3-1, i/3%4, i) }),
	},
	{
		name: "uuid", columns: "k UUID",
		values:   each(func(i int) string { return fmt.Sprintf("'%08x-0000-1%03x-8000-%012x'", i*7919, 40-i, i) }),
		crossing: true, on: fromMariaDB,
	},
	{name: "inet", columns: "k INET6", values: each(func(i int) string {
		return fmt.Sprintf("'%x::%x'", (i*37)%41+1, i)
	}), crossing: true, on: fromMariaDB},
	// Rows that other servers take for one: the key's guard must not.
	{
		name: "ascii_high", columns: "k VARCHAR(4) CHARACTER SET ascii COLLATE ascii_bin",
		values: each(func(i int) string { return fmt.Sprintf("_ascii x'%02x'", 0x70+i) }), on: onlyMariaDB,
	},
}

func (c keyCase) table() string { return "k_" + c.name }

func (c keyCase) create() string {
	key := c.key
	if key == "" {
		key = "k"
	}
	return fmt.Sprintf("CREATE TABLE %s (%s, n INT NOT NULL, PRIMARY KEY (%s)) CHARACTER SET utf8mb4", c.table(),
		c.columns, key)
}

func (c keyCase) insert() string {
	rows := make([]string, len(c.values))
	for i, v := range c.values {
		rows[i] = fmt.Sprintf("(%s, %d)", v, i+1)
	}
	return "INSERT INTO " + c.table() + " VALUES " + strings.Join(rows, ", ")
}

// read returns the key's bytes by row number, of both sides.
func (c keyCase) read(p *dbtest.Pair) (source, target []string) {
	p.T.Helper()
	names := "k"
	if strings.HasPrefix(c.columns, "a ") {
		names = "a, '|', b, '|', c"
	}
	query := "SELECT CONCAT(n, ' ', HEX(CONCAT(" + names + "))) FROM " + c.table() + " ORDER BY n"
	return dbtest.Texts(p.T, dbtest.Lenient(p.T, p.Source, p.From), query),
		dbtest.Texts(p.T, dbtest.Lenient(p.T, p.Target, p.To), query)
}

// Rows with a key of any type are read in pages and written by their keys, once; the second time, each meets itself.
func TestRowsArriveByEveryKindOfKey(t *testing.T) {
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		for _, c := range keyCases {
			same := p.Source.Flavor == p.Target.Flavor
			if c.on != nil && !c.on(p.Source.Flavor, p.Target.Flavor) || !same && !c.crossing {
				continue
			}
			p.AtSource(c.create(), c.insert())
			p.Apply(c.table())
			source := dbtest.Introspect(t, p.Src, p.From, c.table())
			spec := upsert.Spec{
				Target: dbtest.Introspect(t, p.Dst, p.To, c.table()), Columns: table.Carried(source.Values()),
			}
			for again := range 2 {
				var inserted, unchanged int64
				_, err := scan.ReadPages(t.Context(), p.Src, scan.ReadSpec{
					Table: source, Columns: spec.Columns, Limits: scan.PageLimits{Rows: 7},
				}, func(rows *table.Rows) error {
					out, err := upsert.WriteChunk(t.Context(), p.Dst, spec, rows, nil)
					inserted, unchanged = inserted+out.Inserted, unchanged+out.Unchanged
					return err
				})
				require.NoError(t, err, c.name)
				want, got := c.read(p)
				require.Equal(t, want, got, c.name)
				require.Len(t, got, len(c.values), c.name)
				require.EqualValues(t, len(c.values)*(1-again), inserted, c.name)
				require.EqualValues(t, len(c.values)*again, unchanged, c.name)
			}
		}
	})
}
