package wire

import "encoding/binary"

// BeginOK makes [Conn.Warnings] tell the warnings of the statement that is sent next, where its answer can be read. It
// is called after StartStatement.
func (c *Conn) BeginOK() {
	if c.readable {
		c.result.phase = phaseOK
	}
}

// Warnings is how many warnings the server has for the statement after BeginOK; false where that is not known.
func (c *Conn) Warnings() (n int, known bool) { return c.result.warnings, c.result.warnings >= 0 }

// warningCount is the number of warnings of a statement without rows; -1 where the packet is another answer.
func warningCount(packet []byte) int {
	if len(packet) == 0 || packet[0] != firstOK {
		return -1
	}
	_, rest, _ := CutLength(packet[1:]) // rows
	_, rest, _ = CutLength(rest)        // the last id
	const status = 2
	if len(rest) < status+2 {
		return -1
	}
	return int(binary.LittleEndian.Uint16(rest[status:]))
}
