package format

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/tablehaul/tablehaul/internal/parquet"
)

const (
	// maxPage bounds what one page unpacks to. Writers make pages of 1 MiB; DuckDB's largest have 100 MB.
	maxPage = 128 << 20
	// maxPages bounds the pages of all columns that are open at one time.
	maxPages = 512 << 20
	// maxHeader bounds a page's header, which has a minimum and a maximum of its values.
	maxHeader = 1 << 20
	// keptPage is the most memory that a column keeps for its next page.
	keptPage = 4 << 20
)

// Types of pages.
const (
	pageData       = 0
	pageIndex      = 1
	pageDictionary = 2
	pageDataV2     = 3
)

// Encodings of values.
const (
	encodingPlain       = 0
	encodingPlainDict   = 2
	encodingRLE         = 3
	encodingDelta       = 5
	encodingDeltaLength = 6
	encodingDeltaBytes  = 7
	encodingRLEDict     = 8
	encodingSplit       = 9
)

// pageHead is a page's header.
type pageHead struct {
	typ, unpacked, packed  int64
	crc                    int64
	checked                bool
	values, encoding       int64
	defEncoding, repCoding int64
	rows                   int64
	defBytes, repBytes     int64
	plain                  bool // not compressed
	known                  bool // has the header of its type
}

func readPageHead(r *parquet.ThriftReader) pageHead {
	h := pageHead{typ: -1}
	r.Fields(func(id int64, typ byte) {
		number := typ == parquet.ThriftI32
		switch {
		case id == 1 && number:
			h.typ = r.Int()
		case id == 2 && number:
			h.unpacked = r.Int()
		case id == 3 && number:
			h.packed = r.Int()
		case id == 4 && number:
			h.crc, h.checked = r.Int(), true
		case (id == 5 || id == 7 || id == 8) && typ == parquet.ThriftStruct:
			kind := id
			h.known = true
			r.Fields(func(id int64, typ byte) { h.read(r, kind, id, typ) })
		default:
			r.Skip(typ, 0)
		}
	})
	return h
}

// read takes a field of the header of a data page (5), a dictionary (7) or a data page of version 2 (8).
func (h *pageHead) read(r *parquet.ThriftReader, kind, id int64, typ byte) {
	if kind == 8 && id == 7 && (typ == parquet.ThriftTrue || typ == parquet.ThriftFalse) {
		h.plain = typ == parquet.ThriftFalse
		return
	}
	if typ != parquet.ThriftI32 {
		r.Skip(typ, 0)
		return
	}
	v := r.Int()
	switch kind*10 + id {
	case 51, 71, 81:
		h.values = v
	case 52, 72, 84:
		h.encoding = v
	case 53:
		h.defEncoding = v
	case 54:
		h.repCoding = v
	case 83:
		h.rows = v
	case 85:
		h.defBytes = v
	case 86:
		h.repBytes = v
	}
}

// chunkReader reads the pages of one column of one row group, in order.
type chunkReader struct {
	f       File
	codec   parquet.Codec
	at, end int64 // what was not read of the file yet
	share   int   // bytes to read at once
	held    *int64

	buf      []byte
	from, to int // of the window in buf
}

// open begins the pages of a row group. The memory of the last one is kept.
func (c *chunkReader) open(codec int64, at, end int64) error {
	c.codec, c.at, c.end, c.from, c.to = parquet.Codec(codec), at, end, 0, 0
	if !parquet.Known(c.codec) {
		return fmt.Errorf("its compression %v is not supported", c.codec)
	}
	return nil
}

// left reports whether more bytes follow.
func (c *chunkReader) left() bool { return c.from < c.to || c.at < c.end }

// need widens the window to n bytes; io.ErrUnexpectedEOF where there are fewer.
func (c *chunkReader) need(n int) error {
	if c.to-c.from >= n {
		return nil
	}
	have := c.to - c.from
	if int64(n-have) > c.end-c.at {
		return io.ErrUnexpectedEOF
	}
	size := max(n, min(c.share, have+int(min(c.end-c.at, int64(c.share)))))
	if cap(c.buf) < size || cap(c.buf) > size+2*c.share+keptPage { // one huge page is not paid for until the end
		grown := make([]byte, size)
		*c.held += int64(size - cap(c.buf))
		copy(grown, c.buf[c.from:c.to])
		c.buf = grown
	} else {
		c.buf = c.buf[:cap(c.buf)]
		copy(c.buf, c.buf[c.from:c.to])
	}
	c.from, c.to = 0, have
	more := int(min(int64(size-have), c.end-c.at))
	if err := readFull(c.f, c.buf[have:have+more], c.at); err != nil {
		return err
	}
	c.at += int64(more)
	c.to += more
	return nil
}

// head reads the next page's header.
func (c *chunkReader) head() (pageHead, error) {
	for size := 256; ; size *= 4 {
		left := int64(c.to-c.from) + c.end - c.at
		n := int(min(left, int64(size)))
		if err := c.need(n); err != nil {
			return pageHead{}, err
		}
		r := parquet.ThriftReader{B: c.buf[c.from:c.to]}
		h := readPageHead(&r)
		if !r.Bad {
			c.from += r.Pos
			return h, c.check(&h)
		}
		if int64(n) == left || size >= maxHeader {
			return h, fmt.Errorf("%w: its header", errPage)
		}
	}
}

// check refuses sizes that no page has, before any memory is given to them.
func (c *chunkReader) check(h *pageHead) error {
	left := int64(c.to-c.from) + c.end - c.at
	switch {
	case h.packed < 0 || h.packed > left || h.unpacked < 0 || h.values < 0:
		return fmt.Errorf("%w: its size", errPage)
	case h.packed > maxPage || h.unpacked > maxPage:
		return fmt.Errorf("a page has %d bytes; at most %d are read: write smaller pages", max(h.packed, h.unpacked),
			maxPage)
	case !h.known && (h.typ == pageData || h.typ == pageDictionary || h.typ == pageDataV2):
		return fmt.Errorf("%w: its header", errPage)
	case h.typ == pageDataV2 && (h.defBytes < 0 || h.repBytes < 0 || h.defBytes+h.repBytes > h.packed ||
		h.defBytes+h.repBytes > h.unpacked):
		return fmt.Errorf("%w: its levels", errPage)
	}
	return nil
}

// skip passes over a page's body.
func (c *chunkReader) skip(h *pageHead) {
	inside := min(int64(c.to-c.from), h.packed)
	c.from += int(inside)
	c.at += h.packed - inside
}

// body reads a page's body; it is valid until the next page.
func (c *chunkReader) body(h *pageHead) ([]byte, error) {
	if *c.held+h.packed+h.unpacked > maxPages {
		return nil, errors.New("the pages and dictionaries of all columns take too much memory: write smaller ones")
	}
	if err := c.need(int(h.packed)); err != nil {
		return nil, err
	}
	b := c.buf[c.from : c.from+int(h.packed)]
	c.from += int(h.packed)
	if h.checked && crc32.ChecksumIEEE(b) != uint32(int32(h.crc)) {
		return nil, fmt.Errorf("%w: its checksum", errPage)
	}
	return b, nil
}

// unpack decompresses b into dst's memory, or returns b where it is not compressed.
func (c *chunkReader) unpack(dst, b []byte, size int, plain bool) (out, memory []byte, err error) {
	if plain || c.codec == 0 {
		if len(b) != size {
			return nil, dst, fmt.Errorf("%w: its size", errPage)
		}
		return b, dst, nil
	}
	before := cap(dst)
	if before > keptPage && size < before/2 {
		dst = nil
	}
	if size == 0 && len(b) == 0 {
		return nil, dst, nil
	}
	dst, err = parquet.Decompress(c.codec, dst[:0], b, size)
	*c.held += int64(cap(dst) - before)
	return dst, dst, err
}
