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
	// SilenceLimit is how long a server may send nothing while a statement runs, or take nothing
	// of it, before the connection is given up: the peer, or what is between, is gone without a
	// word. Statements that are silent for longer say so with [withSilence].
	SilenceLimit = 40 * time.Second
	// LongSilence is that of statements which change a table's structure.
	LongSilence = 24 * time.Hour
	// Keepalive probes, and what is sent and not acknowledged, tell that a host is off within
	// peerLimit, however long a statement may be silent.
	peerLimit        = 40 * time.Second
	keepAliveIdle    = 15 * time.Second
	keepAliveEvery   = 5 * time.Second
	keepAliveUnheard = 5
	// writePiece is what has to be taken within one SilenceLimit: 12 kbit a second are enough.
	writePiece = 64 << 10
)

type silenceKey struct{}

// WithSilence lets the statements of ctx be silent for longer than SilenceLimit.
func WithSilence(ctx context.Context, limit time.Duration) context.Context {
	return context.WithValue(ctx, silenceKey{}, limit)
}

// silenceOf is what withSilence has set, or else usual.
func silenceOf(ctx context.Context, usual time.Duration) time.Duration {
	if d, ok := ctx.Value(silenceKey{}).(time.Duration); ok {
		return d
	}
	return usual
}

// wire is a network connection that gives a silent peer up.
type wire struct {
	net.Conn
	usual time.Duration
	limit atomic.Int64 // nanoseconds, of the statement that runs
	// silent says that the peer was given up.
	silent atomic.Bool
}

type wireKey struct{}

// dialer returns a DialFunc of the driver. The wire is handed to whoever has put a **wire into
// the context.
func dialer(usual time.Duration) func(ctx context.Context, network, address string) (net.Conn, error) {
	if usual <= 0 {
		usual = SilenceLimit
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		d := net.Dialer{Control: controlSocket, KeepAliveConfig: net.KeepAliveConfig{
			Enable: true, Idle: keepAliveIdle, Interval: keepAliveEvery, Count: keepAliveUnheard,
		}}
		conn, err := d.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		w := &wire{Conn: conn, usual: usual}
		w.limit.Store(int64(usual))
		if slot, ok := ctx.Value(wireKey{}).(**wire); ok {
			*slot = w
		}
		return w, nil
	}
}

// begin sets the limit of the statement that is about to be sent.
func (w *wire) begin(ctx context.Context) { w.limit.Store(int64(silenceOf(ctx, w.usual))) }

// Read implements net.Conn.
func (w *wire) Read(p []byte) (int, error) {
	if err := w.SetReadDeadline(time.Now().Add(time.Duration(w.limit.Load()))); err != nil {
		return 0, err
	}
	n, err := w.Conn.Read(p)
	return n, w.judge(err)
}

// Write implements net.Conn. Its limit is for each piece: a slow line is not a dead one.
func (w *wire) Write(p []byte) (written int, err error) {
	for written < len(p) {
		if err := w.SetWriteDeadline(time.Now().Add(w.usual)); err != nil {
			return written, err
		}
		n, err := w.Conn.Write(p[written:min(len(p), written+writePiece)])
		written += n
		if err != nil {
			return written, w.judge(err)
		}
	}
	return written, nil
}

func (w *wire) judge(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, syscall.ETIMEDOUT) {
		w.silent.Store(true)
	}
	return err
}

// SyscallConn lets the driver look whether the peer has closed an idle connection.
func (w *wire) SyscallConn() (syscall.RawConn, error) {
	if c, ok := w.Conn.(syscall.Conn); ok {
		return c.SyscallConn()
	}
	return nil, errors.ErrUnsupported
}
