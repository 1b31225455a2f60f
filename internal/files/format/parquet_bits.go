package format

import (
	"encoding/binary"
	"errors"
)

var (
	errPage   = errors.New("a page is damaged")
	errLevels = errors.New("a page's levels are damaged")
	errShort  = errors.New("a page ends inside a value")
)

// hybrid reads Parquet's runs and bit-packed groups, a batch at a time: memory does not depend on what a run claims.
type hybrid struct {
	b      []byte
	width  uint
	left   uint64 // of the open run or group
	value  uint32 // of the run
	packed []byte // of the group
	bit    uint   // in packed

	batch   [256]uint32
	at, has int
}

func (h *hybrid) reset(b []byte, width int) bool {
	h.b, h.width, h.left, h.packed, h.at, h.has = b, uint(width), 0, nil, 0, 0
	return width >= 0 && width <= 32
}

// next is the next value; false where there are no more.
func (h *hybrid) next() (uint32, bool) {
	if h.at == h.has && !h.fill() {
		return 0, false
	}
	h.at++
	return h.batch[h.at-1], true
}

func (h *hybrid) fill() bool {
	if h.left == 0 && !h.open() {
		return false
	}
	n := int(min(h.left, uint64(len(h.batch))))
	h.left -= uint64(n)
	h.at, h.has = 0, n
	if h.packed == nil {
		for i := range h.batch[:n] {
			h.batch[i] = h.value
		}
		return true
	}
	mask := uint64(1)<<h.width - 1
	for i := range h.batch[:n] {
		h.batch[i] = uint32(load(h.packed, h.bit) & mask)
		h.bit += h.width
	}
	return true
}

// load is the 32 bits or more that begin at a bit of b, and zeros behind its end.
func load(b []byte, bit uint) uint64 {
	at := int(bit / 8)
	if len(b)-at >= 8 {
		return binary.LittleEndian.Uint64(b[at:]) >> (bit % 8)
	}
	var v uint64
	for i := len(b) - 1; i >= at; i-- {
		v = v<<8 | uint64(b[i])
	}
	return v >> (bit % 8)
}

// open begins the next run or group.
func (h *hybrid) open() bool {
	head, n := binary.Uvarint(h.b)
	if n <= 0 || head>>1 == 0 {
		return false
	}
	h.b = h.b[n:]
	if head&1 == 0 {
		bytes := int(h.width+7) / 8
		if bytes > len(h.b) {
			return false
		}
		h.value, h.packed, h.left = 0, nil, head>>1
		for i := bytes - 1; i >= 0; i-- {
			h.value = h.value<<8 | uint32(h.b[i])
		}
		h.b = h.b[bytes:]
		return true
	}
	groups := head >> 1
	size := uint64(len(h.b))
	// The last group of some writers is cut off behind its last value.
	if h.width > 0 && groups > (size+uint64(h.width)-1)/uint64(h.width) {
		return false
	}
	if h.width == 0 {
		h.value, h.packed, h.left = 0, nil, min(groups, 1<<40)*8
		return true
	}
	size = min(size, groups*uint64(h.width))
	h.packed, h.bit, h.left = h.b[:size:size], 0, groups*8
	if h.packed == nil {
		return false
	}
	h.b = h.b[size:]
	return true
}

// uniform reports whether the next count values are one run, and its value.
func (h *hybrid) uniform(count int) (uint32, bool) {
	if h.at != h.has || h.left == 0 && !h.open() {
		return 0, false
	}
	return h.value, h.packed == nil && h.left >= uint64(count)
}

// deltas reads DELTA_BINARY_PACKED.
type deltas struct {
	b       []byte
	perMini int
	minis   int
	left    int64 // values that are still to come
	last    int64
	first   bool

	min    int64
	widths []byte // of the open block's miniblocks that were not begun
	packed []byte
	bit    uint
	width  uint
	inMini int
}

func (d *deltas) reset(b []byte) bool {
	*d = deltas{b: b, first: true}
	block, ok1 := d.uvarint()
	minis, ok2 := d.uvarint()
	total, ok3 := d.uvarint()
	first, ok4 := d.uvarint()
	if !ok1 || !ok2 || !ok3 || !ok4 || minis == 0 || block > 1<<20 || minis > block || block%minis != 0 ||
		(block/minis)%8 != 0 || total > 1<<40 {
		return false
	}
	d.perMini, d.minis, d.left = int(block/minis), int(minis), int64(total)
	d.last = int64(first>>1) ^ -int64(first&1)
	return true
}

func (d *deltas) uvarint() (uint64, bool) {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		return 0, false
	}
	d.b = d.b[n:]
	return v, true
}

// mini begins the next miniblock.
func (d *deltas) mini() bool {
	if len(d.widths) == 0 {
		low, ok := d.uvarint()
		if !ok || len(d.b) < d.minis {
			return false
		}
		d.min = int64(low>>1) ^ -int64(low&1)
		d.widths, d.b = d.b[:d.minis], d.b[d.minis:]
	}
	d.width, d.widths = uint(d.widths[0]), d.widths[1:]
	size := d.perMini * int(d.width) / 8
	if d.width > 64 {
		return false
	}
	if size > len(d.b) { // the last one of some writers is cut off behind its last value
		if int64(d.perMini) <= d.left {
			return false
		}
		size = len(d.b)
	}
	d.packed, d.b = d.b[:size], d.b[size:]
	d.bit, d.inMini = 0, d.perMini
	return true
}

func (d *deltas) next() (int64, bool) {
	if d.left <= 0 {
		return 0, false
	}
	if d.first {
		d.first = false
		d.left--
		return d.last, true
	}
	if d.inMini == 0 && !d.mini() {
		return 0, false
	}
	d.left--
	d.inMini--
	if d.width > 0 {
		d.last += int64(d.bits())
	}
	d.last += d.min
	return d.last, true
}

func (d *deltas) bits() uint64 {
	v := load(d.packed, d.bit)
	if shift := d.bit % 8; shift+d.width > 64 { // the ninth byte
		if at := int(d.bit/8) + 8; at < len(d.packed) {
			v |= uint64(d.packed[at]) << (64 - shift)
		}
	}
	d.bit += d.width
	if d.width == 64 {
		return v
	}
	return v & (1<<d.width - 1)
}

// rest passes over all values, and is what follows them.
func (d deltas) rest() ([]byte, bool) {
	if d.left > 0 {
		d.first = false
		d.left--
	}
	for d.left > 0 {
		if !d.mini() {
			return nil, false
		}
		d.left -= int64(d.perMini)
	}
	return d.b, true
}
