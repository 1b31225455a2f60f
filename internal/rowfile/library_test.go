package rowfile_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/rowfile"
	"github.com/tablehaul/tablehaul/internal/table"
)

// TestTheLibraryReadsItToo compares our pages and statistics with what the Parquet library
// makes of them, without Python.
func TestTheLibraryReadsItToo(t *testing.T) {
	rows := orders(2_000)
	file, sum := write(t, orderColumns, rows, rowfile.WriterOptions{
		ChunkRows: 1500,
		Meta:      map[string]string{"b": "2", "a": "1", "tablehaul.columns": "no"},
	})
	f, err := parquet.OpenFile(bytes.NewReader(file), int64(len(file)))
	require.NoError(t, err)
	require.Equal(t, int64(2_000), f.NumRows())
	meta, ok := f.Lookup("tablehaul.columns")
	require.True(t, ok)
	var cols []table.Column
	require.NoError(t, json.Unmarshal([]byte(meta), &cols))
	require.Equal(t, orderColumns, cols)
	a, _ := f.Lookup("a")
	require.Equal(t, "1", a)
	require.Len(t, f.RowGroups(), len(sum.Chunks))
	row := 0
	for i, g := range f.RowGroups() {
		require.Equal(t, sum.Chunks[i].Rows, g.NumRows())
		it := g.Rows()
		buf := make([]parquet.Row, 100)
		for {
			n, err := it.ReadRows(buf)
			for _, r := range buf[:n] {
				require.Equal(t, string(rows.Value(row, 0)), fmt.Sprint(r[0].Uint64()))
				require.Equal(t, string(rows.Value(row, 2)), string(r[2].ByteArray()))
				require.Equal(t, rows.Value(row, 4) == nil, r[4].IsNull())
				row++
			}
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
		}
		require.NoError(t, it.Close())
	}
	require.Equal(t, rows.Len(), row)
	stats := f.Metadata().RowGroups[1].Columns
	require.Equal(t, []byte{0x1c, 0x48, 0x0f, 0, 0, 0, 0, 0}, stats[0].MetaData.Statistics.MinValue) // 1,001,500
	require.Equal(t, []byte{0x0f, 0x4a, 0x0f, 0, 0, 0, 0, 0}, stats[0].MetaData.Statistics.MaxValue) // 1,001,999
	require.Equal(t, int64(125), stats[4].MetaData.Statistics.NullCount)
	require.Nil(t, stats[5].MetaData.Statistics.MinValue)
}

// TestDecimalsAgreeWithBigNumbers writes random decimals of every size and compares their
// bytes in the file with what math/big makes of the text.
func TestDecimalsAgreeWithBigNumbers(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for precision := 1; precision <= 65; precision++ {
		scale := random.IntN(min(precision, 30) + 1)
		cols := []table.Column{{Name: "d", Kind: table.KindDecimal, Precision: precision, Scale: scale}}
		rows := table.NewRows(1)
		limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(precision)), nil)
		values := []*big.Int{new(big.Int), big.NewInt(1), new(big.Int).Sub(limit, big.NewInt(1))}
		for range 40 {
			digits := make([]byte, 1+random.IntN(precision))
			for d := range digits {
				digits[d] = byte('0' + random.IntN(10))
			}
			v, ok := new(big.Int).SetString(string(digits), 10)
			require.True(t, ok)
			values = append(values, v)
		}
		for i := range values {
			if i%2 == 1 && values[i].Sign() != 0 {
				values[i].Neg(values[i])
			}
			digits := fmt.Sprintf("%0*s", scale+1, new(big.Int).Abs(values[i]).String())
			s := digits[:len(digits)-scale]
			if scale > 0 {
				s += "." + digits[len(digits)-scale:]
			}
			if values[i].Sign() < 0 {
				s = "-" + s
			}
			rows.Append([]byte(s))
		}
		file, sum := write(t, cols, rows, rowfile.WriterOptions{})
		requireSame(t, rows, file, sum, cols)
		f, err := parquet.OpenFile(bytes.NewReader(file), int64(len(file)))
		require.NoError(t, err)
		it := f.RowGroups()[0].Rows()
		buf := make([]parquet.Row, len(values)+1)
		n, err := it.ReadRows(buf)
		require.ErrorIs(t, err, io.EOF)
		require.Equal(t, len(values), n)
		for i, r := range buf[:n] {
			require.False(t, r[0].IsNull(), "decimal(%d,%d): %s has a typed form", precision, scale, values[i])
			require.Zero(t, values[i].Cmp(bigOf(r[0])), "decimal(%d,%d): %s", precision, scale, values[i])
		}
		require.NoError(t, it.Close())
	}
}

func bigOf(v parquet.Value) *big.Int {
	switch v.Kind() {
	case parquet.Int32:
		return big.NewInt(int64(v.Int32()))
	case parquet.Int64:
		return big.NewInt(v.Int64())
	default:
		b := v.ByteArray()
		n := new(big.Int).SetBytes(b)
		if b[0]&0x80 != 0 {
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(len(b)*8)))
		}
		return n
	}
}
