package mysqldb

import (
	"context"
	"errors"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// DefaultReadTimeout is how long a server may send nothing while a statement runs, or take nothing
	// of it, before the connection is given up: the peer, or what is between, is gone without a
	// word. Statements that are silent for longer say so with [withSilence].
	DefaultReadTimeout = 40 * time.Second
	// NoReadTimeout is that of statements which change a table's structure.
	NoReadTimeout = 24 * time.Hour
	// Keepalive probes, and what is sent and not acknowledged, tell that a host is off within
	// peerLimit, however long a statement may be silent.
	peerLimit        = 40 * time.Second
	keepAliveIdle    = 15 * time.Second
	keepAliveEvery   = 5 * time.Second
	keepAliveUnheard = 5
	// writePiece is what has to be taken within one DefaultReadTimeout: 12 kbit a second are enough.
	writePiece = 64 << 10
)

type readTimeoutKey struct{}

// WithReadTimeout lets the statements of ctx be silent for longer than DefaultReadTimeout.
func WithReadTimeout(ctx context.Context, limit time.Duration) context.Context {
	return context.WithValue(ctx, readTimeoutKey{}, limit)
}

// readTimeoutOf is what withSilence has set, or else usual.
func readTimeoutOf(ctx context.Context, usual time.Duration) time.Duration {
	if d, ok := ctx.Value(readTimeoutKey{}).(time.Duration); ok {
		return d
	}
	return usual
}

// timedConn is a network connection that gives a silent peer up.
type timedConn struct {
	net.Conn
	usual time.Duration
	limit atomic.Int64 // nanoseconds, of the statement that runs
	// timedOut says that the peer was given up.
	timedOut atomic.Bool
}

type timedConnKey struct{}

// dialer returns a DialFunc of the driver. The wire is handed to whoever has put a **wire into
// the context.
func dialer(usual time.Duration) func(ctx context.Context, network, address string) (net.Conn, error) {
	if usual <= 0 {
		usual = DefaultReadTimeout
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		d := net.Dialer{Control: controlSocket, KeepAliveConfig: net.KeepAliveConfig{
			Enable: true, Idle: keepAliveIdle, Interval: keepAliveEvery, Count: keepAliveUnheard,
		}}
		conn, err := d.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		w := &timedConn{Conn: conn, usual: usual}
		w.limit.Store(int64(usual))
		if slot, ok := ctx.Value(timedConnKey{}).(**timedConn); ok {
			*slot = w
		}
		return w, nil
	}
}

// startStatement sets the limit of the statement that is about to be sent.
func (w *timedConn) startStatement(ctx context.Context) {
	w.limit.Store(int64(readTimeoutOf(ctx, w.usual)))
}

// Read implements net.Conn.
func (w *timedConn) Read(p []byte) (int, error) {
	if err := w.SetReadDeadline(time.Now().Add(time.Duration(w.limit.Load()))); err != nil {
		return 0, err
	}
	n, err := w.Conn.Read(p)
	return n, w.noteTimeout(err)
}

// Write implements net.Conn. Its limit is for each piece: a slow line is not a dead one.
func (w *timedConn) Write(p []byte) (written int, err error) {
	for written < len(p) {
		if err := w.SetWriteDeadline(time.Now().Add(w.usual)); err != nil {
			return written, err
		}
		n, err := w.Conn.Write(p[written:min(len(p), written+writePiece)])
		written += n
		if err != nil {
			return written, w.noteTimeout(err)
		}
	}
	return written, nil
}

func (w *timedConn) noteTimeout(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, syscall.ETIMEDOUT) {
		w.timedOut.Store(true)
	}
	return err
}

// SyscallConn lets the driver look whether the peer has closed an idle connection.
func (w *timedConn) SyscallConn() (syscall.RawConn, error) {
	if c, ok := w.Conn.(syscall.Conn); ok {
		return c.SyscallConn()
	}
	return nil, errors.ErrUnsupported
}
