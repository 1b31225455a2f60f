package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Parts of MySQL's protocol: the length of a packet's header, the length from which on a packet goes on in the next
// one, and the first bytes that tell packets apart.
const (
	headerSize  = 4
	packetSplit = 1<<24 - 1
	firstOK     = 0x00
	firstNULL   = 0xfb // of an answer: the server wants a local file
	firstEnd    = 0xfe
	firstError  = 0xff
)

// Flags of a client's first packet.
const (
	flagCompress     = 1 << 5
	flagTLS          = 1 << 11
	flagDeprecateEOF = 1 << 24
)

const (
	// rowBuffer is how many bytes are read of the socket at once; keptBuffer bounds what is kept for the next rows.
	rowBuffer  = 64 << 10
	keptBuffer = 1 << 20
)

// errPacketOrder is a packet that is not the next one.
var errPacketOrder = errors.New("a packet of the server is out of order")

// phase is what a result set's next packet is.
type phase int

const (
	// phaseDriver: the driver reads everything.
	phaseDriver phase = iota
	// phaseOK: the driver reads everything, and the first packet is looked at.
	phaseOK
	phaseHeader
	phaseColumns
	phaseRows
	phaseEnd
)

// result is the answer to one statement, between the socket and the driver. The driver reads the header, the columns
// and the last packet; the rows in between go to [Conn.NextRow].
type result struct {
	phase phase
	// left are the packets of columns still to come, which an EOF ends for a server of old.
	left, columns int
	types         []byte
	// buf[from:to] was read of the socket.
	buf      []byte
	from, to int
	// out is what the driver reads next; lastSeen numbers the last packet of the columns, number the last one of all.
	out              []byte
	lastSeen, number byte
	split            []byte
	err              error
	// answer is what the server said of the statement.
	answer Answer
}

// noteFlags looks at the client's first packet: it says whether the others can be read.
func (c *Conn) noteFlags(p []byte) {
	if c.greeted {
		return
	}
	c.greeted = true
	if len(p) < headerSize+4 {
		return
	}
	flags := binary.LittleEndian.Uint32(p[headerSize:])
	c.readable = flags&(flagTLS|flagCompress) == 0
	c.deprecateEOF = flags&flagDeprecateEOF != 0
}

// CanReadRows reports whether [Conn.NextRow] can be used: the connection is neither encrypted nor compressed.
func (c *Conn) CanReadRows() bool { return c.readable }

// BeginRows makes NextRow read the rows of the statement that is sent next. It is called after StartStatement.
func (c *Conn) BeginRows() { c.result.phase = phaseHeader }

// ColumnTypes are the types of the columns of the rows, as the protocol numbers them.
func (c *Conn) ColumnTypes() []byte { return c.result.types }

// HasRows reports whether the statement's answer has columns, so that NextRow may be called.
func (c *Conn) HasRows() bool { return c.result.phase == phaseRows }

// NextRow returns the next row as the text protocol has it, valid until the next call. At the end, and after an error,
// more is false: the driver reads then what has ended the rows.
func (c *Conn) NextRow() (row []byte, more bool) {
	r := &c.result
	if r.phase != phaseRows {
		return nil, false
	}
	row, err := c.packet()
	if err != nil {
		r.err, r.phase = err, phaseEnd
		return nil, false
	}
	if len(row) == 0 || row[0] != firstError && (row[0] != firstEnd || len(row) >= packetSplit) {
		return row, true
	}
	r.lastSeen++
	r.out = append(r.out[:0], byte(len(row)), byte(len(row)>>8), byte(len(row)>>16), r.lastSeen)
	r.out = append(r.out, row...)
	r.phase = phaseEnd
	return nil, false
}

// readResult is Read for the driver while a result is looked at.
func (c *Conn) readResult(p []byte) (int, error) {
	r := &c.result
	if len(r.out) == 0 {
		switch {
		case r.err != nil:
			return 0, r.err
		case r.phase == phaseHeader || r.phase == phaseColumns || r.phase == phaseOK:
			if err := c.showColumns(); err != nil {
				return 0, err
			}
		case r.from < r.to:
			n := copy(p, r.buf[r.from:r.to])
			r.from += n
			return n, nil
		default:
			return c.read(p)
		}
	}
	n := copy(p, r.out)
	r.out = r.out[n:]
	return n, nil
}

// showColumns reads a packet before the rows for the driver, and learns from it.
func (c *Conn) showColumns() error {
	r := &c.result
	packet, err := c.packet()
	if err != nil {
		r.err = err
		return err
	}
	r.out = append(r.out[:0], byte(len(packet)), byte(len(packet)>>8), byte(len(packet)>>16), r.number)
	r.out = append(r.out, packet...)
	r.lastSeen = r.number
	if r.phase == phaseOK {
		if len(packet) > 0 && packet[0] == firstNULL {
			return nil // the answer follows when the server has read the file
		}
		r.answer, r.phase = readAnswer(packet), phaseDriver
		return nil
	}
	if r.phase == phaseHeader {
		r.columns = columnCount(packet)
		if r.types = r.types[:0]; r.columns == 0 {
			r.phase = phaseDriver
			return nil
		}
		r.phase, r.left = phaseColumns, r.columns
		if !c.deprecateEOF {
			r.left++
		}
		return nil
	}
	if len(r.types) < r.columns {
		r.types = append(r.types, columnType(packet))
	}
	if r.left--; r.left == 0 {
		r.phase = phaseRows
	}
	return nil
}

// packet reads the next packet, valid until the next call. Parts of a long one are put together.
func (c *Conn) packet() ([]byte, error) {
	r := &c.result
	r.split = r.split[:0]
	for {
		if err := c.fill(headerSize); err != nil {
			return nil, err
		}
		head := r.buf[r.from:]
		n := int(head[0]) | int(head[1])<<8 | int(head[2])<<16
		number := head[3]
		if err := c.fill(headerSize + n); err != nil {
			return nil, err
		}
		part := r.buf[r.from+headerSize : r.from+headerSize+n]
		if r.number++; number != r.number && r.phase > phaseHeader && (n == 0 || part[0] != firstError) {
			return nil, fmt.Errorf("%w: %d instead of %d", errPacketOrder, number, r.number)
		}
		r.number = number
		r.from += headerSize + n
		if n < packetSplit && len(r.split) == 0 {
			return part, nil
		}
		if r.split = append(r.split, part...); n < packetSplit {
			return r.split, nil
		}
	}
}

// fill reads until at least n bytes are in the buffer.
func (c *Conn) fill(n int) error {
	r := &c.result
	if r.to-r.from >= n {
		return nil
	}
	r.to = copy(r.buf, r.buf[r.from:r.to])
	r.from = 0
	if len(r.buf) < n {
		r.buf = slices.Grow(r.buf[:r.to], max(n, rowBuffer)-r.to)
		r.buf = r.buf[:cap(r.buf)]
	}
	for r.to < n {
		got, err := c.read(r.buf[r.to:])
		if r.to += got; err != nil && r.to < n {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}

// endResult leaves the next answer to the driver, and what is left of this one.
func (c *Conn) endResult() {
	r := &c.result
	if r.from == r.to && len(r.buf) > keptBuffer {
		r.buf, r.from, r.to = nil, 0, 0
	}
	if cap(r.split) > keptBuffer {
		r.split = nil
	}
	r.phase, r.answer = phaseDriver, unknown
}

// columnCount is the number of columns that an answer begins with; 0 where it has no rows.
func columnCount(packet []byte) int {
	if len(packet) == 0 || packet[0] == firstOK || packet[0] == firstError || packet[0] == firstNULL {
		return 0
	}
	n, _, _ := CutLength(packet)
	return int(n)
}

// columnType is the type in the description of a column.
func columnType(packet []byte) byte {
	for range 6 { // catalog, schema, table, its own name, name, its own name
		n, rest, _ := CutLength(packet)
		packet = rest[min(n, uint64(len(rest))):]
	}
	const at = 1 + 2 + 4 // behind the length of what follows, character set and width
	if len(packet) <= at {
		return 0
	}
	return packet[at]
}

// CutLength reads the length that precedes a value in the text protocol, and returns what follows it. NULL has none.
func CutLength(b []byte) (n uint64, rest []byte, null bool) {
	if len(b) == 0 {
		return 0, nil, false
	}
	size := 0
	switch b[0] {
	case firstNULL:
		return 0, b[1:], true
	case 0xfc:
		size = 2
	case 0xfd:
		size = 3
	case 0xfe:
		size = 8
	default:
		return uint64(b[0]), b[1:], false
	}
	if len(b) <= size {
		return 0, nil, false
	}
	for i := size; i > 0; i-- {
		n = n<<8 | uint64(b[i])
	}
	return n, b[1+size:], false
}
