package scan_test

import (
	"bytes"
	"context"
	"database/sql/driver"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// typeCase is a column type, values as SQL and the texts that they must be read as.
type typeCase struct {
	typ    string
	values [][2]string
}

func commonTypes() []typeCase {
	return append([]typeCase{
		{"TINYINT", [][2]string{{"-128", "-128"}, {"127", "127"}}},
		{"INT(8) UNSIGNED ZEROFILL", [][2]string{{"42", "42"}, {"0", "0"}, {"4294967295", "4294967295"}}},
		{"BIGINT", [][2]string{{"-9223372036854775808", "-9223372036854775808"}}},
		{"BIGINT UNSIGNED", [][2]string{{"18446744073709551615", "18446744073709551615"}}},
		{"DECIMAL(65,30)", [][2]string{{
			"-12345678901234567890123456789012345.123456789012345678901234567890",
			"-12345678901234567890123456789012345.123456789012345678901234567890",
		}}},
		{"DECIMAL(6,2) ZEROFILL", [][2]string{{"1.1", "1.10"}, {"0", "0.00"}, {"0.5", "0.50"}, {"1234", "1234.00"}}},
		{"DECIMAL(6,0) ZEROFILL", [][2]string{{"0", "0"}, {"70", "70"}}},
		{
			"FLOAT",
			[][2]string{
				{"0.1e0", "0.10000000149011612"},
				{"16777216e0", "1.6777216e+07"},
				{"3.4028234663852886e38", "3.4028234663852886e+38"},
				{"1.401298464324817e-45", "1.401298464324817e-45"},
			},
		},
		{
			"DOUBLE",
			[][2]string{
				{"0.1e0", "0.1"},
				{"1.7976931348623157e308", "1.7976931348623157e+308"},
				{"5e-324", "5e-324"},
				{"0.30000000000000004e0", "0.30000000000000004"},
			},
		},
		{"BIT(1)", [][2]string{{"b'1'", "1"}, {"b'0'", "0"}}},
		{"BIT(64)", [][2]string{{"18446744073709551615", "18446744073709551615"}, {"258", "258"}}},
		{"YEAR", [][2]string{{"0", "0"}, {"1901", "1901"}, {"2155", "2155"}}},
	}, append(commonTimes(), commonTexts()...)...)
}

func commonTimes() []typeCase {
	return []typeCase{
		{
			"DATE",
			[][2]string{
				{"'0000-00-00'", "0000-00-00"},
				{"'2024-02-30'", "2024-02-30"},
				{"'2024-00-15'", "2024-00-15"},
				{"'9999-12-31'", "9999-12-31"},
			},
		},
		{
			"DATETIME(6)",
			[][2]string{
				{"'0000-00-00 00:00:00'", "0000-00-00 00:00:00.000000"},
				{"'9999-12-31 23:59:59.999999'", "9999-12-31 23:59:59.999999"},
			},
		},
		{"DATETIME", [][2]string{{"'2024-03-31 02:30:00'", "2024-03-31 02:30:00"}}},
		{
			"TIMESTAMP(3) NULL",
			[][2]string{
				{"'1970-01-01 00:00:01'", "1970-01-01 00:00:01.000"},
				{"'2038-01-19 03:14:07.999'", "2038-01-19 03:14:07.999"},
				{"'0000-00-00'", "0000-00-00 00:00:00.000"},
			},
		},
		{
			"TIME(6)",
			[][2]string{
				{"'-838:59:59'", "-838:59:59.000000"},
				{"'838:59:58.999999'", "838:59:58.999999"},
				{"'-00:00:00.000001'", "-00:00:00.000001"},
			},
		},
	}
}

// commonTexts are those of commonTypes that are bytes, or text of a character set.
func commonTexts() []typeCase {
	everyByte := make([]byte, 256)
	for i := range everyByte {
		everyByte[i] = byte(i)
	}
	return []typeCase{
		{"VARCHAR(20) CHARACTER SET utf8mb4", [][2]string{{"'é😀  '", "é😀  "}, {"''", ""}, {`'\\\''`, `\'`}}},
		{"CHAR(5) CHARACTER SET latin1", [][2]string{{"'é€'", "é€"}, {"_latin1 x'81'", "\u0081"}}},
		{"TEXT CHARACTER SET utf16", [][2]string{{"'é😀'", "é😀"}}},
		{"VARCHAR(9) CHARACTER SET sjis", [][2]string{{"_sjis x'835c'", "\x83\x5c"}, {"_sjis x'5c'", "\x5c"}}},
		{"VARBINARY(300)", [][2]string{{"x'" + hexOf(everyByte) + "'", string(everyByte)}, {"''", ""}}},
		{"BINARY(4)", [][2]string{{"'a'", "a\x00\x00\x00"}}},
		{"LONGBLOB", [][2]string{{"REPEAT('x', 100000)", strings.Repeat("x", 100000)}}},
		{"ENUM('a','b''c','d\\\\e','x,y')", [][2]string{{"2", "b'c"}, {"3", `d\e`}, {"0", ""}}},
		{"ENUM('a','')", [][2]string{{"'a'", "a"}, {"2", ""}, {"0", "\x00"}}},
		{"ENUM('é','') CHARACTER SET latin1", [][2]string{{"'é'", "é"}, {"2", ""}, {"0", "\x00"}}},
		{"ENUM('ソ','') CHARACTER SET sjis", [][2]string{{"1", "ソ"}, {"2", ""}, {"0", "\x00"}}},
		{"SET('a','b','é')", [][2]string{{"'a,é'", "a,é"}, {"''", ""}}},
		{"POINT", [][2]string{{"ST_GeomFromText('POINT(1 2)')", "\x00\x00\x00\x00\x01\x01\x00\x00\x00" +
			"\x00\x00\x00\x00\x00\x00\xf0?\x00\x00\x00\x00\x00\x00\x00@"}}},
	}
}

func flavorTypes(f servers.Flavor) []typeCase {
	if f == servers.FlavorMariaDB {
		return []typeCase{
			{"UUID", [][2]string{{"'123e4567-e89b-12d3-a456-426655440000'", "123e4567-e89b-12d3-a456-426655440000"}}},
			{"INET6", [][2]string{{"'2001:db8::ff00:42:8329'", "2001:db8::ff00:42:8329"}}},
			{"INET4", [][2]string{{"'192.0.2.1'", "192.0.2.1"}}},
			{"JSON", [][2]string{{`'{"b": 1, "a":2}'`, `{"b": 1, "a":2}`}}},
		}
	}
	return []typeCase{
		{"FLOAT", [][2]string{{"-0e0", "-0"}}}, // MariaDB has no negative zero
		{"DOUBLE", [][2]string{{"-0e0", "-0"}}},
		{"JSON", [][2]string{{`'{"b": 18446744073709551615, "a":"é😀"}'`, `{"a": "é😀", "b": 18446744073709551615}`}}},
		{"VECTOR(2)", [][2]string{{"STRING_TO_VECTOR('[1,2]')", "\x00\x00\x80?\x00\x00\x00@"}}},
	}
}

func hexOf(b []byte) string {
	const digits = "0123456789abcdef"
	var out bytes.Buffer
	for _, c := range b {
		out.WriteByte(digits[c>>4])
		out.WriteByte(digits[c&15])
	}
	return out.String()
}

// viaDriver reads as an encrypted connection does: the driver converts the values.
type viaDriver struct{ *mysqldb.DB }

func (d viaDriver) QueryRaw(ctx context.Context, f func(driver.QueryerContext) error) error {
	return d.DB.QueryRaw(ctx, func(q driver.QueryerContext) error {
		if _, ok := q.(mysqldb.TextQueryer); !ok {
			return errors.New("a connection cannot send a query whose rows are text")
		}
		return f(struct{ driver.QueryerContext }{q})
	})
}

func TestReadPagesReadsEveryTypeExactly(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := dbtest.Lenient(t, s, schema)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		for i, c := range append(commonTypes(), flavorTypes(s.Flavor)...) {
			name := "t" + string(rune('a'+i/26)) + string(rune('a'+i%26))
			dbtest.Exec(
				t,
				admin,
				"CREATE TABLE "+name+" (id INT PRIMARY KEY AUTO_INCREMENT, v "+c.typ+")",
				"INSERT INTO "+name+" (v) VALUES (NULL)",
			)
			for _, v := range c.values {
				dbtest.Exec(t, admin, "INSERT INTO "+name+" (v) VALUES ("+v[0]+")")
			}
			tbl := dbtest.Introspect(t, db, schema, name)
			require.NotEqual(t, table.KindUnsupported, tbl.Columns[1].Kind, c.typ)
			for way, reader := range map[string]mysqldb.Reader{"plain": db, "as if encrypted": viaDriver{db}} {
				got, _ := dbtest.ReadAll(t, reader, scan.ReadSpec{Table: tbl, ByKey: true, Columns: tbl.Values()[1:]})
				require.Equal(t, "NULL", got[0], c.typ)
				for n, v := range c.values {
					require.Equal(t, v[1], got[n+1], "%s, %s: %.60s", way, c.typ, v[0])
				}
			}
		}
	})
}
