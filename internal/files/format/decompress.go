package format

import (
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// decompressor reads r as a stream of its compression. Memory is bounded by the window of the format.
func decompressor(r io.Reader, compression string) (io.Reader, func(), error) {
	switch compression {
	case gzipped:
		g, err := gzip.NewReader(&buffered{r: r})
		return g, func() {}, err
	case zstandard:
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderMaxMemory(maxWindow))
		if err != nil {
			return nil, nil, err
		}
		return z, z.Close, nil
	case snappyFramed:
		return s2.NewReader(r), func() {}, nil
	case lz4Framed:
		return &lz4Frames{in: &buffered{r: r}}, func() {}, nil
	default:
		return r, func() {}, nil
	}
}

// buffered is a reader of bytes that knows where its input ends.
type buffered struct {
	r    io.Reader
	buf  []byte
	next int
	over bool // a reader of it came to its end
}

func (b *buffered) fill() error {
	if b.next < len(b.buf) {
		return nil
	}
	if b.buf == nil {
		b.buf = make([]byte, 0, 256<<10)
	}
	n, err := b.r.Read(b.buf[:cap(b.buf)])
	b.buf, b.next = b.buf[:n], 0
	if n > 0 {
		return nil
	}
	return err
}

func (b *buffered) Read(p []byte) (int, error) {
	if err := b.fill(); err != nil {
		b.over = true
		return 0, err
	}
	n := copy(p, b.buf[b.next:])
	b.next += n
	return n, nil
}

func (b *buffered) ReadByte() (byte, error) {
	if err := b.fill(); err != nil {
		return 0, err
	}
	b.next++
	return b.buf[b.next-1], nil
}

// lz4Frames reads frames one after another, as the other formats' readers do by themselves.
type lz4Frames struct {
	in    *buffered
	frame *lz4.Reader
}

func (l *lz4Frames) Read(p []byte) (int, error) {
	for {
		if l.frame == nil {
			if err := l.in.fill(); err != nil {
				return 0, err
			}
			l.frame = lz4.NewReader(l.in)
		}
		n, err := l.frame.Read(p)
		if errors.Is(err, io.EOF) {
			if l.frame, err = nil, nil; l.in.over { // a frame ends with its mark, not with the file
				err = io.ErrUnexpectedEOF
			}
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}
