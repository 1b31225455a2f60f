package format_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/files/format"
)

// counting counts the bytes that are read of a file.
type counting struct {
	format.File
	bytes int64
}

func (c *counting) ReadAt(p []byte, at int64) (int, error) {
	n, err := c.File.ReadAt(p, at)
	c.bytes += int64(n)
	return n, err
}

// parkRows are texts that do not compress to nothing.
func parkRows(n int) (lines, csv string) {
	var l, c strings.Builder
	c.WriteString("id,name\n")
	for i := range n {
		fmt.Fprintf(&l, "{\"id\":%d,\"name\":\"%x\"}\n", i, i*7919*7919)
		fmt.Fprintf(&c, "%d,%x\n", i, i*7919*7919)
	}
	return l.String(), c.String()
}

// TestAParkedReaderGoesOn reads a compressed file in slices, each with a file of its own. It reads the file once.
func TestAParkedReaderGoesOn(t *testing.T) {
	lines, csv := parkRows(2000)
	array := "[" + strings.ReplaceAll(strings.TrimSuffix(lines, "\n"), "\n", ",\n") + "]"
	for name, text := range map[string]string{"f.jsonl": lines, "f.csv": csv, "f.json": array} {
		want, _, err := readAll(t, inMemory([]byte(text)), name, splitOptions, pairColumns, format.Position{}, 100)
		require.NoError(t, err)
		for by := range compressors {
			b := compressed(t, by, text)
			f := &counting{File: inMemory(b)}
			r, err := format.Open(t.Context(), f, name, splitOptions, pairColumns, format.Position{})
			require.NoError(t, err)
			var got [][]string
			for {
				rows, bad, err := r.Next(t.Context(), 77)
				if errors.Is(err, io.EOF) {
					break
				}
				require.NoError(t, err)
				require.Empty(t, bad)
				got = append(got, texts(rows)...)
				rows.Return()
				at := r.Position()
				parked, err := format.Park(r)
				require.NoError(t, err)
				require.NotNil(t, parked)
				require.Positive(t, parked.Bytes())
				require.Less(t, parked.Bytes(), int64(20<<20), "%s", by)
				f = &counting{File: f.File, bytes: f.bytes}
				r, err = parked.Resume(t.Context(), f, at)
				require.NoError(t, err)
				require.Equal(t, at, r.Position())
			}
			require.NoError(t, r.Close())
			require.Equal(t, want, got, "%s, %s", name, by)
			require.Less(t, f.bytes, int64(len(b)+1000), "%s, %s: it is read once", name, by)
		}
	}
}

// TestAParkedReaderPassesOverRows of slices that another worker has read, and goes back for none.
func TestAParkedReaderPassesOverRows(t *testing.T) {
	lines, _ := parkRows(2000)
	open := func() (format.Reader, format.File) {
		f := inMemory(compressed(t, "gzip", lines))
		r, err := format.Open(t.Context(), f, "f.jsonl", splitOptions, pairColumns, format.Position{})
		require.NoError(t, err)
		return r, f
	}
	next := func(r format.Reader) (string, format.Position) {
		rows, _, err := r.Next(t.Context(), 100)
		require.NoError(t, err)
		return string(rows.Value(0, 0)), r.Position()
	}
	other, f := open()
	var at [3]format.Position
	for i := range at {
		_, at[i] = next(other)
	}
	require.NoError(t, other.Close())
	r, _ := open()
	next(r)
	parked, err := format.Park(r)
	require.NoError(t, err)
	r, err = parked.Resume(t.Context(), f, at[2])
	require.NoError(t, err)
	first, end := next(r)
	require.Equal(t, "300", first)
	require.EqualValues(t, 400, end.Row)
	parked, err = format.Park(r)
	require.NoError(t, err)
	_, err = parked.Resume(t.Context(), f, at[2])
	require.ErrorIs(t, err, format.ErrBehind)
}

// TestWhatIsNotParked begins at any position as fast, or cannot go on.
func TestWhatIsNotParked(t *testing.T) {
	lines, _ := parkRows(10)
	for _, f := range []struct {
		name string
		file format.File
	}{
		{"f.jsonl", inMemory([]byte(lines))}, {"pyarrow.parquet", load(t, "pyarrow.parquet")},
	} {
		cols := pairColumns
		if f.name == "pyarrow.parquet" {
			cols = makersColumns
		}
		r, err := format.Open(t.Context(), f.file, f.name, splitOptions, cols, format.Position{})
		require.NoError(t, err)
		parked, err := format.Park(r)
		require.NoError(t, err)
		require.Nil(t, parked)
	}
	broken := errors.New("connection reset")
	long, _ := parkRows(400_000)
	b := compressed(t, "snappy", long)
	r, err := format.Open(t.Context(), shrinking{memory: inMemory(b), size: int64(len(b)), err: broken}, "f.jsonl.sz",
		splitOptions, pairColumns, format.Position{})
	require.NoError(t, err)
	parked, err := format.Park(r)
	require.NoError(t, err)
	require.Nil(t, parked, "the block ahead could not be read")
}

// parkedRows reads a file in slices of 7 rows, each with a reader that was parked, as far as it is read at all.
func parkedRows(t *testing.T, f format.File, name string) (rows [][]string, err error) {
	t.Helper()
	r, err := format.Open(t.Context(), f, name, splitOptions, pairColumns, format.Position{})
	for err == nil {
		got, _, refused := r.Next(t.Context(), 7)
		if refused != nil {
			require.NoError(t, r.Close())
			if errors.Is(refused, io.EOF) {
				return rows, nil
			}
			return rows, refused
		}
		rows = append(rows, texts(got)...)
		got.Return()
		at := r.Position()
		parked, stopped := format.Park(r)
		require.NoError(t, stopped)
		if parked == nil {
			r, err = format.Open(t.Context(), f, name, splitOptions, pairColumns, at)
			continue
		}
		r, err = parked.Resume(t.Context(), f, at)
	}
	return rows, err
}

// FuzzParked reads compressed texts, damaged ones too, in slices as in one go.
func FuzzParked(f *testing.F) {
	lines, csv := parkRows(40)
	for by := range compressors {
		one := compressed(f, by, lines)
		f.Add(one)
		f.Add(append(one[:len(one):len(one)], one...))
		f.Add(one[:len(one)/2])
		f.Add(compressed(f, by, csv))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, name := range []string{"f.jsonl", "f.csv", "f.json"} {
			want, _, err := readAll(t, inMemory(b), name, splitOptions, pairColumns, format.Position{}, 7)
			got, wrong := parkedRows(t, inMemory(b), name)
			require.Equal(t, want, got, name)
			if err != nil {
				require.True(t, isRefusal(wrong), "%s: %v, %v", name, err, wrong)
				continue
			}
			require.NoError(t, wrong)
		}
	})
}
