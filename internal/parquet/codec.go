package parquet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"
)

// Known reports whether Decompress knows a codec.
func Known(codec format.CompressionCodec) bool {
	return codec == format.Uncompressed || MaxRatio(codec) > 1
}

// zstdDecoder is expensive to make, and for any number of callers.
// The cap limit makes DecodeAll stop at the room it was given, for any size that a frame claims.
var zstdDecoder = sync.OnceValue(func() *zstd.Decoder {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		panic(err)
	}
	return d
})

// MaxRatio is how far the bytes of a codec can grow at most when decompressed, rounded up.
// A claim beyond it is refused before any memory is given to it.
func MaxRatio(codec format.CompressionCodec) int64 {
	switch codec {
	case format.Snappy:
		return 32 // 64 bytes from a 3-byte copy
	case format.Lz4Raw:
		return 256 // 255 from one length byte
	case format.Gzip:
		return 1100 // 258 bytes from 2 bits
	case format.Brotli:
		return 1 << 20 // 16 MiB from a few bytes
	case format.Zstd:
		return 48 << 10 // 128 KiB from a block of 4 bytes, less its header
	default:
		return 1
	}
}

// ErrDecompress is returned for bytes that do not decompress to the size that was asked for.
var ErrDecompress = errors.New("does not decompress to its stated size")

// Decompress fills exactly size bytes from src, into dst's memory where that is enough.
func Decompress(codec format.CompressionCodec, dst, src []byte, size int) ([]byte, error) {
	if int64(size) > MaxRatio(codec)*int64(len(src)) {
		return nil, ErrDecompress
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
	case format.Brotli:
		n, err = fill(dst, brotli.NewReader(bytes.NewReader(src)))
	case format.Gzip:
		n, err = gunzip(dst, src)
	default:
		return nil, fmt.Errorf("unknown codec %v", codec)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDecompress, err)
	}
	if n != size {
		return nil, ErrDecompress
	}
	return dst, nil
}

func gunzip(dst, src []byte) (int, error) {
	r, err := gzip.NewReader(bytes.NewReader(src))
	if err != nil {
		return 0, err
	}
	return fill(dst, r)
}

// fill reads a stream that has exactly as many bytes as dst.
func fill(dst []byte, r io.Reader) (int, error) {
	n, err := io.ReadFull(r, dst)
	if err != nil {
		return n, err
	}
	// A trailer's checksum is read with the end of the stream, and there must be one.
	var one [1]byte
	if extra, err := r.Read(one[:]); extra != 0 || !errors.Is(err, io.EOF) {
		return n + extra, err
	}
	return n, nil
}
