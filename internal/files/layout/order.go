package layout

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// sortLoads puts the oldest first.
func sortLoads(loads []Load) {
	slices.SortFunc(loads, func(a, b Load) int {
		return cmp.Or(a.Time.Compare(b.Time), natural(a.ID, b.ID))
	})
}

func sortFiles(list []File) {
	slices.SortFunc(list, func(a, b File) int { return natural(a.Key, b.Key) })
}

// natural compares names as people do: part-9 comes before part-10.
func natural(a, b string) int {
	for x, y := a, b; x != "" && y != ""; {
		m, n := digits(x), digits(y)
		if m == 0 || n == 0 {
			if x[0] != y[0] {
				return cmp.Compare(x[0], y[0])
			}
			x, y = x[1:], y[1:]
			continue
		}
		p, q := strings.TrimLeft(x[:m], "0"), strings.TrimLeft(y[:n], "0")
		if c := cmp.Or(cmp.Compare(len(p), len(q)), cmp.Compare(p, q)); c != 0 {
			return c
		}
		x, y = x[m:], y[n:]
	}
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

// digits is how many digits s begins with.
func digits(s string) int {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return i
		}
	}
	return len(s)
}

// Version is what Load.Version is of files, which are in order: it changes with their names, sizes and versions.
func Version(list []File) string {
	if len(list) == 1 {
		return list[0].Version
	}
	h := sha256.New()
	for _, f := range list {
		fmt.Fprintf(h, "%d %s %d %s\n", len(f.Key), f.Key, f.Size, f.Version)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// suffixes are the formats and compressions that names end with.
var (
	formats = map[string]string{
		"parquet": "parquet", "pq": "parquet", "jsonl": "jsonl", "ndjson": "jsonl", "json": "json",
		"csv": "csv", "tsv": "tsv", "tab": "tsv",
	}
	compressions = map[string]string{
		"gz": "gzip", "gzip": "gzip", "zst": "zstd", "zstd": "zstd", "lz4": "lz4", "snappy": "snappy", "sz": "snappy",
	}
)

// formatOf is what a name says of a file: orders.csv.gz is csv and gzip, and Spark's part-0.snappy.parquet is parquet,
// whose pages are compressed and not the file.
func formatOf(key string) (format, compression string) {
	parts := strings.Split(strings.ToLower(key[strings.LastIndexByte(key, '/')+1:]), ".")
	if n := len(parts); n > 1 && compressions[parts[n-1]] != "" {
		compression, parts = compressions[parts[n-1]], parts[:n-1]
	}
	if n := len(parts); n > 1 {
		format = formats[parts[n-1]]
	}
	return format, compression
}
