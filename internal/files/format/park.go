package format

import (
	"context"
	"errors"
	"io"

	"github.com/klauspost/compress/zstd"
)

// Parked is a reader of a compressed text between two calls of those who read it. It holds no file. A text that is
// compressed can be entered at its beginning alone; a Parked one goes on where it is.
type Parked struct {
	reader Reader
	src    *source
}

// ErrBehind is returned by Resume for a position that the reader has passed.
var ErrBehind = errors.New("the reader has passed the position")

// Park takes a reader off its file, which may be closed then. The reader is used no more, but through the result. For
// a reader that begins at any position as fast, it is nil, and the reader closed.
func Park(r Reader) (*Parked, error) {
	t, ok := r.(interface{ text() *source })
	if !ok || t.text().compression == none || !t.text().park() {
		return nil, r.Close()
	}
	return &Parked{reader: r, src: t.text()}, nil
}

// Resume goes on with the same content, at a position that the reader has not passed. After an error, the reader is
// closed.
func (p *Parked) Resume(ctx context.Context, f File, at Position) (Reader, error) {
	s := p.src
	if at.Offset < s.offset {
		p.Close()
		return nil, ErrBehind
	}
	s.file.ctx, s.file.f = ctx, f
	if err := s.seek(at.Offset); err != nil {
		p.Close()
		return nil, s.wrap(err, 0)
	}
	p.reader.(interface{ moved(row int64) }).moved(at.Row)
	return p.reader, nil
}

// Bytes is about the memory that it holds.
func (p *Parked) Bytes() int64 {
	n := int64(cap(p.src.buf) + cap(p.src.file.block))
	if p.src.file.ahead != nil {
		n += blockBytes
	}
	return n + p.src.decoder
}

// Close frees what the reader holds.
func (p *Parked) Close() { _ = p.reader.Close() } // always nil

// park waits for what is being read, and lets go of the file and of memory for more. It is false after an error.
func (s *source) park() bool {
	r := s.file
	if r.ahead != nil {
		got := <-r.ahead
		r.ahead <- got // its channel has room for one
		if got.err != nil {
			return false
		}
	}
	if r.err != nil || s.err != nil && !errors.Is(s.err, io.EOF) {
		return false
	}
	s.buf = append([]byte(nil), s.window()...)
	s.start, s.end = 0, len(s.buf)
	r.ctx, r.f, r.spare = nil, nil, nil
	return true
}

func (r *jsonReader) text() *source { return r.src }

func (r *jsonReader) moved(row int64) { r.row = row }

func (r *textReader) text() *source { return r.src }

func (r *textReader) moved(row int64) { r.row = row }

// decoderBytes is about what a decompressor holds, but for its input.
func decoderBytes(f File, compression string) int64 {
	const usual = 1 << 20
	switch compression {
	case zstandard:
		head := make([]byte, zstd.HeaderMaxSize)
		n, _ := f.ReadAt(head, 0) // an error shows when the file is read
		var h zstd.Header
		if h.Decode(head[:n]) == nil && h.HasFCS {
			return usual + 2*int64(min(h.WindowSize, max(h.FrameContentSize, 1), maxWindow))
		}
		return usual + 2*int64(min(h.WindowSize, maxWindow))
	case lz4Framed:
		return 8 << 20
	}
	return usual
}
