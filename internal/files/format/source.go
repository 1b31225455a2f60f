package format

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
)

const (
	// windowBytes is the least memory of a window.
	windowBytes = 1 << 20
	// maxWindow bounds what a stream of zstd may refer back to, which is memory. The program zstd takes 8 MiB at its
	// level 19, and more only with its options --ultra and --long.
	maxWindow = 64 << 20
)

// source is a file's text with a window on it. The window holds a row, and grows up to limit for one.
type source struct {
	name  string
	limit int64
	base  int64 // where the count of rows begins
	file  *raw
	in    io.Reader
	close func()

	compression string
	decoder     int64 // bytes of memory

	buf        []byte
	start, end int   // of the window in buf
	offset     int64 // of buf[start] in the text
	eof        bool
	err        error // that came with the last bytes
}

func newSource(ctx context.Context, f File, name string, o *Options) (*source, error) {
	s := &source{name: name, limit: maxRow(o), file: &raw{ctx: ctx, f: f}, compression: o.Compression}
	in, end, err := decompressor(s.file, o.Compression)
	if err != nil {
		s.file.wait()
		return nil, s.wrap(unexpected(err), 0)
	}
	s.in, s.decoder = in, decoderBytes(f, o.Compression)
	s.close = func() {
		end()
		s.file.wait()
	}
	return s, nil
}

// more widens the window. It returns io.EOF at the end of the text.
func (s *source) more() error {
	if s.eof {
		return io.EOF
	}
	if int64(s.end-s.start) > s.limit {
		return errLong
	}
	if s.end+windowBytes/4 > len(s.buf) {
		if s.start > 0 {
			copy(s.buf, s.buf[s.start:s.end])
			s.start, s.end = 0, s.end-s.start
		}
		if s.end+windowBytes/4 > len(s.buf) {
			s.buf = slices.Grow(s.buf[:s.end], max(windowBytes, s.end))
			s.buf = s.buf[:cap(s.buf)]
		}
	}
	for range 100 {
		if s.err != nil && !errors.Is(s.err, io.EOF) {
			return s.err
		}
		n, err := s.in.Read(s.buf[s.end:])
		s.end += n
		switch {
		case n > 0:
			s.err = err
			return nil
		case errors.Is(err, io.EOF) && s.file.err == nil:
			s.eof = true
			return io.EOF
		case err != nil:
			return err
		}
	}
	return io.ErrNoProgress
}

var errLong = errors.New("a row is too large")

// tooLong says what is wrong with a row of more than limit bytes.
func tooLong(limit int64) string {
	return fmt.Sprintf("it has more than %d bytes; a row may have no more (files.maxRow)", limit)
}

// window is what was read of the text, from the next row on.
func (s *source) window() []byte { return s.buf[s.start:s.end] }

// advance moves the start of the window.
func (s *source) advance(n int) {
	s.start += n
	s.offset += int64(n)
}

// seek moves to an offset of the text that is not before the window.
func (s *source) seek(offset int64) error {
	if s.compression == none {
		if offset > s.file.f.Size() {
			return errShrunk
		}
		s.start, s.end, s.offset, s.eof = 0, 0, offset, false
		s.file.move(offset)
		return nil
	}
	for s.offset < offset {
		if s.start == s.end {
			if err := s.more(); errors.Is(err, io.EOF) {
				return errShrunk
			} else if err != nil {
				return err
			}
		}
		s.advance(int(min(offset-s.offset, int64(s.end-s.start))))
	}
	return nil
}

// line is the next line without its end, and the bytes that it takes with it. It is valid until the next call. The
// last line may have no end; behind it comes io.EOF.
func (s *source) line() (line []byte, size int, err error) {
	seen := 0
	for {
		w := s.window()
		if i := bytes.IndexByte(w[seen:], '\n'); i >= 0 {
			return w[:seen+i], seen + i + 1, nil
		}
		seen = len(w)
		err := s.more()
		switch {
		case errors.Is(err, io.EOF) && seen > 0:
			return s.window(), seen, nil
		case err != nil:
			return nil, 0, err
		}
	}
}

// over reports whether the piece that ends at an offset is read; until 0 is the end of the text. A row that goes on
// behind it is an error.
func (s *source) over(until, row int64) (bool, error) {
	if until > 0 && s.offset > until {
		return true, fmt.Errorf("%w: row %s: it does not end at byte %d, where other rows begin", ErrFile,
			place(row, s.base), until)
	}
	return until > 0 && s.offset == until, nil
}

// wrap names the file and the row in an error. An error of reading the file stays what it is.
func (s *source) wrap(err error, row int64) error {
	switch {
	case err == nil:
		return nil
	case s.file.err != nil:
		return fmt.Errorf("%s: %w", s.name, s.file.err)
	case errors.Is(err, errLong):
		return fileErrorFrom(s.name, row, s.base, "%s", tooLong(s.limit))
	case errors.Is(err, ErrFile):
		return fmt.Errorf("%s: %w", s.name, err)
	case errors.Is(err, io.EOF):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fileErrorFrom(s.name, row, s.base, "it ends too early")
	default:
		return fileErrorFrom(s.name, row, s.base, "its compression cannot be read: %w", err)
	}
}

// bom takes a byte order mark of UTF-8 off the start of the text, and refuses those of other encodings.
func (s *source) bom() error {
	for len(s.window()) < 3 {
		if err := s.more(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
	}
	w := s.window()
	switch {
	case bytes.HasPrefix(w, []byte("\xef\xbb\xbf")):
		s.advance(3)
	case bytes.HasPrefix(w, []byte("\xff\xfe")), bytes.HasPrefix(w, []byte("\xfe\xff")):
		return fmt.Errorf("%w: its text is UTF-16; only UTF-8 is read", ErrFile)
	}
	return nil
}

// unexpected is io.ErrUnexpectedEOF in place of io.EOF.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
