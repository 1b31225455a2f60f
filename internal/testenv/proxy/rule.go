package proxy

import (
	"bytes"
	"sync/atomic"
	"time"
)

// A Rule is what happens to a number of queries whose text begins in one way.
type Rule struct {
	prefix []byte
	left   atomic.Int64
	seen   atomic.Int64
	act    action
	after  int // bytes that still pass
	held   chan struct{}
	delay  time.Duration
}

type action int

const (
	loseReply action = iota
	loseRequest
	hold
	late
	pass
)

// Pass lets the next n queries that begin with prefix pass: rules of the same prefix that are made
// after it are for later ones.
func (p *Proxy) Pass(n int, prefix string) *Rule {
	return p.rule(&Rule{prefix: []byte(prefix), act: pass}, n)
}

// LoseReply lets the server have the next n queries that begin with prefix, and cuts their
// connections once that many bytes of the reply have passed: with 0 bytes the query was
// executed and no answer arrived.
func (p *Proxy) LoseReply(n int, prefix string, bytes int) *Rule {
	return p.rule(&Rule{prefix: []byte(prefix), act: loseReply, after: bytes}, n)
}

// LoseRequest cuts connections in the middle of the next n queries that begin with prefix,
// once that many bytes of the query's packet have passed.
func (p *Proxy) LoseRequest(n int, prefix string, bytes int) *Rule {
	return p.rule(&Rule{prefix: []byte(prefix), act: loseRequest, after: bytes}, n)
}

// Hold keeps the next n queries that begin with prefix from the server until Release. They
// reach it then, even where the client has gone; where the server has gone they never do.
func (p *Proxy) Hold(n int, prefix string) *Rule {
	return p.rule(&Rule{prefix: []byte(prefix), act: hold, held: make(chan struct{})}, n)
}

// Late keeps each of the next n queries that begin with prefix from the server for d, as a disk does that is slow to
// answer.
func (p *Proxy) Late(n int, prefix string, d time.Duration) *Rule {
	return p.rule(&Rule{prefix: []byte(prefix), act: late, delay: d}, n)
}

func (p *Proxy) rule(r *Rule, n int) *Rule {
	r.left.Store(int64(n))
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rules = append(p.rules, r)
	return r
}

// Seen is how many queries the rule was applied to so far.
func (r *Rule) Seen() int { return int(r.seen.Load()) }

// Release lets the queries of a Hold go on, and later ones pass. It must be called once.
func (r *Rule) Release() { close(r.held) }

// Let lets n of the queries go on that a Hold keeps now, or all where they are fewer; it returns how many. Later ones
// are kept as before.
func (r *Rule) Let(n int) int {
	for i := range n {
		select {
		case r.held <- struct{}{}:
		default:
			return i
		}
	}
	return n
}

// match finds the rule for a query, and uses it up by one; nil is not a query.
func (p *Proxy) match(query []byte) *Rule {
	if query == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.rules {
		if bytes.HasPrefix(query, r.prefix) && r.left.Add(-1) >= 0 {
			r.seen.Add(1)
			if r.act == pass {
				return nil
			}
			return r
		}
	}
	return nil
}
