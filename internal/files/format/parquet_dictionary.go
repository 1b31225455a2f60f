package format

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// dictionary holds each value as it is printed, or, of many numbers, as it is in the file.
type dictionary struct {
	text []byte
	ends []uint32 // value i is text[ends[i]:ends[i+1]]
	why  []uint8  // of each value, its place in reasons; nil where all are good
	whys []reason

	// raw has the values of a dictionary that is large: printed, they would take three times as much memory, and most
	// of them are used once. They are printed one by one, into text.
	raw []byte
}

// printedValues is how many numbers of a dictionary are printed ahead.
const printedValues = 4096

// refuse notes why a value is refused. There are fewer reasons than a byte counts.
func (d *dictionary) refuse(i, values int, why reason) {
	if d.why == nil {
		d.why, d.whys = make([]uint8, values), append(d.whys[:0], "")
	}
	code := slices.Index(d.whys, why)
	if code < 0 {
		code = len(d.whys)
		d.whys = append(d.whys, why)
	}
	d.why[i] = uint8(code)
}

// bytes is the memory that it holds.
func (d *dictionary) bytes() int64 {
	return int64(cap(d.text) + 4*cap(d.ends) + cap(d.why) + cap(d.raw))
}

// readDictionary reads a dictionary. Its memory counts as that of pages, but is held until the row group ends.
func (l *leaf) readDictionary(h *pageHead) error {
	before := l.dict.bytes()
	defer func() { *l.pages.held += l.dict.bytes() - before }()
	return l.printDictionary(h)
}

// printDictionary prints each value of a dictionary, once for all rows that have it.
func (l *leaf) printDictionary(h *pageHead) error {
	if h.encoding != encodingPlain && h.encoding != encodingPlainDict || l.typ == typeBool || l.hasDict {
		return fmt.Errorf("%w: its dictionary", errPage)
	}
	body, err := l.pages.body(h)
	if err != nil {
		return err
	}
	l.plain, l.memory, err = l.pages.unpack(l.memory, body, int(h.unpacked), false)
	if err != nil {
		return err
	}
	if h.values*int64(cmp.Or(l.width, 4)) > int64(len(l.plain)) {
		return errShort
	}
	d := &l.dict
	d.raw = d.raw[:0]
	if h.values > printedValues && l.width > 0 {
		d.raw, l.hasDict = append(d.raw, l.plain[:h.values*int64(l.width)]...), true
		return nil
	}
	d.text = append(slices.Grow(d.text[:0], len(l.plain)), 0)
	d.ends = append(slices.Grow(d.ends[:0], int(h.values)+1), 1)
	d.why, l.hasDict = nil, true
	for i := range int(h.values) {
		u, b, err := l.plainValue()
		if err != nil {
			return err
		}
		var why reason
		start := len(d.text)
		if d.text, why = l.print(d.text, u, b); why != "" {
			d.text = d.text[:start]
			d.refuse(i, int(h.values), why)
		}
		if len(d.text) > maxPage {
			return errors.New("its dictionary is too large")
		}
		d.ends = append(d.ends, uint32(len(d.text)))
	}
	return nil
}

// entry takes the next value of a page that has a dictionary, as it is printed.
func (l *leaf) entry() ([]byte, reason, error) {
	i, ok := l.indexes.next()
	d := &l.dict
	if n := uint64(l.width); ok && len(d.raw) > 0 {
		if uint64(i) >= uint64(len(d.raw))/n {
			return nil, "", errShort
		}
		b := d.raw[uint64(i)*n:][:n]
		text, why := l.print(d.text[:0], fixed(b), b)
		d.text = text
		return text, why, nil
	}
	if !ok || uint64(i)+1 >= uint64(len(d.ends)) {
		return nil, "", errShort
	}
	if d.why != nil && d.why[i] != 0 {
		return nil, d.whys[d.why[i]], nil
	}
	return d.text[d.ends[i]:d.ends[i+1]], "", nil
}
