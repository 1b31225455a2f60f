package rowfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"
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

func known(codec format.CompressionCodec) bool {
	return codec == format.Uncompressed || maxRatio(codec) > 1
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
	// The cap limit makes DecodeAll stop at the room it was given, for any size that a frame claims.
	zstdDecoder = sync.OnceValue(func() *zstd.Decoder {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecodeAllCapLimit(true))
		if err != nil {
			panic(err)
		}
		return d
	})
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

// maxRatio is how far the bytes of a codec can grow at most when decompressed, rounded up.
// A claim beyond it is refused before any memory is given to it.
func maxRatio(codec format.CompressionCodec) int64 {
	switch codec {
	case format.Snappy:
		return 32 // 64 bytes from a 3-byte copy
	case format.Lz4Raw:
		return 256 // 255 from one length byte
	case format.Gzip:
		return 1100 // 258 bytes from 2 bits
	case format.Zstd:
		return 48 << 10 // 128 KiB from a block of 4 bytes, less its header
	default:
		return 1
	}
}

var errDecompress = errors.New("does not decompress to its stated size")

// decompress fills exactly size bytes from src, into dst's memory where that is enough.
func decompress(codec format.CompressionCodec, dst, src []byte, size int) ([]byte, error) {
	if int64(size) > maxRatio(codec)*int64(len(src)) {
		return nil, errDecompress
	}
	dst = slices.Grow(dst[:0], size)[:size:size]
	n, err := 0, error(nil)
	switch codec {
	case format.Uncompressed:
		if n = len(src); n == size {
			return src, nil
		}
	case format.Snappy:
		if n, err = snappy.DecodedLen(src); err == nil && n == size {
			_, err = snappy.Decode(dst, src)
		}
	case format.Zstd:
		var out []byte
		out, err = zstdDecoder().DecodeAll(src, dst[:0])
		n = len(out)
	case format.Lz4Raw:
		n, err = lz4.UncompressBlock(src, dst)
	case format.Gzip:
		n, err = gunzip(dst, src)
	default:
		return nil, fmt.Errorf("unknown codec %v", codec)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errDecompress, err)
	}
	if n != size {
		return nil, errDecompress
	}
	return dst, nil
}

func gunzip(dst, src []byte) (int, error) {
	r, err := gzip.NewReader(bytes.NewReader(src))
	if err != nil {
		return 0, err
	}
	n, err := io.ReadFull(r, dst)
	if err != nil {
		return n, err
	}
	// The trailer's checksum is read with the end of the stream, and there must be one.
	var one [1]byte
	if extra, err := r.Read(one[:]); extra != 0 || !errors.Is(err, io.EOF) {
		return n + extra, err
	}
	return n, nil
}
