package line

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// A Line leads to a server. It is safe for concurrent use.
type Line struct {
	listener net.Listener
	to       string
	delay    atomic.Int64 // nanoseconds
	commit   atomic.Int64 // nanoseconds

	mu   sync.Mutex
	gate chan struct{} // closed while pieces pass
}

// inFlight is how many pieces a direction holds: with pieces of 64 KiB, far more than a server sends within a delay.
const inFlight = 4096

// Lay lays a line to host:port that ends with ctx. The delay is that of each direction.
func Lay(ctx context.Context, to string, delay time.Duration) (*Line, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("lay a line to %s: %w", to, err)
	}
	l := &Line{listener: listener, to: to, gate: make(chan struct{})}
	close(l.gate)
	l.SetDelay(delay)
	context.AfterFunc(ctx, func() { _ = listener.Close() })
	go l.accept(ctx)
	return l, nil
}

// Address is where clients connect, host:port.
func (l *Line) Address() string { return l.listener.Addr().String() }

// SetDelay is for what enters the line from now on, each direction.
func (l *Line) SetDelay(d time.Duration) { l.delay.Store(int64(d)) }

// SetCommitDelay keeps each COMMIT that enters the line from now on back for longer, as a server does whose disk is
// slow. A COMMIT is one by the text of its statement, on a connection without TLS.
func (l *Line) SetCommitDelay(d time.Duration) { l.commit.Store(int64(d)) }

// commit is the command of the statement COMMIT, which has a packet of its own.
var commit = []byte("\x07\x00\x00\x00\x03COMMIT")

// late is how long a piece is on its way.
func (l *Line) late(data []byte) time.Duration {
	more := l.commit.Load()
	if more > 0 && !bytes.Contains(data, commit) {
		more = 0
	}
	return time.Duration(l.delay.Load() + more)
}

// Break keeps back all that is on the line, as if it were lost and sent again and again. Mend ends it.
func (l *Line) Break() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gate = make(chan struct{})
}

// Mend must be called once after each Break.
func (l *Line) Mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.gate)
}

func (l *Line) passes() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.gate
}

func (l *Line) accept(ctx context.Context) {
	for {
		near, err := l.listener.Accept()
		if err != nil {
			return
		}
		far, err := (&net.Dialer{}).DialContext(ctx, "tcp", l.to)
		if err != nil {
			_ = near.Close()
			continue
		}
		go l.carry(far, near)
		go l.carry(near, far)
	}
}

// piece is bytes, and when they come out. They are the first n of a buffer.
type piece struct {
	at     time.Time
	buffer *[pieceSize]byte
	n      int
	err    error
}

const pieceSize = 64 << 10

// buffers are those of pieces that have come out: to fill memory with zeros would take a part of what is measured.
var buffers = sync.Pool{New: func() any { return new([pieceSize]byte) }}

// carry carries one direction until it ends, and then ends the connection.
func (l *Line) carry(to, from net.Conn) {
	pieces := make(chan piece, inFlight)
	go func() {
		for {
			buffer, _ := buffers.Get().(*[pieceSize]byte)
			n, err := from.Read(buffer[:])
			pieces <- piece{time.Now().Add(l.late(buffer[:n])), buffer, n, err}
			if err != nil {
				return
			}
		}
	}()
	for p := range pieces {
		time.Sleep(time.Until(p.at))
		<-l.passes()
		_, err := to.Write(p.buffer[:p.n])
		buffers.Put(p.buffer)
		if err = errors.Join(err, p.err); err != nil {
			_ = to.Close()
			if !errors.Is(err, io.EOF) {
				_ = from.Close()
			}
			return
		}
	}
}
