package servers

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tablehaul/tablehaul/internal/testenv/debian"
)

// A Clock is that of a private server, which can be set while the server runs.
type Clock struct{ file string }

// WithClock is Private for a server whose clock can be set: libfaketime of Debian's package is
// between the server and the machine's clock. Such a server is a program of this machine and never a
// container.
func WithClock(tb testing.TB, f Flavor, args ...string) (*Server, *Clock) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	library, err := fakeTime(ctx)
	if err != nil {
		tb.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "tablehaul-clock")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // the server's account reads there
		tb.Fatal(err)
	}
	clock := &Clock{filepath.Join(dir, "clock")}
	if err := clock.Set(0); err != nil {
		tb.Fatal(err)
	}
	return private(tb, f, Options{Args: args, Env: []string{
		"LD_PRELOAD=" + library, "FAKETIME_TIMESTAMP_FILE=" + clock.file, "FAKETIME_CACHE_DURATION=1",
		"FAKETIME_DONT_FAKE_MONOTONIC=1", // or waits inside the server would last as long as the clock is moved
	}}), clock
}

// Set moves the clock by offset from that of the machine. The server follows within about a second.
func (c *Clock) Set(offset time.Duration) error {
	text := fmt.Appendf(nil, "%+d\n", int(offset.Seconds()))
	return os.WriteFile(c.file, text, 0o644) //nolint:gosec // the server reads it
}

// fakeTime is the path of the library.
func fakeTime(ctx context.Context) (string, error) {
	dir, err := Cached(ctx, "packages-libfaketime", func(dir string) error {
		return debian.Unpack(ctx, dir, debian.Packages{Names: []string{"libfaketime"}})
	})
	if err != nil {
		return "", err
	}
	found, err := filepath.Glob(filepath.Join(dir, "root/usr/lib/*/faketime/libfaketimeMT.so.1"))
	if err != nil || len(found) == 0 {
		return "", fmt.Errorf("libfaketime is not in Debian's package below %s", dir)
	}
	return found[0], nil
}
