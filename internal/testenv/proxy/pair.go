package proxy

import (
	"bufio"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// pair is a client's connection and the one to the server that stands for it.
type pair struct {
	proxy          *Proxy
	client, server net.Conn
	// lose is how many bytes of replies may still pass before the pair is cut, plus one; 0 is
	// no limit.
	lose atomic.Int64
	// forgotten says that nothing is carried any more, either way, without an error at either end.
	forgotten atomic.Bool
	// ended is closed once the server sends nothing more.
	ended chan struct{}
}

const (
	headerBytes = 4
	// comQuery is the first byte of a packet that holds a query's text.
	comQuery = 3
	pipe     = 64 << 10
)

// cut resets both connections: with unsent data gone, as when a host goes away.
func (c *pair) cut() {
	for _, conn := range []net.Conn{c.client, c.server} {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // makes Close a reset
		}
		_ = conn.Close() // closed twice is closed
	}
}

// requests passes on what the client sends, packet by packet.
func (c *pair) requests() {
	in := bufio.NewReaderSize(c.client, pipe)
	packet := make([]byte, 0, pipe)
	for {
		var err error
		packet, err = readPacket(in, packet)
		if tcp, ok := c.server.(*net.TCPConn); ok && errors.Is(err, io.EOF) {
			_ = tcp.CloseWrite() // the server reads what it has, and then ends the connection itself
			return
		}
		if err != nil || !c.request(packet) {
			c.cut()
			return
		}
	}
}

// plainRequests passes on what the client sends, as it comes.
func (c *pair) plainRequests() {
	defer c.cut()
	buf := make([]byte, pipe)
	for {
		n, err := c.client.Read(buf)
		if err != nil || c.send(c.server, buf[:n]) != nil {
			return
		}
	}
}

// request passes one packet on; false where the connection is to go.
func (c *pair) request(packet []byte) bool {
	packet = c.proxy.rewritten(packet)
	keep := len(packet)
	if rule := c.proxy.match(queryOf(packet)); rule != nil {
		switch rule.act {
		case loseReply:
			c.lose.Store(int64(rule.after) + 1)
		case loseRequest:
			keep = min(rule.after, len(packet))
		case hold:
			if !c.await(rule) {
				return false
			}
		case late:
			if !c.sleep(rule.delay) {
				return false
			}
		case pass: // match has no such rule to give
		}
	}
	return c.send(c.server, packet[:keep]) == nil && keep == len(packet)
}

// await holds a query back; false says that the server has gone, or that the test is over.
func (c *pair) await(r *Rule) bool {
	select {
	case <-r.held:
		return true
	case <-c.ended:
		return false
	case <-c.proxy.done:
		return false
	}
}

// readPacket reads one packet with its header; the text protocol's payloads above 16 MiB are
// several, and only the first one shows what it is.
func readPacket(in *bufio.Reader, packet []byte) ([]byte, error) {
	header, err := in.Peek(headerBytes)
	if err != nil {
		return nil, err
	}
	size := headerBytes + int(header[0]) + int(header[1])<<8 + int(header[2])<<16
	if cap(packet) < size {
		packet = make([]byte, size)
	}
	packet = packet[:size]
	_, err = io.ReadFull(in, packet)
	return packet, err
}

// queryOf is the text of a query packet; nil for all others. Only the first packet of a
// command has the sequence number 0.
func queryOf(packet []byte) []byte {
	if len(packet) > headerBytes && packet[3] == 0 && packet[headerBytes] == comQuery {
		return packet[headerBytes+1:]
	}
	return nil
}

// replies passes on what the server sends, as it comes.
func (c *pair) replies() {
	defer close(c.ended)
	defer c.cut()
	buf := make([]byte, pipe)
	for {
		n, err := c.server.Read(buf)
		if err != nil {
			return
		}
		keep := n
		limit := c.lose.Load()
		if limit > 0 {
			keep = min(n, int(limit-1))
			c.lose.Add(-int64(keep))
		}
		if err := c.send(c.client, buf[:keep]); err != nil || keep < n {
			return
		}
	}
}

// send writes b as the faults have it: delayed, in slices, no faster than the bandwidth.
func (c *pair) send(to net.Conn, b []byte) error {
	for len(b) > 0 {
		if !c.proxy.pass() {
			return errOver
		}
		if c.forgotten.Load() {
			return nil
		}
		piece := b
		if n := int(c.proxy.slice.Load()); n > 0 && n < len(piece) {
			piece = piece[:n]
		}
		wait := time.Duration(c.proxy.delay.Load())
		if rate := c.proxy.bandwidth.Load(); rate > 0 {
			piece = piece[:min(len(piece), int(max(1, rate/100)))]
			wait += time.Duration(int64(len(piece)) * int64(time.Second) / rate)
		}
		if wait > 0 && !c.sleep(wait) {
			return errOver
		}
		if _, err := to.Write(piece); err != nil {
			return err
		}
		b = b[len(piece):]
	}
	return nil
}

var errOver = errors.New("the test is over")

// sleep is false where the test ended meanwhile.
func (c *pair) sleep(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.proxy.done:
		return false
	}
}
