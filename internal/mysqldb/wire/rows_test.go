package wire_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/wire"
)

// Flags of a client's first packet.
const (
	compressed   = 1 << 5
	encrypted    = 1 << 11
	deprecateEOF = 1 << 24
)

// dialed is a connection whose client has said its flags, and whose server sends an answer in pieces of some bytes, and
// closes the connection then.
func dialed(t *testing.T, flags uint32, answer []byte, piece int) *wire.Conn {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close() //nolint:errcheck // the other side says what it has read
		_, _ = io.ReadFull(c, make([]byte, 36))
		for b := range slices.Chunk(answer, piece) {
			if _, err := c.Write(b); err != nil {
				return
			}
		}
	}()
	conn, err := wire.Dialer(time.Minute)(t.Context(), "tcp", l.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = conn.Close()
		_ = l.Close()
		<-done
	})
	hello := make([]byte, 36)
	hello[0], hello[3] = 32, 1
	for i := range 4 {
		hello[4+i] = byte(flags >> (8 * i))
	}
	_, err = conn.Write(hello)
	require.NoError(t, err)
	return conn.(*wire.Conn)
}

// answer is a result set of one column.
type answer struct {
	bytes.Buffer
	number byte
}

func (a *answer) packet(payload string) *answer {
	for {
		n := min(len(payload), 1<<24-1)
		a.number++
		a.Write([]byte{byte(n), byte(n >> 8), byte(n >> 16), a.number})
		a.WriteString(payload[:n])
		if payload = payload[n:]; n < 1<<24-1 {
			return a
		}
	}
}

// column describes one of the type VARCHAR.
const column = "\x03def\x00\x00\x00\x01c\x00\x0c\x2d\x00\x50\x00\x00\x00\xfd\x00\x00\x00\x00\x00"

// endOfRows is an OK packet that ends rows, and endOfOld what ended columns and rows before.
const endOfRows, endOfOld = "\xfe\x00\x00\x02\x00\x00\x00", "\xfe\x00\x00\x02\x00"

func driverReads(t *testing.T, c *wire.Conn, n int) string {
	t.Helper()
	b := make([]byte, n)
	_, err := io.ReadFull(c, b)
	require.NoError(t, err)
	return string(b)
}

func TestRowsArePastTheDriver(t *testing.T) {
	long := "\xfe\x10\x00\x00\x01\x00\x00\x00\x00" + strings.Repeat("x", 1<<24+16) // 16 MiB and 16 bytes
	rows := []string{"\x05seven", "\xfb", "\x00", long, "\x01y"}
	for name, c := range map[string]struct {
		flags uint32
		end   string
		piece int
	}{
		"at once":               {deprecateEOF, endOfRows, 1 << 20},
		"in pieces":             {deprecateEOF, endOfRows, 1 << 13},
		"as servers of old":     {0, endOfOld, 1 << 20},
		"an error ends the row": {deprecateEOF, "\xff\x10\x27#HY000it ends", 1 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			var a, seen answer
			for _, to := range []*answer{&a, &seen} {
				if to.packet("\x01").packet(column); c.flags == 0 {
					to.packet(endOfOld)
				}
			}
			head := seen.Len()
			for _, row := range rows {
				a.packet(row)
			}
			a.packet(c.end)
			seen.packet(c.end) // its number is next to that of the columns
			const later = "what comes later"
			a.WriteString(later)

			conn := dialed(t, c.flags, a.Bytes(), c.piece)
			require.True(t, conn.CanReadRows())
			conn.StartStatement(t.Context())
			conn.BeginRows()
			got := driverReads(t, conn, head)
			require.Equal(t, []byte{0xfd}, conn.ColumnTypes())
			require.True(t, conn.HasRows())
			for _, want := range rows {
				row, more := conn.NextRow()
				require.True(t, more)
				require.True(t, want == string(row), "%.20q of %d bytes, not %.20q", row, len(row), want)
			}
			for range 2 {
				_, more := conn.NextRow()
				require.False(t, more)
			}
			require.Equal(t, seen.String(), got+driverReads(t, conn, seen.Len()-head))
			conn.StartStatement(t.Context())
			require.Equal(t, later, driverReads(t, conn, len(later)))
		})
	}
}

func TestAnAnswerWithoutRowsIsTheDrivers(t *testing.T) {
	for _, packet := range []string{"\x00\x00\x00\x02\x00\x00\x00", "\xff\x15\x04#42000denied", "\xfbfile"} {
		var a answer
		conn := dialed(t, deprecateEOF, a.packet(packet).Bytes(), 1<<20)
		conn.StartStatement(t.Context())
		conn.BeginRows()
		require.Equal(t, a.String(), driverReads(t, conn, a.Len()))
		require.False(t, conn.HasRows())
		_, more := conn.NextRow()
		require.False(t, more)
	}
}

// The driver gets the error of a connection that ends among the rows, or that loses a packet, and closes it.
func TestRowsThatAreCutOffAreAnError(t *testing.T) {
	var whole answer
	whole.packet("\x01").packet(column).packet("\x05seven")
	head := whole.Len() - 10
	lost := append([]byte{}, whole.Bytes()...)
	lost[head+3]++ // the number of the row's packet
	for name, sent := range map[string][]byte{
		"in a row": whole.Bytes()[:whole.Len()-1], "in a header": whole.Bytes()[:head+2],
		"behind the columns": whole.Bytes()[:head],
		"a packet is lost":   lost,
	} {
		t.Run(name, func(t *testing.T) {
			conn := dialed(t, deprecateEOF, sent, 1<<20)
			conn.StartStatement(t.Context())
			conn.BeginRows()
			driverReads(t, conn, head)
			_, more := conn.NextRow()
			require.False(t, more)
			for range 2 {
				_, err := conn.Read(make([]byte, 1))
				require.Error(t, err)
				require.False(t, errors.Is(err, io.EOF), "an end would be taken for that of the rows")
			}
		})
	}
}

func TestEncryptedAndCompressedRowsAreTheDrivers(t *testing.T) {
	for _, flag := range []uint32{encrypted, compressed} {
		conn := dialed(t, deprecateEOF|flag, []byte("secret"), 1)
		require.False(t, conn.CanReadRows())
		require.Equal(t, "secret", driverReads(t, conn, 6))
	}
}

// What a server says of a statement is read beside the driver, which gets the same bytes; after a file, too.
func TestAnAnswerIsReadBesideTheDriver(t *testing.T) {
	const three = "\x00\xfc\x10\x27\x01\x02\x00\x03\x00"
	warned := wire.Answer{Warnings: 3, Records: -1, Duplicates: -1}
	german := "Datensätze: 400  Duplikate: 398  Warnungen: 3"
	for name, c := range map[string]struct {
		flags   uint32
		packets []string
		want    wire.Answer
		known   bool
	}{
		"none": {
			deprecateEOF, []string{"\x00\x00\x00\x02\x00\x00\x00"}, wire.Answer{Records: -1, Duplicates: -1}, true,
		},
		"three": {deprecateEOF, []string{three}, warned, true},
		"with counts": {
			deprecateEOF,
			[]string{three + string(rune(len(german))) + german},
			wire.Answer{Warnings: 3, Records: 400, Duplicates: 398},
			true,
		},
		"with counts and what follows": {
			deprecateEOF,
			[]string{three + "\x28Records: 0  Duplicates: 12  Warnings: 345 and more"},
			wire.Answer{Warnings: 3, Records: 0, Duplicates: 12},
			true,
		},
		"with other words":       {deprecateEOF, []string{three + "\x0fRecords: 10000!"}, warned, true},
		"without their length":   {deprecateEOF, []string{three + "Records: 4  Duplicates: 2"}, warned, true},
		"with counts too large":  {deprecateEOF, []string{three + "\x1899999999999999999999 1 1."}, warned, true},
		"after a file":           {deprecateEOF, []string{"\xfbfile", three}, warned, true},
		"an error":               {deprecateEOF, []string{"\xff\x15\x04#42000denied"}, wire.Answer{}, false},
		"too short":              {deprecateEOF, []string{"\x00\x00\x00"}, wire.Answer{}, false},
		"a connection with TLS":  {deprecateEOF | encrypted, []string{three}, wire.Answer{}, false},
		"one that is compressed": {deprecateEOF | compressed, []string{three}, wire.Answer{}, false},
		"rows":                   {deprecateEOF, []string{"\x01", column, endOfRows}, wire.Answer{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			var a answer
			for _, packet := range c.packets {
				a.packet(packet)
			}
			const later = "what comes later"
			a.WriteString(later)
			conn := dialed(t, c.flags, a.Bytes(), 1<<20)
			conn.StartStatement(t.Context())
			conn.BeginOK()
			require.Equal(t, a.String(), driverReads(t, conn, a.Len()))
			got, known := conn.Answer()
			require.Equal(t, c.known, known)
			if known {
				require.Equal(t, c.want, got)
			}
			conn.StartStatement(t.Context())
			_, known = conn.Answer()
			require.False(t, known, "of another statement")
		})
	}
}
