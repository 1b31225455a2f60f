package rowfile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

const (
	// pageBytes ends a page: small enough that readers stream, large enough to compress.
	// One value larger than it is a page of its own.
	pageBytes = 1 << 20
	// keptBytes is the most memory that a buffer keeps for the next row group. Beyond it one
	// huge value would be paid for until the file ends.
	keptBytes = 4 << 20
)

// pages collects the pages of one leaf of the open row group.
type pages struct {
	leaf   *leaf
	values []byte // plain values of the open page
	bits   []byte // a bit per row of the open page, set where there is a value; optional leaves only
	rows   int    // of the open page
	nulls  int

	done         []byte // finished pages with their headers
	groupRows    int64
	groupNulls   int64
	uncompressed int64
	min, max     uint64 // of the group's integers, as two's complement
	bounded      bool   // min and max hold something
}

// mark counts a row of the open page.
func (p *pages) mark(present bool) {
	if p.leaf.optional {
		if p.rows&7 == 0 {
			p.bits = append(p.bits, 0)
		}
		if present {
			p.bits[len(p.bits)-1] |= 1 << (p.rows & 7)
		} else {
			p.nulls++
		}
	}
	p.rows++
}

// pad marks NULLs until the leaf has as many rows as rows of the group. Companions are
// padded only before a value and at the end, so that an empty one costs nothing per row.
func (p *pages) pad(rows int64) {
	n := int(rows-p.groupRows) - p.rows
	if n <= 0 {
		return
	}
	p.rows += n
	p.nulls += n
	for len(p.bits)*8 < p.rows {
		p.bits = append(p.bits, 0)
	}
}

func (p *pages) put32(v uint32) {
	p.values = binary.LittleEndian.AppendUint32(p.values, v)
	p.mark(true)
}

func (p *pages) put64(v uint64) {
	p.values = binary.LittleEndian.AppendUint64(p.values, v)
	p.mark(true)
}

func (p *pages) putBytes(v []byte) {
	p.values = binary.LittleEndian.AppendUint32(p.values, uint32(len(v)))
	p.values = append(p.values, v...)
	p.mark(true)
}

// bound widens the group's minimum and maximum.
func (p *pages) bound(v uint64) {
	const sign = 1 << 63
	flip := uint64(sign)
	if p.leaf.unsigned {
		flip = 0
	}
	if !p.bounded {
		p.min, p.max, p.bounded = v, v, true
		return
	}
	if v^flip < p.min^flip {
		p.min = v
	}
	if v^flip > p.max^flip {
		p.max = v
	}
}

// encoder turns finished pages into bytes; its buffers are shared by all leaves.
type encoder struct {
	codec  format.CompressionCodec
	header bytes.Buffer
	levels []byte
	packed []byte
	thrift thrift.CompactProtocol
}

// endPage moves the open page of p to its finished ones.
func (e *encoder) endPage(p *pages) error {
	if p.rows == 0 {
		return nil
	}
	e.levels = e.levels[:0]
	if p.leaf.optional {
		e.levels = appendLevels(e.levels, p)
	}
	body, compressed := p.values, false
	if e.codec != format.Uncompressed && len(p.values) > 0 {
		var err error
		if e.packed, err = compress(e.codec, e.packed, p.values); err != nil {
			return fmt.Errorf("compressing a page: %w", err)
		}
		if compressed = len(e.packed) < len(p.values); compressed {
			body = e.packed
		}
	}
	if len(p.values)+len(e.levels) > math.MaxInt32 {
		return fmt.Errorf("a value of %d bytes is too large for a page", len(p.values))
	}
	header := format.PageHeader{
		Type:                 format.DataPageV2,
		UncompressedPageSize: int32(len(p.values) + len(e.levels)),
		CompressedPageSize:   int32(len(body) + len(e.levels)),
		DataPageHeaderV2: thrift.New(format.DataPageHeaderV2{
			NumValues:                  int32(p.rows),
			NumNulls:                   int32(p.nulls),
			NumRows:                    int32(p.rows),
			Encoding:                   format.Plain,
			DefinitionLevelsByteLength: int32(len(e.levels)),
			IsCompressed:               thrift.New(compressed),
		}),
	}
	e.header.Reset()
	if err := thrift.NewEncoder(e.thrift.NewWriter(&e.header)).Encode(&header); err != nil {
		return fmt.Errorf("encoding a page header: %w", err)
	}
	p.done = slices.Grow(p.done, e.header.Len()+len(e.levels)+len(body))
	p.done = append(p.done, e.header.Bytes()...)
	p.done = append(p.done, e.levels...)
	p.done = append(p.done, body...)
	p.uncompressed += int64(e.header.Len() + len(e.levels) + len(p.values))
	p.groupRows += int64(p.rows)
	p.groupNulls += int64(p.nulls)
	p.rows, p.nulls, p.bits = 0, 0, p.bits[:0]
	p.values = keep(p.values)
	e.packed = keep(e.packed)
	return nil
}

// appendLevels writes the definition levels of a page: one run where all rows are alike, the
// bits as they are otherwise (Parquet's RLE and bit-packing hybrid of width 1).
func appendLevels(dst []byte, p *pages) []byte {
	switch p.nulls {
	case 0:
		return append(binary.AppendUvarint(dst, uint64(p.rows)<<1), 1)
	case p.rows:
		return append(binary.AppendUvarint(dst, uint64(p.rows)<<1), 0)
	default:
		return append(binary.AppendUvarint(dst, uint64(len(p.bits))<<1|1), p.bits...)
	}
}

// keep empties a buffer for the next use, and lets go of a huge one.
func keep(b []byte) []byte {
	if cap(b) > keptBytes {
		return nil
	}
	return b[:0]
}

// reset makes p ready for the next row group.
func (p *pages) reset() {
	*p = pages{leaf: p.leaf, values: p.values, bits: p.bits, done: keep(p.done)}
}
