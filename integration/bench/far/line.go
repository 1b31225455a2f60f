package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// line is a long line to a server: what enters it comes out after a delay, in both directions, at any bandwidth.
type line struct {
	listener net.Listener
	to       string
	delay    time.Duration
}

// inFlight is how many pieces a direction holds: with pieces of 64 KiB, far more than a server sends within a delay.
const inFlight = 4096

// lay lays a line that ends with ctx.
func lay(ctx context.Context, to string, delay time.Duration) (*line, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("lay a line to %s: %w", to, err)
	}
	l := &line{listener: listener, to: to, delay: delay}
	context.AfterFunc(ctx, func() { _ = listener.Close() })
	go l.accept(ctx)
	return l, nil
}

func (l *line) address() string { return l.listener.Addr().String() }

func (l *line) accept(ctx context.Context) {
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

// piece is bytes, and when they come out.
type piece struct {
	at   time.Time
	data []byte
	err  error
}

// carry carries one direction until it ends, and then ends the connection.
func (l *line) carry(to, from net.Conn) {
	pieces := make(chan piece, inFlight)
	go func() {
		for {
			data := make([]byte, 64<<10)
			n, err := from.Read(data)
			pieces <- piece{time.Now().Add(l.delay), data[:n], err}
			if err != nil {
				return
			}
		}
	}()
	for p := range pieces {
		time.Sleep(time.Until(p.at))
		_, err := to.Write(p.data)
		if err = errors.Join(err, p.err); err != nil {
			_ = to.Close()
			if !errors.Is(err, io.EOF) {
				_ = from.Close()
			}
			return
		}
	}
}
