package s3server

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
)

// A Fault is done to a request instead of, or beside, what the server does. It reports whether
// the request has been dealt with; where it has not, the server gets it as usual.
type Fault func(w http.ResponseWriter, r *http.Request, forward http.Handler) (done bool)

// Faulty is a proxy in front of a server that does faults to requests. What it forwards is
// really done by the server.
type Faulty struct {
	// Endpoint is what clients are to use.
	Endpoint string

	mu    sync.Mutex
	fault Fault
	seen  []Request
}

// Request is what Faulty remembers of each request, in their order.
type Request struct {
	Method string
	// URL is as the client wrote it: /bucket/key?query.
	URL    *url.URL
	Header http.Header
}

// NewFaulty starts a proxy in front of s that ends with the test.
func (s *Server) NewFaulty(tb testing.TB) *Faulty {
	tb.Helper()
	target, err := url.Parse(s.Endpoint)
	if err != nil {
		tb.Fatal(err)
	}
	forward := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host // it is part of what was signed
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	f := &Faulty{}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.seen = append(f.seen, Request{r.Method, r.URL, r.Header.Clone()})
		fault := f.fault
		f.mu.Unlock()
		if fault == nil || !fault(w, r, forward) {
			forward.ServeHTTP(w, r)
		}
	}))
	tb.Cleanup(front.Close)
	f.Endpoint = front.URL
	return f
}

// Do makes fault happen to all requests from now on; nil ends it.
func (f *Faulty) Do(fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault = fault
}

// Seen returns the requests so far, and forgets them.
func (f *Faulty) Seen() []Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	seen := f.seen
	f.seen = nil
	return seen
}

// When limits a fault to requests that match.
func When(match func(*http.Request) bool, fault Fault) Fault {
	return func(w http.ResponseWriter, r *http.Request, forward http.Handler) bool {
		return match(r) && fault(w, r, forward)
	}
}

// Times limits a fault to the first n requests that it meets; within When, to those that match.
func Times(n int, fault Fault) Fault {
	var mu sync.Mutex
	return func(w http.ResponseWriter, r *http.Request, forward http.Handler) bool {
		mu.Lock()
		n--
		over := n < 0
		mu.Unlock()
		return !over && fault(w, r, forward)
	}
}

// Refuse answers with an error of S3's, and more headers; the server never sees the request.
func Refuse(status int, code string, header http.Header) Fault {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		_, _ = io.Copy(io.Discard, r.Body)
		for name, values := range header {
			w.Header()[name] = values
		}
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		if r.Method != http.MethodHead {
			_, _ = fmt.Fprintf(w, "<?xml version=\"1.0\"?><Error><Code>%s</Code><Message>as the test wants "+
				"it</Message></Error>", code)
		}
		return true
	}
}

// Lose lets the server do the request and cuts the connection instead of answering.
func Lose() Fault {
	return func(_ http.ResponseWriter, r *http.Request, forward http.Handler) bool {
		forward.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	}
}

// Truncate answers with the first part of the server's answer, and cuts the connection.
func Truncate() Fault {
	return func(w http.ResponseWriter, r *http.Request, forward http.Handler) bool {
		answer := httptest.NewRecorder()
		forward.ServeHTTP(answer, r)
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes()[:answer.Body.Len()/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}
