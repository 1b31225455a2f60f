package metrics

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const (
	// readTimeout bounds a request's arrival: no client may hold a connection open for ever.
	readTimeout = 10 * time.Second
	// answerTimeout bounds an answer; metrics of 1,000 tables take milliseconds.
	answerTimeout = 30 * time.Second
	// closeTimeout is how long requests under way may take when the worker ends.
	closeTimeout = 2 * time.Second
)

// Ready is whether the worker takes tasks, and if not, why.
type Ready struct {
	mu  sync.Mutex
	set bool
	why error
}

// Set says why the worker is not ready; nil is ready.
func (r *Ready) Set(why error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.set, r.why = true, why
}

// Now is why the worker is not ready, nil where it is.
func (r *Ready) Now() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.set {
		return errNotReady
	}
	return r.why
}

// A Server serves /metrics, /livez and /readyz.
type Server struct {
	http *http.Server
	addr net.Addr
}

// Serve listens on address, host:port, and answers until Close. An address that cannot be listened on is an error.
func Serve(address string, m *Metrics) (*Server, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("metrics.listen: %w: choose another port, or end what listens there", err)
	}
	s := &Server{addr: l.Addr(), http: &http.Server{
		Handler: handler(m), ReadTimeout: readTimeout, WriteTimeout: answerTimeout,
	}}
	go func() { _ = s.http.Serve(l) }() // it ends with Close
	return s, nil
}

// Address is where the server listens.
func (s *Server) Address() string { return s.addr.String() }

// Close ends the server, after the requests that are under way.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("end the metrics server: %w", err)
	}
	return s.http.Close()
}

func handler(m *Metrics) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry}))
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "live\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if why := m.ready.Now(); why != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = fmt.Fprintf(w, "not ready: %s\n", why)
			return
		}
		_, _ = io.WriteString(w, "ready\n")
	})
	return mux
}
