package format_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/files/format"
	"github.com/tablehaul/tablehaul/internal/table"
)

func isRefusal(err error) bool {
	return errors.Is(err, format.ErrFile) || errors.Is(err, format.ErrColumns)
}

// compressors write each compression.
var compressors = map[string]func(io.Writer) io.WriteCloser{
	"gzip":   func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
	"snappy": func(w io.Writer) io.WriteCloser { return snappy.NewBufferedWriter(w) },
	"lz4":    func(w io.Writer) io.WriteCloser { return lz4.NewWriter(w) },
	"zstd": func(w io.Writer) io.WriteCloser {
		z, err := zstd.NewWriter(w)
		if err != nil {
			panic(err) // constant options
		}
		return z
	},
}

func compressed(t testing.TB, by string, text string) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := compressors[by](&buf)
	_, err := io.WriteString(w, text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return buf.Bytes()
}

// TestCompressions reads each by its first bytes, also where frames follow one another; what is cut off is an error.
func TestCompressions(t *testing.T) {
	text := "{\"id\":1,\"name\":\"" + strings.Repeat("ab", 20) + "\"}\n"
	for by := range compressors {
		t.Run(by, func(t *testing.T) {
			one := compressed(t, by, text)
			both := append(bytes.Clone(one), one...)
			rows, _, err := readAll(t, inMemory(both), "f.jsonl", format.Options{}, pairColumns, format.Position{}, 10)
			require.NoError(t, err)
			require.Len(t, rows, 2)
			for cut := 1; cut < len(one); cut += 3 {
				if by == "snappy" && cut == 10 {
					continue // its mark alone is a whole file without any bytes
				}
				got, _, err := readAll(t, inMemory(one[:cut]), "f.jsonl", format.Options{Compression: by}, pairColumns,
					format.Position{}, 10)
				require.Error(t, err, "cut at %d: %v", cut, got)
				require.True(t, isRefusal(err))
			}
		})
	}
	plain := inMemory([]byte(text))
	_, _, err := readAll(t, plain, "f.jsonl.gz", format.Options{}, pairColumns, format.Position{}, 10)
	require.ErrorIs(t, err, format.ErrFile)
	_, _, err = readAll(t, plain, "f.jsonl", format.Options{Compression: "rar"}, pairColumns, format.Position{}, 10)
	require.ErrorIs(t, err, format.ErrColumns)
	_, _, err = readAll(t, plain, "f", format.Options{}, pairColumns, format.Position{}, 10)
	require.ErrorIs(t, err, format.ErrFile)
}

// endless is a file of a size that does not fit into memory: a head, and one byte again and again.
type endless struct {
	head string
	fill byte
	size int64
}

func (e endless) Size() int64 { return e.size }

func (e endless) ReadAt(p []byte, at int64) (int, error) {
	for i := range p {
		p[i] = e.fill
	}
	if at < int64(len(e.head)) {
		copy(p, e.head[at:])
	}
	return len(p), nil
}

// TestALongRowIsRefusedInBoundedMemory reads rows of many megabytes, of all text formats and out of a bomb.
func TestALongRowIsRefusedInBoundedMemory(t *testing.T) {
	const limit, huge = 1 << 20, 1 << 40
	bomb := compressed(t, "zstd", `{"id":1,"name":"`+strings.Repeat("x", 20<<20))
	for _, c := range []struct {
		name string
		file format.File
	}{
		{"f.jsonl", endless{`{"id":1,"name":"`, 'x', huge}},
		{"f.json", endless{`[{"id":1,"name":"`, 'x', huge}},
		{"f.json", endless{`[{"id":1,"name":`, '[', huge}},
		{"f.csv", endless{"id,name\n1,", 'x', huge}},
		{"f.csv", endless{"id,name\n1,\"", '"', huge}},
		{"f.csv", endless{"id,name\n1", ',', huge}},
		{"f.tsv", endless{"id\tname\n1\t", '\\', huge}},
		{"f.jsonl.zst", inMemory(bomb)},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		o := format.Options{MaxRowBytes: limit, Text: format.Text{Nulls: []string{`\N`}}}
		_, _, err := readAll(t, c.file, c.name, o, pairColumns, format.Position{}, 10)
		runtime.ReadMemStats(&after)
		require.ErrorIs(t, err, format.ErrFile)
		require.ErrorContains(t, err, "row 1")
		require.ErrorContains(t, err, "files.maxRow")
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(24*limit), c.name)
	}
}

// shrinking is a file that has less than it says, or cannot be read.
type shrinking struct {
	memory
	size int64
	err  error
}

func (s shrinking) Size() int64 { return s.size }

func (s shrinking) ReadAt(p []byte, at int64) (int, error) {
	if s.err != nil && at > 100 {
		return 0, s.err
	}
	return s.memory.ReadAt(p, at)
}

// TestAFileThatChangesOrCannotBeRead keeps errors of reading apart from those of the bytes.
func TestAFileThatChangesOrCannotBeRead(t *testing.T) {
	broken := errors.New("connection reset")
	for _, name := range []string{"duckdb.jsonl", "duckdb.csv", "duckdb.json", "pyarrow.parquet"} {
		o := format.Options{Bytes: format.BytesHex, Text: format.Text{Nulls: []string{`\N`}}}
		f := load(t, name)
		_, _, err := readAll(t, shrinking{memory: f, size: f.Size() + 100}, name, o, makersColumns,
			format.Position{}, 10)
		require.ErrorIs(t, err, format.ErrFile, name)
		f = load(t, name)
		_, _, err = readAll(t, shrinking{memory: f, size: f.Size(), err: broken}, name, o, makersColumns,
			format.Position{}, 10)
		if name == "pyarrow.parquet" {
			require.ErrorIs(t, err, broken)
			require.NotErrorIs(t, err, format.ErrFile)
		}
	}
	// A file that grows is read as far as it went when it was opened.
	f := load(t, "duckdb.jsonl")
	rows, _, err := readAll(t, shrinking{memory: f, size: 25}, "f.jsonl", format.Options{},
		[]table.Column{pairColumns[0]}, format.Position{}, 10)
	require.ErrorIs(t, err, format.ErrFile)
	require.Empty(t, rows)
}

// repeated is a large file that has one text again and again.
type repeated struct {
	text string
	size int64
}

func (r repeated) Size() int64 { return r.size }

func (r repeated) ReadAt(p []byte, at int64) (int, error) {
	for n := 0; n < len(p); {
		n += copy(p[n:], r.text[(at+int64(n))%int64(len(r.text)):])
	}
	return len(p), nil
}

// TestMemoryDoesNotGrowWithTheFile looks at what is alive while a file is read that is much larger.
func TestMemoryDoesNotGrowWithTheFile(t *testing.T) {
	lines := string(ordersJSON(t, orders(1000)))
	f := repeated{text: lines, size: int64(60 * len(lines))}
	alive := func() uint64 {
		var stats runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc
	}
	before := alive()
	r, err := format.Open(t.Context(), f, "f.jsonl", format.Options{Bytes: format.BytesRaw}, orderColumns,
		format.Position{})
	require.NoError(t, err)
	n := 0
	for {
		rows, bad, err := r.Next(t.Context(), 10_000)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		require.Empty(t, bad)
		n += rows.Len()
		rows.Return()
		require.Less(t, alive(), before+14<<20)
	}
	require.Equal(t, 60_000, n)
	require.Greater(t, f.size, int64(15<<20))
	require.NoError(t, r.Close())
}
