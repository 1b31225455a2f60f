package rowfile_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/rowfile"
	"github.com/tablehaul/tablehaul/internal/table"
)

// extremes are columns of every kind and the texts that MySQL and MariaDB print at their ends.
var extremes = []struct {
	col   table.Column
	texts []string
	// aside are texts that have no typed form and travel in the companion.
	aside []string
}{
	{col: table.Column{Type: "tinyint", Kind: table.KindInt, Bits: 8}, texts: []string{"-128", "0", "127", "-1", "9"}},
	{col: table.Column{Type: "smallint", Kind: table.KindInt, Bits: 16}, texts: []string{"-32768", "0", "32767"}},
	{col: table.Column{Type: "mediumint", Kind: table.KindInt, Bits: 24}, texts: []string{"-8388608", "0", "8388607"}},
	{col: table.Column{Type: "int", Kind: table.KindInt, Bits: 32}, texts: []string{"-2147483648", "-1", "2147483647"}},
	{
		col:   table.Column{Type: "bigint", Kind: table.KindInt, Bits: 64},
		texts: []string{"-9223372036854775808", "-1", "0", "9223372036854775807"},
	},
	{col: table.Column{Type: "tinyint unsigned", Kind: table.KindUint, Bits: 8}, texts: []string{"0", "255"}},
	{col: table.Column{Type: "smallint unsigned", Kind: table.KindUint, Bits: 16}, texts: []string{"0", "65535"}},
	{col: table.Column{Type: "mediumint unsigned", Kind: table.KindUint, Bits: 24}, texts: []string{"0", "16777215"}},
	{
		col:   table.Column{Type: "int unsigned", Kind: table.KindUint, Bits: 32},
		texts: []string{"0", "2147483648", "4294967295"},
	},
	{
		col:   table.Column{Type: "bigint unsigned", Kind: table.KindUint, Bits: 64},
		texts: []string{"0", "9223372036854775808", "18446744073709551615"},
	},
	{col: table.Column{Type: "bit(1)", Kind: table.KindBit, Bits: 1}, texts: []string{"0", "1"}},
	{col: table.Column{Type: "bit(64)", Kind: table.KindBit, Bits: 64}, texts: []string{"0", "18446744073709551615"}},
	{
		col:   table.Column{Type: "decimal(2,2)", Kind: table.KindDecimal, Precision: 2, Scale: 2},
		texts: []string{"-0.99", "0.00", "0.99"}, aside: []string{"-0.00", "1.00", ".99", "0.9", "00.10"},
	},
	{
		col:   table.Column{Type: "decimal(9,0)", Kind: table.KindDecimal, Precision: 9},
		texts: []string{"-999999999", "0", "999999999", "10"}, aside: []string{"1000000000", "-0", "01", "1."},
	},
	{
		col:   table.Column{Type: "decimal(18,4) zerofill", Kind: table.KindDecimal, Precision: 18, Scale: 4},
		texts: []string{"-99999999999999.9999", "0.0001", "99999999999999.9999"},
		aside: []string{"00000000000001.1000"},
	},
	{
		col:   table.Column{Type: "decimal(19,0)", Kind: table.KindDecimal, Precision: 19},
		texts: []string{"-9999999999999999999", "0", "-1", "9999999999999999999"},
	},
	{
		col: table.Column{Type: "decimal(38,38)", Kind: table.KindDecimal, Precision: 38, Scale: 38},
		// 38 fraction digits are more than MySQL has, and decoders meet them elsewhere.
		texts: []string{"-0." + strings.Repeat("9", 38), "0." + strings.Repeat("0", 37) + "1"},
	},
	{
		col: table.Column{Type: "decimal(65,30)", Kind: table.KindDecimal, Precision: 65, Scale: 30},
		texts: []string{
			"-" + strings.Repeat("9", 35) + "." + strings.Repeat("9", 30),
			strings.Repeat("9", 35) + "." + strings.Repeat("9", 30),
			"0." + strings.Repeat("0", 30), "-0." + strings.Repeat("0", 29) + "1",
			"10000000000000000000." + strings.Repeat("0", 30),
		},
		aside: []string{strings.Repeat("9", 36) + "." + strings.Repeat("9", 30), "-0." + strings.Repeat("0", 30)},
	},
	{
		col:   table.Column{Type: "decimal(65,0)", Kind: table.KindDecimal, Precision: 65},
		texts: []string{"-" + strings.Repeat("9", 65), strings.Repeat("9", 65), "0"},
		aside: []string{"1" + strings.Repeat("0", 65)},
	},
	{
		col: table.Column{Type: "float", Kind: table.KindFloat},
		texts: []string{
			"0", "-0", "1.5", "3.4028234663852886e+38", "-1.401298464324817e-45", "0.10000000149011612",
			"1.6777216e+07",
		},
		aside: []string{"0.1", "1e39", "NaN", "1.0", "+1", "16777217", ""},
	},
	{
		col:   table.Column{Type: "double", Kind: table.KindDouble},
		texts: []string{"0", "-0", "0.1", "1.7976931348623157e+308", "-5e-324", "2.2250738585072014e-308", "1e+20"},
		aside: []string{"1e20", "0.10", "NaN", "nan", "1_000", "0x1p-2", "1e999", strings.Repeat("1", 60)},
	},
	{
		col: table.Column{Type: "year", Kind: table.KindYear}, texts: []string{"0", "1901", "2155"},
		aside: []string{"0000", "05", "70000"},
	},
	{
		col: table.Column{Type: "date", Kind: table.KindDate},
		texts: []string{
			"0001-01-01", "1969-12-31", "1970-01-01", "2000-02-29", "2024-02-29", "2024-12-31",
			"9999-12-31",
		},
		aside: []string{
			"0000-00-00", "2024-02-30", "2023-02-29", "1900-02-29", "2024-00-15", "2024-01-00",
			"0000-01-01", "2024-13-01", "2024-1-1", "", "2024-01-0a",
		},
	},
	{
		col:   table.Column{Type: "datetime", Kind: table.KindDateTime},
		texts: []string{"0001-01-01 00:00:00", "1969-12-31 23:59:59", "9999-12-31 23:59:59"},
		aside: []string{
			"0000-00-00 00:00:00", "2024-02-30 01:02:03", "2024-01-01 24:00:00",
			"2024-01-01 00:00:00.000000", "2024-01-01T00:00:00",
		},
	},
	{
		col:   table.Column{Type: "datetime(6)", Kind: table.KindDateTime, Precision: 6},
		texts: []string{"0001-01-01 00:00:00.000001", "1969-12-31 23:59:59.999999", "9999-12-31 23:59:59.999999"},
		aside: []string{"0000-00-00 00:00:00.000000", "2024-01-01 00:00:00", "2024-01-01 00:00:00.00000a"},
	},
	{
		col:   table.Column{Type: "timestamp(3)", Kind: table.KindTimestamp, Precision: 3},
		texts: []string{"1970-01-01 00:00:01.000", "2038-01-19 03:14:07.999", "2106-02-07 06:28:15.120"},
		aside: []string{"0000-00-00 00:00:00.000"},
	},
	{
		col:   table.Column{Type: "time", Kind: table.KindTime},
		texts: []string{"00:00:00", "23:59:59"}, aside: []string{
			"-838:59:59", "838:59:59", "24:00:00", "-00:00:01",
			"100:00:00",
		},
	},
	{
		col:   table.Column{Type: "time(6)", Kind: table.KindTime, Precision: 6},
		texts: []string{"00:00:00.000000", "23:59:59.999999", "12:30:00.000001"},
		aside: []string{"-838:59:59.000000", "838:59:59.000000", "-00:00:00.000001"},
	},
	{
		col:   table.Column{Type: "varchar(20)", Kind: table.KindString, Charset: "utf8mb4"},
		texts: []string{"", " ", "a ", "Größe", "😀😀", "NULL", "\x00", "a\x00b", "\ufeff", "\\N"},
		aside: []string{"\xff", "a\xc3", "\xed\xa0\x80"},
	},
	{
		col:   table.Column{Type: "varchar(20)", Kind: table.KindString, Charset: "sjis", RawCharset: true},
		texts: []string{"", "\x83\x5c", "\xff\xfe", "a"},
	},
	{
		col:   table.Column{Type: "blob", Kind: table.KindBytes},
		texts: []string{"", "\x00", "\x00\xff\xfe'\"\\\n\r\x1a", allBytes()},
	},
	{
		col:   table.Column{Type: "enum('','a','b')", Kind: table.KindEnum, Members: []string{"", "a", "b"}},
		texts: []string{"", "a", "b", "\x00"}, aside: []string{"\xe4"},
	},
	{
		col:   table.Column{Type: "set('x','y')", Kind: table.KindSet, Members: []string{"x", "y"}},
		texts: []string{"", "x", "x,y"}, aside: []string{"\xe4"},
	},
	{
		col:   table.Column{Type: "json", Kind: table.KindJSON},
		texts: []string{"null", `{"a": 1, "b": [1.5, "😀"], "n": 123456789012345678901234567890}`, `""`},
		aside: []string{"\xff"},
	},
	{
		col: table.Column{Type: "geometry", Kind: table.KindGeometry},
		texts: []string{"\xe6\x10\x00\x00\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\xf0\x3f" +
			"\x00\x00\x00\x00\x00\x00\x00\x40"},
	},
	{
		col: table.Column{Type: "uuid", Kind: table.KindUUID}, texts: []string{"123e4567-e89b-12d3-a456-426655440000"},
		aside: []string{"\xff"},
	},
	{
		col:   table.Column{Type: "inet6", Kind: table.KindInet},
		texts: []string{"::", "2001:db8::ff00:42:8329", "::ffff:192.0.2.1"}, aside: []string{"\xff"},
	},
}

func allBytes() string {
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(i)
	}
	return string(b)
}

// extremeColumns has every kind twice: nullable and not.
func extremeColumns() []table.Column {
	var cols []table.Column
	for i, e := range extremes {
		for _, nullable := range []bool{false, true} {
			col := e.col
			col.Name, col.Nullable = fmt.Sprintf("c%d %s %t", i, col.Type, nullable), nullable
			cols = append(cols, col)
		}
	}
	return cols
}

func TestEveryTextComesBackAsItWas(t *testing.T) {
	cols := extremeColumns()
	rows := table.NewRows(len(cols))
	for r := range 24 {
		for i, col := range cols {
			e := extremes[i/2]
			texts := append(append([]string{}, e.texts...), e.aside...)
			if col.Nullable && r%5 == 4 {
				rows.AppendNull()
				continue
			}
			rows.Append(text(texts[(r+r/5)%len(texts)]))
		}
	}
	for _, compression := range rowfile.Compressions() {
		for _, chunk := range []int{1, 7, 100} {
			file, sum := write(t, cols, rows, rowfile.WriterOptions{Compression: compression, ChunkRows: chunk})
			require.Len(t, sum.Chunks, (24+chunk-1)/chunk)
			requireSame(t, rows, file, sum, cols)
		}
	}
}

// TestEveryKindCarriesAnyBytes is the invariant itself: any text at all comes back, for every
// kind but integers, which either come back or are refused by the column's name.
func TestEveryKindCarriesAnyBytes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for i, e := range extremes {
		col := e.col
		col.Name, col.Nullable = "c", i%2 == 0
		integer := col.Kind == table.KindInt || col.Kind == table.KindUint || col.Kind == table.KindBit
		for range 300 {
			rows := table.NewRows(1)
			rows.Append(mutate(random, append(e.texts, e.aside...)))
			var file strings.Builder
			w, err := rowfile.NewWriter(&file, []table.Column{col}, rowfile.WriterOptions{})
			require.NoError(t, err)
			if err := w.Write(rows); integer && err != nil {
				require.ErrorIs(t, err, rowfile.ErrValue)
				require.ErrorContains(t, err, `"c"`)
				continue
			}
			sum, err := w.Close()
			require.NoError(t, err)
			requireSame(t, rows, []byte(file.String()), sum, []table.Column{col})
		}
	}
}

// mutate makes a text that is nearly right, or any bytes at all.
func mutate(random *rand.Rand, texts []string) []byte {
	b := text(texts[random.IntN(len(texts))])
	for range random.IntN(3) {
		switch n := random.IntN(len(b) + 1); random.IntN(4) {
		case 0:
			b = append(b[:n:n], append([]byte{byte(random.IntN(256))}, b[n:]...)...)
		case 1:
			b = append(b[:n:n], append([]byte{"0123456789-.: e"[random.IntN(15)]}, b[n:]...)...)
		case 2:
			if n < len(b) {
				b = append(b[:n:n], b[n+1:]...)
			}
		case 3:
			if n < len(b) {
				b[n] = "0123456789-.: e\x00\xff"[random.IntN(17)]
			}
		}
	}
	return b
}

func TestIntegersThatAreNoneAreRefusedByColumn(t *testing.T) {
	for _, c := range []struct {
		col  table.Column
		text string
	}{
		{table.Column{Kind: table.KindInt, Bits: 8}, "128"},
		{table.Column{Kind: table.KindInt, Bits: 8}, "-129"},
		{table.Column{Kind: table.KindInt, Bits: 64}, "9223372036854775808"},
		{table.Column{Kind: table.KindInt, Bits: 64}, "-9223372036854775809"},
		{table.Column{Kind: table.KindUint, Bits: 64}, "18446744073709551616"},
		{table.Column{Kind: table.KindUint, Bits: 64}, "99999999999999999999"},
		{table.Column{Kind: table.KindUint, Bits: 32}, "007"},
		{table.Column{Kind: table.KindInt, Bits: 32}, "-0"},
		{table.Column{Kind: table.KindInt, Bits: 32}, "-"},
		{table.Column{Kind: table.KindInt, Bits: 32}, ""},
		{table.Column{Kind: table.KindUint, Bits: 32}, "-1"},
	} {
		c.col.Name = "qty"
		w, err := rowfile.NewWriter(&strings.Builder{}, []table.Column{c.col}, rowfile.WriterOptions{})
		require.NoError(t, err)
		err = w.Write(rowsOf(1, text(c.text)))
		require.ErrorIs(t, err, rowfile.ErrValue, "%q", c.text)
		require.ErrorContains(t, err, `column "qty"`)
		_, again := w.Close()
		require.Equal(t, err, again)
	}
}
