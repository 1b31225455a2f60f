package format_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/files/format"
)

// TestALargeDictionaryOfNumbers is printed row by row, in two row groups. Values that do not fit refuse their rows.
func TestALargeDictionaryOfNumbers(t *testing.T) {
	type row struct {
		ID   int64  `parquet:"id,dict"`
		Name string `parquet:"name,dict"`
	}
	const distinct, n = 6000, 9000
	value := func(i int) int64 {
		if i%distinct == 17 {
			return 1 << 40
		}
		return int64(i%distinct - 100)
	}
	var buf bytes.Buffer
	w := parquet.NewGenericWriter[row](&buf, parquet.Compression(&parquet.Snappy), parquet.DictionaryMaxBytes(1<<20))
	for range 2 {
		for i := range n {
			_, err := w.Write([]row{{value(i), fmt.Sprint("name ", i%distinct)}})
			require.NoError(t, err)
		}
		require.NoError(t, w.Flush())
	}
	require.NoError(t, w.Close())
	rows, bad, err := readAll(t, inMemory(buf.Bytes()), "f.parquet", format.Options{}, pairColumns, format.Position{},
		1000)
	require.NoError(t, err)
	require.Len(t, bad, 2*2)
	require.EqualValues(t, 18, bad[0].Row)
	require.EqualValues(t, 18+distinct, bad[1].Row)
	require.Len(t, rows, 2*n-4)
	at := 0
	for i := range 2 * n {
		if i%n%distinct == 17 {
			continue
		}
		require.Equal(t, []string{fmt.Sprint("=", value(i%n)), fmt.Sprint("=name ", i%n%distinct)}, rows[at])
		at++
	}
}
