package wire

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
	// of it, before the connection is closed. A statement that needs longer says so with [WithReadTimeout].
	DefaultReadTimeout = 40 * time.Second
	// NoReadTimeout is that of statements which change a table's structure.
	NoReadTimeout = 24 * time.Hour
	// Keepalive probes, and a limit on unacknowledged data, detect a host that is off within
	// peerLimit, however long a statement may be silent.
	peerLimit      = 40 * time.Second
	keepAliveIdle  = 15 * time.Second
	keepAliveEvery = 5 * time.Second
	keepAliveCount = 5
	// writePiece is what the peer has to take within one read timeout: 12 kbit a second are enough.
	writePiece = 64 << 10
)

type readTimeoutKey struct{}

// WithReadTimeout sets how long the server may be silent during the statements of ctx.
func WithReadTimeout(ctx context.Context, limit time.Duration) context.Context {
	return context.WithValue(ctx, readTimeoutKey{}, limit)
}

// Conn is a network connection with a read timeout for each statement.
type Conn struct {
	net.Conn
	usual    time.Duration
	limit    atomic.Int64 // nanoseconds, of the statement that runs
	timedOut atomic.Bool

	// greeted says that the client's first packet was seen; see noteFlags.
	greeted, readable, deprecateEOF bool
	result                          result
}

type slotKey struct{}

// WithSlot makes a [Dialer] store the connection that it opens in slot.
func WithSlot(ctx context.Context, slot **Conn) context.Context {
	return context.WithValue(ctx, slotKey{}, slot)
}

// Dialer returns a DialFunc of the driver. A usual read timeout of 0 is DefaultReadTimeout.
func Dialer(usual time.Duration) func(ctx context.Context, network, address string) (net.Conn, error) {
	if usual <= 0 {
		usual = DefaultReadTimeout
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		d := net.Dialer{Control: controlSocket, KeepAliveConfig: net.KeepAliveConfig{
			Enable: true, Idle: keepAliveIdle, Interval: keepAliveEvery, Count: keepAliveCount,
		}}
		conn, err := d.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		c := &Conn{Conn: conn, usual: usual}
		c.limit.Store(int64(usual))
		if slot, ok := ctx.Value(slotKey{}).(**Conn); ok {
			*slot = c
		}
		return c, nil
	}
}

// StartStatement sets the read timeout of the statement that is sent next.
func (c *Conn) StartStatement(ctx context.Context) {
	limit := c.usual
	if d, ok := ctx.Value(readTimeoutKey{}).(time.Duration); ok {
		limit = d
	}
	c.limit.Store(int64(limit))
	c.endResult()
}

// ReadTimeout is that of the statement that was sent last.
func (c *Conn) ReadTimeout() time.Duration { return time.Duration(c.limit.Load()) }

// TimedOut reports whether the peer was silent for longer than a timeout.
func (c *Conn) TimedOut() bool { return c.timedOut.Load() }

// Read implements net.Conn.
func (c *Conn) Read(p []byte) (int, error) {
	if c.readable {
		return c.readResult(p)
	}
	return c.read(p)
}

func (c *Conn) read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.ReadTimeout())); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(p)
	return n, c.recordTimeout(err)
}

// Write implements net.Conn. Its timeout holds for each piece: a slow line is not a dead one.
func (c *Conn) Write(p []byte) (written int, err error) {
	c.noteFlags(p)
	for written < len(p) {
		if err := c.SetWriteDeadline(time.Now().Add(c.usual)); err != nil {
			return written, err
		}
		n, err := c.Conn.Write(p[written:min(len(p), written+writePiece)])
		written += n
		if err != nil {
			return written, c.recordTimeout(err)
		}
	}
	return written, nil
}

func (c *Conn) recordTimeout(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, syscall.ETIMEDOUT) {
		c.timedOut.Store(true)
	}
	return err
}

// SyscallConn lets the driver check whether the peer has closed an idle connection.
func (c *Conn) SyscallConn() (syscall.RawConn, error) {
	if s, ok := c.Conn.(syscall.Conn); ok {
		return s.SyscallConn()
	}
	return nil, errors.ErrUnsupported
}
