package proxy

import (
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A Proxy listens on a port of 127.0.0.1 and passes connections on to one server. Faults may
// be set at any time; they hold for connections that are open already, too.
type Proxy struct {
	listener net.Listener
	server   string
	plain    bool // the protocol is not MySQL's
	wait     sync.WaitGroup

	mu    sync.Mutex
	pairs map[*pair]struct{}
	rules []*Rule
	edits [][2]string
	gate  chan struct{} // closed while traffic flows
	done  chan struct{} // closed when the test ends
	ended bool

	lead      atomic.Pointer[string] // the server of later connections; nil is server
	refuse    atomic.Bool
	delay     atomic.Int64 // nanoseconds before each piece, either way
	slice     atomic.Int64 // bytes of a piece at most; 0 does not slice
	bandwidth atomic.Int64 // bytes a second, either way and for each connection; 0 is unlimited
}

// Start listens before the MySQL server at addr (host:port) until the test ends.
func Start(tb testing.TB, addr string) *Proxy {
	tb.Helper()
	return listen(tb, addr, false)
}

// Plain is Start for a server that speaks anything but MySQL's protocol: it has no rules.
func Plain(tb testing.TB, addr string) *Proxy {
	tb.Helper()
	return listen(tb, addr, true)
}

func listen(tb testing.TB, addr string, plain bool) *Proxy {
	tb.Helper()
	l, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("proxy: listen: %v", err)
	}
	p := &Proxy{
		listener: l, server: addr, plain: plain, pairs: map[*pair]struct{}{}, gate: make(chan struct{}),
		done: make(chan struct{}),
	}
	close(p.gate)
	p.wait.Go(p.accept)
	tb.Cleanup(func() {
		_ = l.Close() // an error has no reader here
		p.mu.Lock()
		p.ended = true
		close(p.done)
		p.mu.Unlock()
		p.Cut()
		p.wait.Wait()
	})
	return p
}

// Addr is where clients connect, host:port.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// DSN is a DSN of the server with the proxy's address in place of the server's.
func (p *Proxy) DSN(server string) string {
	return strings.Replace(server, p.server, p.Addr(), 1)
}

// Lead passes later connections on to another server, as when a name comes to stand for another
// host; "" leads back. Those that are open stay where they are: Cut ends them.
func (p *Proxy) Lead(addr string) {
	if addr == "" {
		addr = p.server
	}
	p.lead.Store(&addr)
}

// Delay puts a pause before each piece of either direction; 0 ends it.
func (p *Proxy) Delay(d time.Duration) { p.delay.Store(int64(d)) }

// Slice passes on at most n bytes at a time; 0 ends it.
func (p *Proxy) Slice(n int) { p.slice.Store(int64(n)) }

// Bandwidth bounds each direction of each connection, in bytes a second; 0 ends it.
func (p *Proxy) Bandwidth(bytes int) { p.bandwidth.Store(int64(bytes)) }

// Hang holds all traffic back: connections stay open, new ones too, and nothing answers.
func (p *Proxy) Hang() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.gate:
		p.gate = make(chan struct{})
	default: // it hangs already
	}
}

// Resume ends Hang; what was held back flows on.
func (p *Proxy) Resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.gate:
	default:
		close(p.gate)
	}
}

// Refuse lets new connections be closed at once (true) or passed on (false).
func (p *Proxy) Refuse(on bool) { p.refuse.Store(on) }

// Forget drops without a word what the connections that are open now would carry, as a router
// does that has lost them: new ones pass.
func (p *Proxy) Forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.pairs {
		c.forgotten.Store(true)
	}
}

// Cut resets every connection that is open now.
func (p *Proxy) Cut() {
	p.mu.Lock()
	pairs := make([]*pair, 0, len(p.pairs))
	for c := range p.pairs {
		pairs = append(pairs, c)
	}
	p.mu.Unlock()
	for _, c := range pairs {
		c.cut()
	}
}

// Rewrite replaces a text in every query from now on, as a proxy does that answers by itself.
func (p *Proxy) Rewrite(text, with string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.edits = append(p.edits, [2]string{text, with})
}

// rewritten is a packet with the texts of Rewrite replaced; all but small queries stay as they are.
func (p *Proxy) rewritten(packet []byte) []byte {
	query := queryOf(packet)
	p.mu.Lock()
	defer p.mu.Unlock()
	if query == nil || len(p.edits) == 0 || len(query) > pipe {
		return packet
	}
	text := string(query)
	for _, e := range p.edits {
		text = strings.ReplaceAll(text, e[0], e[1])
	}
	size := len(text) + 1
	return append([]byte{byte(size), byte(size >> 8), byte(size >> 16), 0, comQuery}, text...)
}

// Open is the number of connections that are open now.
func (p *Proxy) Open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.pairs)
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // closed
		}
		if p.refuse.Load() {
			_ = client.Close() // refusing is the point
			continue
		}
		p.wait.Go(func() { p.serve(client) })
	}
}

func (p *Proxy) serve(client net.Conn) {
	to := p.server
	if lead := p.lead.Load(); lead != nil {
		to = *lead
	}
	server, err := (&net.Dialer{Timeout: dialTimeout}).Dial("tcp", to)
	if err != nil {
		_ = client.Close() // as a host would that has nothing on the port
		return
	}
	c := &pair{proxy: p, client: client, server: server, ended: make(chan struct{})}
	if !p.add(c) {
		c.cut()
		return
	}
	defer p.remove(c)
	var both sync.WaitGroup
	if p.plain {
		both.Go(c.plainRequests)
	} else {
		both.Go(c.requests)
	}
	both.Go(c.replies)
	both.Wait()
}

// dialTimeout bounds a connect to a server on this machine, which answers at once or never.
const dialTimeout = 10 * time.Second

func (p *Proxy) add(c *pair) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.ended {
		p.pairs[c] = struct{}{}
	}
	return !p.ended
}

func (p *Proxy) remove(c *pair) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.pairs, c)
}

// pass waits until traffic may flow; false says that the test is over.
func (p *Proxy) pass() bool {
	p.mu.Lock()
	gate := p.gate
	p.mu.Unlock()
	select {
	case <-gate:
		return true
	case <-p.done:
		return false
	}
}
