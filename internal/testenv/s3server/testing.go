package s3server

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
)

// The one server that the tests of a process share.
var shared struct {
	sync.Once
	server *Server
	err    error
}

// Shared returns the server that the tests of this process share, and fails the test where
// there is none.
func Shared(tb testing.TB) *Server {
	tb.Helper()
	shared.Do(func() {
		if shared.server, shared.err = Start(context.Background()); shared.err == nil {
			fmt.Fprintln(os.Stderr, "s3server:", shared.server.Endpoint)
		}
	})
	if shared.err != nil {
		tb.Fatal(shared.err)
	}
	return shared.server
}

// StopShared stops the shared server, where there is one: TestMain calls it.
func StopShared() error {
	if shared.server == nil {
		return nil
	}
	return shared.server.Stop()
}

// URL returns the staging URL of an empty place that no other test uses.
func (s *Server) URL(tb testing.TB) string { tb.Helper(); return s.Through(tb, s.Endpoint, "") }

// Through is URL with another endpoint, such as that of a proxy, and more parameters, such as
// "sse=AES256".
func (s *Server) Through(tb testing.TB, endpoint, more string) string {
	tb.Helper()
	u, err := s.place(endpoint, more)
	if err != nil {
		tb.Fatalf("a place for staged files: %v", err)
	}
	return u.String()
}
