package integration_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
)

// fake is a server that knows the protocol as far as a test needs it, and keeps what it got.
type fake struct {
	addr string
	got  chan []byte
}

// startFake sends each client a handshake that offers no TLS. It then accepts any login and
// answers each statement with answer's packets.
func startFake(t *testing.T, answer func(query string) [][]byte) *fake {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	f := &fake{addr: l.Addr().String(), got: make(chan []byte, 1000)}
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(func() { stop(); _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			context.AfterFunc(ctx, func() { _ = conn.Close() })
			go f.serve(conn, answer)
		}
	}()
	return f
}

// received is everything that clients have sent so far, packet by packet.
func (f *fake) received() [][]byte {
	var all [][]byte
	for {
		select {
		case p := <-f.got:
			all = append(all, p)
		default:
			return all
		}
	}
}

// okPacket says "done, nothing affected".
var okPacket = []byte{0, 0, 0, 2, 0, 0, 0}

// serve speaks the protocol: a greeting without the flag for TLS, any login is good, then
// statements.
func (f *fake) serve(conn net.Conn, answer func(string) [][]byte) {
	defer func() { _ = conn.Close() }()
	greeting := append([]byte{10}, "8.0.99-fake\x00"...)
	greeting = append(greeting, 1, 0, 0, 0)        // connection id
	greeting = append(greeting, "12345678\x00"...) // first half of the scramble
	// capabilities without TLS, with LOCAL FILES; utf8mb4; autocommit
	greeting = append(greeting, 0x8f, 0xa2, 45, 2, 0)
	greeting = append(greeting, 0x0f, 0x00, 21)        // more capabilities; length of the scramble
	greeting = append(greeting, make([]byte, 10)...)   // reserved
	greeting = append(greeting, "123456789012\x00"...) // second half
	greeting = append(greeting, "mysql_native_password\x00"...)
	if _, err := send(conn, 0, greeting); err != nil {
		return
	}
	_, seq, err := f.receive(conn)
	if err != nil {
		return
	}
	if _, err = send(conn, seq+1, okPacket); err != nil || answer == nil {
		return
	}
	for {
		packet, seq, err := f.receive(conn)
		if err != nil || len(packet) == 0 {
			return
		}
		const query = 3
		replies := [][]byte{okPacket}
		if packet[0] == query {
			replies = answer(string(packet[1:]))
		}
		for _, r := range replies {
			if seq, err = send(conn, seq+1, r); err != nil {
				return
			}
		}
		if len(replies) == 1 && replies[0][0] == localInfile {
			// The client answers with the file's content, if it does, and an empty packet.
			for {
				content, last, err := f.receive(conn)
				if err != nil {
					return
				}
				if seq = last; len(content) == 0 {
					break
				}
			}
			if _, err := send(conn, seq+1, okPacket); err != nil {
				return
			}
		}
	}
}

// localInfile begins the reply with which a server asks for a file of the client's.
const localInfile = 0xfb

func send(conn net.Conn, seq byte, payload []byte) (byte, error) {
	head := binary.LittleEndian.AppendUint32(nil, uint32(len(payload)))
	head[3] = seq
	_, err := conn.Write(append(head, payload...))
	return seq, err
}

func (f *fake) receive(conn net.Conn) (payload []byte, seq byte, err error) {
	var head [4]byte
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		return nil, 0, err
	}
	seq, head[3] = head[3], 0
	payload = make([]byte, binary.LittleEndian.Uint32(head[:]))
	if _, err := io.ReadFull(conn, payload); err != nil {
		return nil, 0, err
	}
	f.got <- payload
	return payload, seq, nil
}

// A server that answers statements by asking for a file gets none, whichever statement it is
// and for any use of the connection.
func TestRogueServerGetsNoLocalFile(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte("sentinel-content"), 0o600))
	const load = "LOAD DATA LOCAL INFILE 'Reader::tablehaul-none' INTO TABLE t" // the program's own use of such files
	for _, begins := range []string{
		"SELECT CONCAT(@@version", "SET NAMES", "SELECT @@max_allowed_packet",
		"SELECT LEFT(SHA2(", "SELECT @@version", "SELECT 1", load,
	} {
		for _, role := range []mysqldb.Role{mysqldb.Source, mysqldb.Target} {
			asked := 0
			fake := startFake(t, func(query string) [][]byte {
				switch {
				case strings.HasPrefix(query, begins):
					asked++
					return [][]byte{append([]byte{localInfile}, secret...)}
				case strings.HasPrefix(query, "SELECT @@max_allowed_packet"):
					return textResult("1048576")
				case strings.HasPrefix(query, "SELECT CONCAT(@@version"):
					return textResult("8.0.99 fake")
				case strings.HasPrefix(query, "SELECT @@version"):
					return textResult("8.0.99", "fake", "1048576", "1", "0", "151", "0", "user@%")
				case strings.HasPrefix(query, "SELECT LEFT(SHA2("):
					return textResult("0123456789ab")
				}
				return [][]byte{okPacket}
			})
			db, err := mysqldb.Open(t.Context(), "user:password@tcp("+fake.addr+")/",
				mysqldb.Options{Role: role, Name: "shop"})
			if begins == "SELECT 1" || begins == load {
				require.NoError(t, err)
				_, err = db.ExecContext(t.Context(), begins)
				require.NoError(t, db.Close())
			}
			require.Error(t, err, "%s", begins)
			require.Positive(t, asked, "%s: the server did not get to ask", begins)
			for _, packet := range fake.received() {
				require.NotContains(t, string(packet), "sentinel-content")
			}
		}
	}
}

// textResult is a result of one row.
func textResult(values ...string) [][]byte {
	packets := [][]byte{{byte(len(values))}}
	var row []byte
	for range values {
		// catalog "def", no names, then the fixed part: utf8mb4, length, VAR_STRING, no flags
		packets = append(packets, []byte{
			3, 'd', 'e', 'f', 0, 0, 0, 1, 'c', 0, 12, 45, 0, 255, 0, 0, 0, 253, 0, 0, 0, 0,
			0,
		})
	}
	eof := []byte{0xfe, 0, 0, 2, 0}
	packets = append(packets, eof)
	for _, v := range values {
		row = append(append(row, byte(len(v))), v...)
	}
	return append(packets, row, eof)
}
