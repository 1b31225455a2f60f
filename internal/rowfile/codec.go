package rowfile

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"

	"github.com/tablehaul/tablehaul/internal/parquet"
)

// Compressions are the names that WriterOptions.Compression takes; snappy is the default.
func Compressions() []string { return []string{"snappy", "none", "zstd", "gzip", "lz4"} }

func codecOf(name string) (format.CompressionCodec, error) {
	switch name {
	case "", "snappy":
		return format.Snappy, nil
	case "none":
		return format.Uncompressed, nil
	case "zstd":
		return format.Zstd, nil
	case "gzip":
		return format.Gzip, nil
	case "lz4":
		return format.Lz4Raw, nil
	}
	return 0, fmt.Errorf("unknown compression %q: it is one of %s", name, strings.Join(Compressions(), ", "))
}

// written reports whether a codec is one of Compressions.
func written(codec format.CompressionCodec) bool {
	return parquet.Known(codec) && codec != format.Brotli
}

// Coders are expensive to make and safe to keep: zstd's own is for any number of callers.
var (
	zstdEncoder = sync.OnceValue(func() *zstd.Encoder {
		e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false))
		if err != nil {
			panic(err) // constant options
		}
		return e
	})
	// A gzip writer takes 800 KB, more than most pages.
	gzipWriters = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}
)

// compress returns src compressed into dst's memory, which may move.
func compress(codec format.CompressionCodec, dst, src []byte) ([]byte, error) {
	switch codec {
	case format.Snappy:
		// The package snappy would take its better and slower encoder.
		return s2.EncodeSnappy(dst[:cap(dst)], src), nil
	case format.Zstd:
		return zstdEncoder().EncodeAll(src, dst[:0]), nil
	case format.Lz4Raw:
		dst = slices.Grow(dst[:0], lz4.CompressBlockBound(len(src)))
		dst = dst[:cap(dst)]
		n, err := lz4.CompressBlock(src, dst, nil)
		return dst[:n], err
	case format.Gzip:
		out := bytes.NewBuffer(dst[:0])
		w, _ := gzipWriters.Get().(*gzip.Writer)
		defer gzipWriters.Put(w)
		w.Reset(out)
		if _, err := w.Write(src); err != nil {
			return nil, err
		}
		err := w.Close()
		return out.Bytes(), err
	default:
		return nil, fmt.Errorf("unknown codec %v", codec)
	}
}
