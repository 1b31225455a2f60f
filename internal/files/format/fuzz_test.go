package format_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/files/format"
	"github.com/tablehaul/tablehaul/internal/table"
)

// seeds adds the files of testdata with one of the suffixes, whole and cut off.
func seeds(f *testing.F, suffixes ...string) {
	f.Helper()
	entries, err := os.ReadDir("testdata")
	require.NoError(f, err)
	for _, e := range entries {
		for _, suffix := range suffixes {
			if !strings.HasSuffix(e.Name(), suffix) {
				continue
			}
			b, err := os.ReadFile(filepath.Join("testdata", e.Name()))
			require.NoError(f, err)
			f.Add(b)
			f.Add(b[:min(len(b), 2000)])
		}
	}
}

// fuzzRows is enough to come to every row group of the seeds.
const fuzzRows = 400

// fuzzOne reads an input as far as fuzzRows. It may be refused, but neither panic nor take memory that it has not.
func fuzzOne(t *testing.T, name string, b []byte, o format.Options, cols []table.Column) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	o.MaxRowBytes = 1 << 20
	f := inMemory(b)
	names, err := format.Names(t.Context(), f, name, o)
	checkRefusal(t, err)
	if err != nil {
		return
	}
	if m, err := format.Match("f", names, cols); err == nil {
		for len(m.Columns) > 0 {
			err := fuzzRead(t, f, name, o, m.Columns)
			checkRefusal(t, err)
			if !errors.Is(err, format.ErrColumns) {
				break
			}
			m.Columns = m.Columns[1:]
		}
	}
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(2<<30))
}

func fuzzRead(t *testing.T, f format.File, name string, o format.Options, cols []table.Column) error {
	r, err := format.Open(t.Context(), f, name, o, cols, format.Position{})
	if err != nil {
		return err
	}
	defer func() { require.NoError(t, r.Close()) }()
	for n := 0; n < fuzzRows; {
		rows, bad, err := r.Next(t.Context(), 50)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		require.Positive(t, rows.Len()+len(bad))
		n += rows.Len() + len(bad)
		require.EqualValues(t, n, r.Position().Row)
		for _, b := range bad {
			require.NotEmpty(t, b.Why)
		}
		rows.Return()
	}
	return nil
}

// checkRefusal fails for an error that a file's bytes cannot have.
func checkRefusal(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if !errors.Is(err, format.ErrFile) && !errors.Is(err, format.ErrColumns) {
		t.Fatalf("neither the file nor the columns: %v", err)
	}
	if strings.Contains(err.Error(), "reading it failed") {
		t.Fatal(err)
	}
}

// fuzzColumns has the makers' columns, and those of nested.parquet.
var fuzzColumns = append([]table.Column{
	{Name: "doc", Type: "json", Kind: table.KindJSON, Nullable: true},
	{Name: "list", Type: "json", Kind: table.KindJSON, Nullable: true},
	{Name: "deep", Type: "longtext", Kind: table.KindString, Collation: "utf8mb4_bin", Length: 1 << 20, Nullable: true},
	{Name: "map", Type: "json", Kind: table.KindJSON},
}, makersColumns...)

func FuzzParquet(f *testing.F) {
	seeds(f, ".parquet")
	f.Fuzz(func(t *testing.T, b []byte) {
		fuzzOne(t, "f.parquet", b, format.Options{Zone: format.ZoneUTC}, fuzzColumns)
	})
}

var fuzzText = format.Options{
	Bytes: format.BytesHex, Zone: format.ZoneUTC, Text: format.Text{Nulls: []string{`\N`}},
}

func FuzzJSONLines(f *testing.F) {
	seeds(f, ".jsonl", ".jsonl.zst")
	f.Fuzz(func(t *testing.T, b []byte) { fuzzOne(t, "f.jsonl", b, fuzzText, fuzzColumns) })
}

func FuzzJSON(f *testing.F) {
	seeds(f, ".json", ".jsonl")
	f.Fuzz(func(t *testing.T, b []byte) { fuzzOne(t, "f.json", b, fuzzText, fuzzColumns) })
}

func FuzzCSV(f *testing.F) {
	seeds(f, ".csv", ".csv.gz")
	f.Fuzz(func(t *testing.T, b []byte) { fuzzOne(t, "f.csv", b, fuzzText, fuzzColumns) })
}

func FuzzTSV(f *testing.F) {
	seeds(f, ".tsv", ".csv")
	f.Fuzz(func(t *testing.T, b []byte) {
		fuzzOne(t, "f.tsv", b, fuzzText, fuzzColumns)
		o := fuzzText
		o.Text.Delimiter = ","
		fuzzOne(t, "f.tsv", bytes.ReplaceAll(b, []byte{'"'}, []byte{'\\'}), o, fuzzColumns)
	})
}
