package wire

import (
	"encoding/binary"
	"strconv"
	"strings"
	"unicode"
)

// Answer is what a server says of a statement without rows, beside what the driver tells.
type Answer struct {
	// Warnings is how many there are.
	Warnings int
	// Records is how many rows an INSERT of several had, and Duplicates how many rows of the table it has updated or
	// replaced. Both are -1 where the server does not say so.
	Records, Duplicates int64
}

// unknown is an Answer of which nothing is known.
var unknown = Answer{Warnings: -1, Records: -1, Duplicates: -1}

// BeginOK makes [Conn.Answer] tell of the statement that is sent next, where its answer can be read. It is called after
// StartStatement.
func (c *Conn) BeginOK() {
	if c.readable {
		c.result.phase = phaseOK
	}
}

// Answer is what the server said of the statement after BeginOK; false where that is not known.
func (c *Conn) Answer() (a Answer, known bool) { return c.result.answer, c.result.answer.Warnings >= 0 }

// readAnswer reads the answer to a statement without rows; it is unknown where the packet is another answer.
func readAnswer(packet []byte) Answer {
	if len(packet) == 0 || packet[0] != firstOK {
		return unknown
	}
	_, rest, _ := CutLength(packet[1:]) // rows
	_, rest, _ = CutLength(rest)        // the last id
	const status = 2
	if len(rest) < status+2 {
		return unknown
	}
	a := Answer{Warnings: int(binary.LittleEndian.Uint16(rest[status:])), Records: -1, Duplicates: -1}
	n, info, _ := CutLength(rest[status+2:])
	if n > uint64(len(info)) {
		return a
	}
	// Records: 400  Duplicates: 398  Warnings: 0, in the words of lc_messages.
	numbers := strings.FieldsFunc(string(info[:n]), func(r rune) bool { return !unicode.IsDigit(r) })
	if len(numbers) != 3 {
		return a
	}
	records, err := strconv.ParseInt(numbers[0], 10, 64)
	if err != nil {
		return a
	}
	duplicates, err := strconv.ParseInt(numbers[1], 10, 64)
	if err != nil {
		return a
	}
	a.Records, a.Duplicates = records, duplicates
	return a
}
