package format

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// leaf walks the values of one column of a row group, page after page.
type leaf struct {
	*node
	pages  chunkReader
	print  printer
	width  int     // bytes of a plain value; 0 where they differ
	chars  *column // of texts for a column of characters, which need no printing
	memory []byte  // of the open page

	left    int64 // values of the row group that are in no page yet
	inPage  int   // of the open page, not yet taken
	reps    hybrid
	defs    hybrid
	allHere bool // no value of the open page is NULL

	encoding int64
	plain    []byte // values not yet taken
	indexes  hybrid
	nums     deltas // of values, or of prefixes
	lengths  deltas
	split    []byte // all values of BYTE_STREAM_SPLIT
	splitAt  int
	splitLen int
	previous []byte // of DELTA_BYTE_ARRAY
	scratch  []byte

	dict    dictionary
	hasDict bool

	// Of a leaf inside of a document: the levels of the next entry, where they are known.
	peeked           bool
	nextRep, nextDef int
	scratchText      []byte
}

// begin moves to the pages of a row group.
func (l *leaf) begin(f *footer, p *placed) error {
	from, to, err := p.span(l.node, f)
	if err != nil {
		return err
	}
	if p.values < 0 {
		return errPage
	}
	l.left, l.inPage, l.hasDict, l.peeked = p.values, 0, false, false
	return l.pages.open(p.codec, from, to)
}

// nextPage opens the next page with values. Where skip > 0 and the column has no lists, whole pages of up to that many
// values are passed over, and their number returned.
func (l *leaf) nextPage(skip int64) (skipped int64, err error) {
	for l.inPage == 0 {
		if l.left <= 0 || !l.pages.left() {
			return skipped, io.ErrUnexpectedEOF
		}
		h, err := l.pages.head()
		if err != nil {
			return skipped, err
		}
		switch {
		case h.typ == pageDictionary:
			err = l.readDictionary(&h)
		case h.typ != pageData && h.typ != pageDataV2:
			l.pages.skip(&h)
		case h.values > l.left:
			err = fmt.Errorf("%w: its number of values", errPage)
		case l.rep == 0 && skip > 0 && skip >= h.values:
			l.pages.skip(&h)
			l.left -= h.values
			skip -= h.values
			skipped += h.values
			if skip == 0 {
				return skipped, nil
			}
		default:
			err = l.openPage(&h)
		}
		if err != nil {
			return skipped, err
		}
	}
	return skipped, nil
}

// openPage unpacks a data page.
func (l *leaf) openPage(h *pageHead) error {
	body, err := l.pages.body(h)
	if err != nil {
		return err
	}
	var reps, defs []byte
	if h.typ == pageDataV2 {
		reps, defs = body[:h.repBytes], body[h.repBytes:h.repBytes+h.defBytes]
		levels := h.repBytes + h.defBytes
		body, l.memory, err = l.pages.unpack(l.memory, body[levels:], int(h.unpacked-levels), h.plain)
	} else {
		body, l.memory, err = l.pages.unpack(l.memory, body, int(h.unpacked), false)
		if err == nil && l.rep > 0 {
			reps, body, err = cutLevels(body, h.repCoding)
		}
		if err == nil && l.def > 0 {
			defs, body, err = cutLevels(body, h.defEncoding)
		}
	}
	if err != nil {
		return err
	}
	l.left -= h.values
	l.inPage = int(h.values)
	if l.inPage == 0 {
		return nil
	}
	l.reps.reset(reps, width(l.rep))
	l.defs.reset(defs, width(l.def))
	l.allHere = l.def == 0
	if level, ok := l.defs.uniform(l.inPage); l.def > 0 && ok && int(level) == l.def {
		l.allHere = true
	}
	return l.openValues(h.encoding, body)
}

// cutLevels divides the levels from what follows them.
func cutLevels(b []byte, encoding int64) (levels, rest []byte, err error) {
	if encoding != encodingRLE || len(b) < 4 {
		return nil, nil, errLevels
	}
	n := binary.LittleEndian.Uint32(b)
	if uint64(n) > uint64(len(b)-4) {
		return nil, nil, errLevels
	}
	return b[4 : 4+n], b[4+n:], nil
}

// width is the bits that hold a level.
func width(level int) int {
	n := 0
	for ; level > 0; level >>= 1 {
		n++
	}
	return n
}

// openValues prepares the values of a page.
func (l *leaf) openValues(encoding int64, b []byte) error {
	l.encoding, l.plain = encoding, b
	bytes := l.typ == typeBytes
	ok := true
	switch encoding {
	case encodingPlain:
		if l.typ == typeBool {
			l.splitAt = 0 // the bit
		}
	case encodingPlainDict, encodingRLEDict:
		l.encoding = encodingRLEDict
		switch {
		case !l.hasDict:
			return errors.New("a page needs a dictionary that is not there")
		case len(b) == 0: // all values are NULL
			l.indexes.reset(nil, 0)
		default:
			ok = l.indexes.reset(b[1:], int(b[0]))
		}
	case encodingRLE:
		ok = l.typ == typeBool && len(b) >= 4
		if ok {
			ok = l.indexes.reset(b[4:], 1)
		}
	case encodingDelta:
		ok = (l.typ == typeInt32 || l.typ == typeInt64) && (len(b) == 0 || l.nums.reset(b))
	case encodingDeltaLength:
		if ok = bytes && l.lengths.reset(b); ok {
			l.plain, ok = l.lengths.rest()
		}
	case encodingDeltaBytes:
		if ok = (bytes || l.typ == typeFixed) && l.nums.reset(b); ok {
			b, ok = l.nums.rest()
		}
		if ok = ok && l.lengths.reset(b); ok {
			l.plain, ok = l.lengths.rest()
		}
		l.previous = l.previous[:0]
	case encodingSplit:
		l.split, l.splitAt, l.splitLen = b, 0, l.width
		ok = l.splitLen > 0 && len(b)%l.splitLen == 0
	default:
		return fmt.Errorf("its encoding %d is not supported", encoding)
	}
	if !ok {
		return errPage
	}
	return nil
}

// level takes the definition level of the next value.
func (l *leaf) level() (int, error) {
	if l.allHere {
		return l.def, nil
	}
	v, ok := l.defs.next()
	if !ok || int(v) > l.def {
		return 0, errLevels
	}
	return int(v), nil
}

// put takes the next value that is there into a row.
func (l *leaf) put(b *batch, i int, row int64) error {
	if l.encoding == encodingRLEDict {
		text, why, err := l.entry()
		if err == nil {
			b.put(i, row, text, why)
		}
		return err
	}
	u, raw, err := l.value()
	switch {
	case err != nil:
		return err
	case l.chars != nil:
		text, why := l.chars.checked(raw)
		b.put(i, row, text, why)
	default:
		text, why := l.print(b.rows.Tail(), u, raw)
		b.tail(i, row, text, why)
	}
	return nil
}

// text takes the next value that is there, printed into dst[:0] or in place.
func (l *leaf) text(dst []byte) ([]byte, reason, error) {
	if l.encoding == encodingRLEDict {
		return l.entry()
	}
	u, b, err := l.value()
	if err != nil {
		return nil, "", err
	}
	out, why := l.print(dst[:0], u, b)
	return out, why, nil
}
