package integration_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"
)

// parquetRows are the rows of a Parquet file, each value as its bytes, and the names of its columns.
func parquetRows(t *testing.T, path string) (columns []string, out [][]string) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	f, err := parquet.OpenFile(bytes.NewReader(text), int64(len(text)))
	require.NoError(t, err)
	for _, c := range f.Root().Columns() {
		columns = append(columns, c.Name())
	}
	buf := make([]parquet.Row, 100)
	for _, group := range f.RowGroups() {
		rows := group.Rows()
		for {
			n, err := rows.ReadRows(buf)
			for _, row := range buf[:n] {
				var values []string
				for _, v := range row {
					values = append(values, string(v.Bytes()))
				}
				out = append(out, values)
			}
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
		}
		require.NoError(t, rows.Close())
	}
	return columns, out
}
