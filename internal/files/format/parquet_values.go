package format

import "encoding/binary"

// value takes the next value that is there: a number, or bytes that are valid until the next call.
func (l *leaf) value() (u uint64, b []byte, err error) {
	switch l.encoding {
	case encodingPlain:
		return l.plainValue()
	case encodingRLE:
		v, ok := l.indexes.next()
		if !ok {
			return 0, nil, errShort
		}
		return uint64(v), nil, nil
	case encodingDelta:
		v, ok := l.nums.next()
		if !ok {
			return 0, nil, errShort
		}
		if l.typ == typeInt32 { // it wraps around in 32 bits
			return uint64(uint32(v)), nil, nil
		}
		return uint64(v), nil, nil
	case encodingDeltaLength:
		b, err = l.take()
		return 0, b, err
	case encodingDeltaBytes:
		return l.suffixed()
	default:
		return l.splitValue()
	}
}

func (l *leaf) plainValue() (u uint64, b []byte, err error) {
	switch l.typ {
	case typeBool:
		at := l.splitAt / 8
		if at >= len(l.plain) {
			return 0, nil, errShort
		}
		u = uint64(l.plain[at] >> (l.splitAt % 8) & 1)
		l.splitAt++
		return u, nil, nil
	case typeBytes:
		if len(l.plain) < 4 {
			return 0, nil, errShort
		}
		n := uint64(binary.LittleEndian.Uint32(l.plain))
		if n > uint64(len(l.plain)-4) {
			return 0, nil, errShort
		}
		b = l.plain[4 : 4+n]
		l.plain = l.plain[4+n:]
		return 0, b, nil
	default:
		n := l.width
		if n > len(l.plain) {
			return 0, nil, errShort
		}
		b = l.plain[:n]
		l.plain = l.plain[n:]
		return fixed(b), b, nil
	}
}

// fixed is the number that 4 or 8 bytes hold.
func fixed(b []byte) uint64 {
	switch len(b) {
	case 4:
		return uint64(binary.LittleEndian.Uint32(b))
	case 8:
		return binary.LittleEndian.Uint64(b)
	default:
		return 0
	}
}

// take is the next value of DELTA_LENGTH_BYTE_ARRAY.
func (l *leaf) take() ([]byte, error) {
	n, ok := l.lengths.next()
	if !ok || n < 0 || n > int64(len(l.plain)) {
		return nil, errShort
	}
	b := l.plain[:n]
	l.plain = l.plain[n:]
	return b, nil
}

// suffixed is the next value of DELTA_BYTE_ARRAY: the start of the last one, and a text.
func (l *leaf) suffixed() (uint64, []byte, error) {
	prefix, ok := l.nums.next()
	if !ok || prefix < 0 || prefix > int64(len(l.previous)) {
		return 0, nil, errShort
	}
	suffix, err := l.take()
	if err != nil {
		return 0, nil, err
	}
	l.previous = append(l.previous[:prefix], suffix...)
	if l.typ == typeFixed && len(l.previous) != l.length {
		return 0, nil, errPage
	}
	return 0, l.previous, nil
}

// splitValue is the next value of BYTE_STREAM_SPLIT, whose first bytes come first.
func (l *leaf) splitValue() (uint64, []byte, error) {
	n := len(l.split) / l.splitLen
	if l.splitAt >= n {
		return 0, nil, errShort
	}
	l.scratch = l.scratch[:0]
	for i := range l.splitLen {
		l.scratch = append(l.scratch, l.split[i*n+l.splitAt])
	}
	l.splitAt++
	return fixed(l.scratch), l.scratch, nil
}
