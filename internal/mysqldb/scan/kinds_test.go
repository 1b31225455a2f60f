package scan_test

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// keyCase is a table by its key and the expressions, over n = 0, 1, 2 …, that fill it.
type keyCase struct{ name, cols, key, exprs string }

// hash is 64 hex digits that look random.
const hash = "SHA2(n, 256)"

// uuidOf is a UUID of a version, as SQL.
func uuidOf(version string) string {
	return "CONCAT(LEFT(" + hash + ",8),'-',SUBSTR(" + hash + ",9,4),'-'," + version + ",SUBSTR(" + hash +
		",14,3),'-a',SUBSTR(" + hash + ",18,3),'-',RIGHT(" + hash + ",12))"
}

func keyWord(collation string) string {
	charset, _, _ := strings.Cut(collation, "_")
	return "a VARCHAR(60) CHARACTER SET " + charset + " COLLATE " + collation
}

const keyNames = "CONCAT(ELT(1+n%9,'anna','Bernd','çelik','Müller','muñoz','Öztürk','Zoë','smith','Smythe')," +
	" ELT(1+(n DIV 9)%5,'',' ','-','é','A'), n)"

// everyFlavorsKeys are keys of both flavors.
var everyFlavorsKeys = []keyCase{
	{"tiny", "a TINYINT, b INT", "a, b", "n % 200 - 100, n"},
	{"biggest", "a BIGINT UNSIGNED", "a", "18446744073709551615 - n * n"},
	{"decimals", "a DECIMAL(65,30)", "a", "(n - 500) * 12345678901234567890.123456789"},
	{"whole", "a DECIMAL(20,0) UNSIGNED", "a", "n * 12345678901"},
	{"padded", "a DECIMAL(10,2) ZEROFILL, b INT ZEROFILL", "a, b", "n DIV 10 / 10, n"},
	{"doubles", "a DOUBLE", "a", "(n - 500) * 1.1e300"},
	{"magnitudes", "a DOUBLE", "a", "EXP((n - 1200) / 5) * IF(n % 2, -1, 1)"},
	{"floats", "a FLOAT", "a", "(n - 500) * 1.1e30"},
	{"bits", "a BIT(64)", "a", "CAST(18446744073709551615 - n*n AS UNSIGNED)"},
	{"years", "a YEAR, b INT", "a, b", "IF(n%200=0, 0, 1901+n%200), n"},
	{
		"dates",
		"a DATE, b INT",
		"a, b",
		"ELT(1+n%4, '0000-00-00', '2024-02-30', '2024-00-15', '1000-01-01' + INTERVAL n DAY), n",
	},
	{
		"stamps",
		"a TIMESTAMP(6)",
		"a",
		"IF(n = 0, 0, TIMESTAMP'2024-10-27 00:30:00' + INTERVAL n*7 SECOND + INTERVAL n MICROSECOND)",
	},
	{
		"moments",
		"a DATETIME(3)",
		"a",
		"IF(n = 0, '9999-12-31 23:59:59.999', TIMESTAMP'2024-10-27 00:30:00' + INTERVAL n*7 SECOND +" +
			" INTERVAL n * 1000 MICROSECOND)",
	},
	{"seconds", "a DATETIME", "a", "TIMESTAMP'2024-10-27 00:30:00' - INTERVAL n*70000 SECOND"},
	{"times", "a TIME(6)", "a", "SEC_TO_TIME((n-2000)*1500) + INTERVAL n MICROSECOND"},
	{"enums", "a ENUM('z','b','','a'), b INT", "a, b", "IF(n < 2000, 1, 1 + n%4), n"},
	{"enumerrors", "a ENUM('z','b'), b INT", "a DESC, b DESC", "n%3, n"},
	{"sets", "a SET('z','b','a'), b INT", "a, b", "n%8, n"},
	{"bigsets", "a SET('z','b','a','d','e','f','g','h','i','j','k','l')", "a", "n"},
	{"bytes", "a VARBINARY(30)", "a", "CONCAT(CHAR(n%256), CHAR(n DIV 256), IF(n%2, ' ', CHAR(0)))"},
	{"fixed", "a BINARY(16)", "a", "UNHEX(LEFT(" + hash + ", 32))"},
	{"shortbytes", "a BINARY(4)", "a", "CONCAT(CHAR(n%256), CHAR(n DIV 256))"},
	{"uuids", "a CHAR(36) CHARACTER SET ascii", "a", uuidOf("4")},
	{"general", keyWord("utf8mb4_general_ci"), "a", keyNames},
	{"unicode", keyWord("utf8mb4_unicode_ci"), "a", keyNames},
	{"codepoints", keyWord("utf8mb4_bin"), "a", keyNames},
	{"latin1", keyWord("latin1_swedish_ci"), "a", keyNames},
	{"german", keyWord("latin1_german1_ci"), "a", "CONCAT(ELT(1+n%5,'é','ß','a','Z','ü'), n)"},
	{"spanish", keyWord("utf8mb4_spanish2_ci"), "a", "CONCAT(ELT(1+n%6,'ch','c','ll','l','ñ','z'), n)"},
	{"threebyte", keyWord("utf8mb3_unicode_ci"), "a", keyNames},
	{"utf16", keyWord("utf16_general_ci"), "a", "CONCAT(ELT(1+n%4,'é','😀','a','Z'), n)"},
	{"sjis", keyWord("sjis_japanese_ci"), "a", "CONCAT(ELT(1+n%3,'ソ','表','A'), n)"},
	{"ucs2", keyWord("ucs2_general_ci"), "a", "CONCAT(ELT(1+n%3,'ж','表','A'), n)"},
	{"padding", "a CHAR(20) COLLATE utf8mb4_general_ci", "a", "CONCAT(n, IF(n%2, '   ', ''))"},
	// The first column has three values to the collation, and nine texts.
	{
		"equals",
		keyWord("utf8mb4_general_ci") + ", b INT",
		"a, b",
		"ELT(1+n%9,'e','É','é ','o','Ö','ó ','','  ',' '), n",
	},
	{"nuls", keyWord("utf8mb4_bin"), "a", "CONCAT(CHAR(0 USING utf8mb4), CHAR(n % 7 USING utf8mb4), n)"},
	{"emoji", keyWord("utf8mb4_unicode_ci"), "a", "CONCAT(n, ELT(1+n%4,'😀','👨‍👩‍👧','🇫🇷','e\u0301'))"},
	{"han", "a VARCHAR(60)", "a", "CONCAT(CHAR(0x4E00 + (n * 7919) % 20000 USING utf16), n)"},
	{"escapes", "a VARCHAR(60)", "a", `CONCAT(ELT(1+n%4, '\\', '\'', '"', '%'), n)`},
	{"falling", "a INT, b VARCHAR(10), c DATE", "a DESC, b, c DESC", "n DIV 1000, n, '2024-01-01'"},
	{
		"mixed",
		"a VARCHAR(20), b INT, c DATE",
		"a, b, c",
		"CONCAT('k', n % 7), n DIV 7, '2024-01-01' + INTERVAL n % 1000 DAY",
	},
}

func everyKey(f servers.Flavor) []keyCase {
	cases := everyFlavorsKeys
	if f == servers.FlavorMySQL {
		return append(
			cases,
			keyCase{"nopad", keyWord("utf8mb4_0900_ai_ci"), "a", "CONCAT(n DIV 2, IF(n%2, ' ', ''))"},
			keyCase{"japanese", keyWord("utf8mb4_ja_0900_as_cs"), "a", "CONCAT(ELT(1+n%4,'か','が','日','本'), n)"},
			keyCase{"cased", keyWord("utf8mb4_0900_as_cs"), "a", "CONCAT(ELT(1+n%4,'e','E','é','É'), n DIV 4)"},
		)
	}
	return append(
		cases,
		keyCase{"nopad", keyWord("utf8mb4_unicode_520_nopad_ci"), "a", "CONCAT(n DIV 2, IF(n%2, ' ', ''))"},
		keyCase{"uuid4", "a UUID", "a", uuidOf("'4'")},
		keyCase{"uuidmix", "a UUID", "a", uuidOf("ELT(1+n%4,'1','4','7','0')")},
		keyCase{"inet6", "a INET6", "a", "INET6_NTOA(UNHEX(LEFT(" + hash + ", 32)))"},
	)
}

// uncut are keys whose comparisons use no index, so that they stay whole.
var uncut = map[string]bool{"bigsets": true}

func TestCutRangesOfEveryKindOfKey(t *testing.T) {
	t.Parallel()
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := dbtest.Lenient(t, s, schema)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		for _, c := range everyKey(s.Flavor) {
			t.Run(c.name, func(t *testing.T) {
				requireAlike(t, admin, db, schema, c, 2500, 8)
			})
		}
	})
}

// requireAlike makes a table of n rows and proves that its ranges hold each row once, and
// about equally many.
func requireAlike(t *testing.T, admin *sql.DB, db *mysqldb.DB, schema string, c keyCase, n, want int) {
	t.Helper()
	dbtest.Exec(t, admin, "CREATE TABLE "+c.name+" ("+c.cols+", v VARCHAR(100), PRIMARY KEY ("+c.key+"))")
	dbtest.Fill(t, admin, c.name, n, c.exprs+", REPEAT('x', 90)")
	tbl := dbtest.Introspect(t, db, schema, c.name)
	ranges, err := scan.CutRanges(t.Context(), db, tbl, want, 10)
	require.NoError(t, err)
	counts, all := readRanges(t, db, tbl, ranges)
	require.Len(t, all, n)
	if uncut[c.name] {
		require.Len(t, ranges, 1)
		return
	}
	require.Greater(t, len(ranges), want/2)
	require.LessOrEqual(t, len(ranges), want)
	for _, rows := range counts {
		require.LessOrEqual(t, rows, 3*n/len(ranges), "%v", counts)
	}
}

func TestCutRangesOfTheWidestKeys(t *testing.T) {
	t.Parallel()
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := dbtest.Lenient(t, s, schema)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		sixteen := strings.Split("a,b,c,d,e,f,g,h,i,j,k,l,m,o,p,q", ",")
		for _, c := range []keyCase{
			{
				"sixteen", strings.Join(sixteen, " INT, ") + " INT", strings.Join(sixteen, ","),
				"1,2,3,4,5,6,7,8,9,10,11,12,13,14,n DIV 100,n",
			},
			{"longword", "a VARCHAR(768) COLLATE utf8mb4_unicode_ci", "a", "CONCAT(REPEAT('ü', 760), LPAD(n * 7," +
				" 8, '0'))"},
			{"longbytes", "a VARBINARY(3072)", "a", "CONCAT(REPEAT(x'ff', 3064), LPAD(n * 7, 8, '0'))"},
			{"unlike", "a VARCHAR(768) COLLATE" +
				" utf8mb4_general_ci", "a", "CONCAT(LEFT(" + hash + ", 2), REPEAT('é', n % 700), n)"},
			{"four", "a CHAR(192), b CHAR(192), c CHAR(192), d CHAR(192)", "a, b, c, d", "'same', 'same', n % 5, n"},
		} {
			t.Run(c.name, func(t *testing.T) { requireAlike(t, admin, db, schema, c, 2000, 6) })
		}
	})
}
