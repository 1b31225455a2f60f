package app

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/temporalopts"
	"github.com/tablehaul/tablehaul/internal/testenv/proxy"
	"github.com/tablehaul/tablehaul/internal/testenv/temporaltest"
)

// lines is a log that may be read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// A worker that is started before Temporal waits, says so, and goes on when it is there.
func TestAWorkerWaitsForTemporal(t *testing.T) {
	real := temporaltest.Start(t)
	door := proxy.Reserve(t)
	var log lines
	connected := make(chan error, 1)
	go func() {
		c, err := connectTemporal(t.Context(), temporalopts.At(door.Addr), slog.New(slog.NewTextHandler(&log, nil)))
		if err == nil {
			c.Close()
		}
		connected <- err
	}()
	require.Eventually(t, func() bool { return strings.Count(log.String(), "waiting for Temporal") >= 2 },
		2*time.Minute, 10*time.Millisecond)
	require.Contains(t, log.String(), "connection refused")
	require.Contains(t, log.String(), "tablehaul-standalone")

	go forward(t.Context(), door.Listen(t), real.Address)
	require.NoError(t, <-connected)
	require.Contains(t, log.String(), "Temporal answers")
}

// forward passes connections on to an address.
func forward(ctx context.Context, door net.Listener, address string) {
	for {
		in, err := door.Accept()
		if err != nil {
			return
		}
		out, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err != nil {
			_ = in.Close()
			continue
		}
		for _, pair := range [][2]net.Conn{{in, out}, {out, in}} {
			go func() {
				defer pair[1].Close() //nolint:errcheck // at the end of the test
				buffer := make([]byte, 1<<16)
				for {
					n, err := pair[0].Read(buffer)
					if _, e := pair[1].Write(buffer[:n]); err != nil || e != nil {
						return
					}
				}
			}()
		}
	}
}

// What no waiting can cure ends a worker at once, and says what to do.
func TestTemporalSettingsThatCannotWorkAreRefusedAtOnce(t *testing.T) {
	plain, encrypted := httptest.NewServer(http.NotFoundHandler()), httptest.NewTLSServer(http.NotFoundHandler())
	defer plain.Close()
	defer encrypted.Close()
	encrypted.Config.ErrorLog = nil
	overTLS := func(url string) client.Options {
		o := temporalopts.At(strings.TrimPrefix(strings.TrimPrefix(url, "https://"), "http://"))
		o.ConnectionOptions.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
		return o
	}
	for want, o := range map[string]client.Options{
		"TEMPORAL_TLS":      overTLS(plain.URL),
		"certificates":      overTLS(encrypted.URL),
		"Temporal server's": temporalopts.At(strings.TrimPrefix(plain.URL, "http://")),
	} {
		begun := time.Now()
		_, err := connectTemporal(t.Context(), o, slog.New(slog.DiscardHandler))
		require.ErrorIs(t, err, ErrTemporalUnreachable)
		require.ErrorContains(t, err, want)
		require.Less(t, time.Since(begun), time.Minute)
	}
	for address, ok := range map[string]bool{
		"h:7233": true, "[::1]:7233": true, "dns:///h:7233": true,
		"h": false, ":7233": false, "h:0": false, "h:70000": false, "h:grpc": false, "http://h:7233": false,
		"h:1:2": false,
	} {
		_, err := temporalOptions(func(name string) string {
			return map[string]string{"TEMPORAL_ADDRESS": address}[name]
		})
		if ok {
			require.NoError(t, err, address)
		} else {
			require.ErrorContains(t, err, "host:port", address)
		}
	}
}

func TestPatienceWithTemporal(t *testing.T) {
	real := temporaltest.Start(t)
	o := temporalopts.At(real.Address)
	o.Namespace = "elsewhere"
	_, missing := dial(t.Context(), o)
	o = temporalopts.At("nowhere.invalid:7233")
	_, unknown := dial(t.Context(), o)
	for want, err := range map[time.Duration][]error{
		unknownPatience: {missing, unknown},
		0: {
			serviceerror.NewPermissionDenied("no", ""),
			fmt.Errorf("failed reaching server: %w", serviceerror.NewInvalidArgument("what")),
		},
		withoutLimit: {
			serviceerror.NewUnavailable("starting"),
			fmt.Errorf("failed reaching server: %w", context.DeadlineExceeded),
		},
	} {
		for _, one := range err {
			patience, remedy := dialAdvice(one, o)
			require.Equal(t, want, patience, "%v", one)
			require.NotEmpty(t, remedy)
		}
	}
}
