package format

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

// Compressions are the names that Options.Compression takes beside "auto".
func Compressions() []string { return []string{none, gzipped, zstandard, snappyFramed, lz4Framed} }

const (
	none         = "none"
	gzipped      = "gzip"
	zstandard    = "zstd"
	snappyFramed = "snappy"
	lz4Framed    = "lz4"
)

// suffixes of names, in lower case.
var (
	compressionSuffixes = map[string]string{
		".gz": gzipped, ".gzip": gzipped, ".zst": zstandard, ".zstd": zstandard, ".sz": snappyFramed,
		".snappy": snappyFramed, ".lz4": lz4Framed,
	}
	formatSuffixes = map[string]string{
		".parquet": Parquet, ".pq": Parquet, ".parq": Parquet, ".jsonl": JSONLines, ".ndjson": JSONLines,
		".json": JSON, ".csv": CSV, ".tsv": TSV,
	}
)

// magics are the first bytes of compressed files.
var magics = []struct{ compression, magic string }{
	{gzipped, "\x1f\x8b"},
	{zstandard, "\x28\xb5\x2f\xfd"},
	{snappyFramed, "\xff\x06\x00\x00sNaPpY"},
	{lz4Framed, "\x04\x22\x4d\x18"},
}

const parquetMagic = "PAR1"

// SuffixFormat is the format and the compression that a name's suffixes say, "" where they say none.
func SuffixFormat(name string) (format, compression string) {
	name = strings.ToLower(path.Base(name))
	if compression = compressionSuffixes[path.Ext(name)]; compression != "" {
		name = strings.TrimSuffix(name, path.Ext(name))
	}
	return formatSuffixes[path.Ext(name)], compression
}

// resolve fills in the format and the compression, and looks at the first bytes for both.
func resolve(f File, name string, o Options) (Options, error) {
	head := make([]byte, 16)
	n, err := f.ReadAt(head[:min(int64(len(head)), f.Size())], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return o, fmt.Errorf("%s: %w", name, err)
	}
	head = head[:n]
	format, compression := SuffixFormat(name)
	if o.Format == "" || o.Format == auto {
		o.Format = format
		if bytes.HasPrefix(head, []byte(parquetMagic)) {
			o.Format = Parquet
		}
	}
	if o.Format == "" {
		return o, fmt.Errorf("%s: %w: neither its name nor its first bytes say its format: set `format` to one of %s",
			name, ErrFile, strings.Join(Formats(), ", "))
	}
	if !slices.Contains(Formats(), o.Format) {
		return o, fmt.Errorf("%w: unknown format %q: it is one of %s", ErrColumns, o.Format,
			strings.Join(Formats(), ", "))
	}
	if o.Format == Parquet {
		o.Compression = none
		return o, nil
	}
	if o.Compression == "" || o.Compression == auto {
		// The bytes are right where the name is not: dlt's first format has gzip without a suffix.
		if o.Compression = magicOf(head); o.Compression == none && compression != "" && len(head) > 0 {
			return o, fileError(name, 0, "its name says %s, its first bytes do not", compression)
		}
	}
	if !slices.Contains(Compressions(), o.Compression) {
		return o, fmt.Errorf("%w: unknown compression %q: it is one of %s", ErrColumns, o.Compression,
			strings.Join(Compressions(), ", "))
	}
	return o, nil
}

const auto = "auto"

func magicOf(head []byte) string {
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.magic)) {
			return m.compression
		}
	}
	return none
}
