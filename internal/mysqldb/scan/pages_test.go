package scan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

func TestReadPagesReadsTenThousandRowsOfOneSecondOnce(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := dbtest.Lenient(t, s, schema)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		for name, key := range map[string]string{
			"plain": "KEY k (u)", "withkey": "KEY k (u, id)", "extra": "KEY k (u, pad)", "descending": "KEY k (u DESC)",
		} {
			dbtest.Exec(
				t,
				admin,
				"CREATE TABLE "+name+" (id INT PRIMARY KEY, u DATETIME NOT NULL, pad VARCHAR(20), "+key+")",
			)
			dbtest.Fill(
				t,
				admin,
				name,
				12000,
				"n, IF(n < 1000, '2024-01-01 00:00:00', IF(n < 11000, '2024-01-01 00:00:01', '2024-01-01"+
					" 00:00:02')), LEFT(SHA2(n, 256), 20)",
			)
			tbl := dbtest.Introspect(t, db, schema, name)
			spec := scan.ReadSpec{
				Table:   tbl,
				Columns: tbl.Values()[:2],
				Cursor:  "u",
				Limits:  scan.PageLimits{Rows: 1000, MaxBytes: 60000},
				Window:  table.Window{Lo: "2024-01-01 00:00:00", Hi: "2024-01-01 00:00:01"},
			}
			rows, stats := dbtest.ReadAll(t, db, spec)
			require.Equal(t, "k", stats.Index, name)
			seen := map[string]bool{}
			for _, r := range rows {
				require.False(t, seen[r], "%s: %s twice", name, r)
				seen[r] = true
				require.True(t, strings.HasSuffix(r, "|2024-01-01 00:00:01"), r)
			}
			require.Len(t, seen, 10000, name)
			again, pieces := dbtest.ReadInPieces(t, db, spec, 1)
			require.Equal(t, rows, again, name)
			require.Greater(t, pieces, 2, name)
			// Linear: each row is selected about once, in every kind of index.
			require.LessOrEqual(t, stats.Statements, 3*stats.Pages, name)
		}
	})
}

func pagedKeys(flavor servers.Flavor) []keyCase {
	noPad := "utf8mb4_0900_ai_ci"
	if flavor == servers.FlavorMariaDB {
		noPad = "utf8mb4_unicode_520_nopad_ci"
	}
	return []keyCase{
		{"composite", "a INT NOT NULL, b VARCHAR(20) NOT NULL, c INT" +
			" NOT NULL", "a, b, c", "n DIV 100, CONCAT('k', n DIV 7), n"},
		{"latin1", "a VARCHAR(30) CHARACTER SET latin1 COLLATE latin1_german1_ci" +
			" NOT NULL", "a", "CONCAT(ELT(1+n%5,'é','ß','a','Z','ü'), n)"},
		{
			"nopad", "a VARCHAR(30) CHARACTER SET utf8mb4 COLLATE " + noPad + " NOT NULL", "a",
			"CONCAT(ELT(1+n%4,'😀','é','A','日本'), n, IF(n%2,' ',''))",
		},
		{"general", "a VARCHAR(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci" +
			" NOT NULL", "a", "CONCAT(ELT(1+n%4,'😀','é','A','\\\\\\''), n)"},
		{"utf8mb3", "a CHAR(30) CHARACTER SET utf8mb3 COLLATE utf8mb3_unicode_ci" +
			" NOT NULL", "a", "CONCAT(ELT(1+n%3,'ñ','é','A'), n)"},
		{"sjis", "a VARCHAR(30) CHARACTER SET sjis NOT NULL", "a", "CONCAT(ELT(1+n%3,'ソ','表','A'), n)"},
		{"bin", "a VARBINARY(30) NOT NULL", "a", "CONCAT(CHAR(n%256), CHAR(n DIV 256), IF(n%2, ' ', CHAR(0)))"},
		{"fixedbin", "a BINARY(4) NOT NULL", "a", "CONCAT(CHAR(n%256), CHAR(n DIV 256))"},
		{"descending", "a INT NOT NULL, b INT NOT NULL", "a DESC, b", "n DIV 10, n"},
		{"enum", "a ENUM('z','b','','a') NOT NULL, b INT NOT NULL", "a, b", "1 + n%4, n"},
		{"enumdesc", "a ENUM('z','b','a') NOT NULL, b INT NOT NULL", "a DESC, b DESC", "1 + n%3, n"},
		{"sets", "a SET('z','b','a','d','e','f','g','h','i','j','k','l') NOT NULL", "a", "n"},
		{"bits", "a BIT(64) NOT NULL", "a", "CAST(18446744073709551615 - n*n AS UNSIGNED)"},
		{"biggest", "a BIGINT UNSIGNED NOT NULL", "a", "18446744073709551615 - n"},
		{"smallest", "a BIGINT NOT NULL", "a", "CAST(-9223372036854775808 + n AS SIGNED)"},
		{"decimals", "a DECIMAL(65,30) NOT NULL", "a", "(n-150) * 12345678901234567890.123456789"},
		{"padded", "a DECIMAL(10,2) ZEROFILL NOT NULL, b INT ZEROFILL", "a", "n/10, n"},
		{"doubles", "a DOUBLE NOT NULL", "a", "(n-150) * 1.1e300"},
		{"floats", "a FLOAT NOT NULL", "a", "(n-150) * 1.1e30"},
		{"years", "a YEAR NOT NULL, b INT NOT NULL", "a, b", "IF(n%200=0, 0, 1900+n%200), n"},
		{"times", "a TIME(6) NOT NULL", "a", "SEC_TO_TIME((n-150)*6000) + INTERVAL n MICROSECOND"},
		{"dates", "a DATE NOT NULL, b INT NOT NULL", "a, b", "IF(n%3, '0000-00-00', '2024-02-30'), n"},
		{"stamps", "a TIMESTAMP(6) NOT NULL", "a", "TIMESTAMP'2024-10-27 00:30:00' + INTERVAL n*7 SECOND +" +
			" INTERVAL n MICROSECOND"},
		{"moments", "a DATETIME(6) NOT NULL", "a", "TIMESTAMP'2024-10-27 00:30:00' + INTERVAL n*7 SECOND +" +
			" INTERVAL n MICROSECOND"},
	}
}

func TestReadPagesAgreesWithOneSelect(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := dbtest.Lenient(t, s, schema)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		for _, c := range pagedKeys(s.Flavor) {
			t.Run(c.name, func(t *testing.T) {
				dbtest.Exec(t, admin, "CREATE TABLE "+c.name+" ("+c.cols+", v INT, PRIMARY KEY ("+c.key+"))")
				dbtest.Fill(t, admin, c.name, 300, c.exprs+", n")
				tbl := dbtest.Introspect(t, db, schema, c.name)
				for _, rows := range []int{7, 100} {
					spec := scan.ReadSpec{
						Table:   tbl,
						ByKey:   true,
						Columns: tbl.Values()[len(tbl.Columns)-1:],
						Limits: scan.PageLimits{
							Rows:     rows,
							MaxTime:  time.Duration(rows) * time.Second,
							MaxBytes: 10 * rows,
						},
					}
					got, stats := dbtest.ReadAll(t, db, spec)
					require.Equal(t, "PRIMARY", stats.Index)
					want := dbtest.Texts(t, admin, "SELECT v FROM "+c.name+" ORDER BY "+c.key)
					require.Equal(t, want, got, "pages of %d", rows)
					got, _ = dbtest.ReadInPieces(t, db, spec, 2)
					require.Equal(t, want, got, "two pages of %d at a time", rows)
				}
			})
		}
	})
}
