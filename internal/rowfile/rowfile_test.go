package rowfile_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/rowfile"
	"github.com/tablehaul/tablehaul/internal/table"
)

// rowsOf makes rows of texts; nil is NULL.
func rowsOf(cols int, values ...[]byte) *table.Rows {
	rows := table.NewRows(cols)
	for _, v := range values {
		rows.Append(v)
	}
	return rows
}

// write makes a file of rows and checks what its summary claims.
func write(tb testing.TB, cols []table.Column, rows *table.Rows, o rowfile.WriterOptions) ([]byte, rowfile.Summary) {
	tb.Helper()
	var file bytes.Buffer
	w, err := rowfile.NewWriter(&file, cols, o)
	require.NoError(tb, err)
	require.NoError(tb, w.Write(rows))
	sum, err := w.Close()
	require.NoError(tb, err)
	require.Equal(tb, int64(rows.Len()), sum.Rows)
	require.Equal(tb, int64(file.Len()), sum.Size)
	require.Equal(tb, hexHash(file.Bytes()), sum.SHA256)
	at, first := int64(4), int64(0)
	for _, c := range sum.Chunks {
		require.Equal(tb, at, c.Offset)
		require.Equal(tb, first, c.FirstRow)
		require.Equal(tb, hexHash(span(file.Bytes(), c.Span)), c.SHA256)
		at += c.Size
		first += c.Rows
	}
	require.Equal(tb, sum.Rows, first)
	require.Equal(tb, at, sum.Footer.Offset)
	require.Equal(tb, sum.Size, at+sum.Footer.Size)
	require.Equal(tb, hexHash(span(file.Bytes(), sum.Footer)), sum.Footer.SHA256)
	return file.Bytes(), sum
}

func hexHash(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

func span(file []byte, s table.Span) []byte { return file[s.Offset : s.Offset+s.Size] }

// requireSame reads every chunk of a file and compares it with the rows that went in.
func requireSame(tb testing.TB, want *table.Rows, file []byte, sum rowfile.Summary, cols []table.Column) {
	tb.Helper()
	row := 0
	for _, c := range sum.Chunks {
		got, err := rowfile.ReadChunk(span(file, sum.Footer), sum.Footer.Offset, span(file, c.Span), c, cols)
		require.NoError(tb, err)
		require.Equal(tb, c.Rows, int64(got.Len()))
		for r := range got.Len() {
			for i := range cols {
				a, b := want.Value(row, i), got.Value(r, i)
				if (a == nil) != (b == nil) || !bytes.Equal(a, b) {
					require.Failf(tb, "value differs", "column %s row %d: %.200q became %.200q (NULL: %t, %t)",
						cols[i].Name, row, a, b, a == nil, b == nil)
				}
			}
			row++
		}
	}
	require.Equal(tb, want.Len(), row)
}

func text(s string) []byte { return append([]byte{}, s...) }
