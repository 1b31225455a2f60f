package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc/codes"

	"github.com/tablehaul/tablehaul/internal/clock"
	"github.com/tablehaul/tablehaul/internal/temporalopts"
)

// ErrTemporalUnreachable is returned where a Temporal server cannot be used with the settings at
// hand, however long one waits.
var ErrTemporalUnreachable = errors.New("no Temporal server can be used")

const (
	// dialTimeout is how long one try may take.
	dialTimeout = 10 * time.Second
	// firstDialPause and longestDialPause are the pauses between tries.
	firstDialPause   = 250 * time.Millisecond
	longestDialPause = 10 * time.Second
	// unknownPatience is how long a host that has no address yet, or a namespace that is not there,
	// is waited for. In a cluster that is being started both come later than the worker.
	unknownPatience = 2 * time.Minute
)

func temporalOptions(getenv func(string) string) (client.Options, error) {
	opts, err := temporalopts.FromEnv(getenv)
	if err == nil {
		err = checkAddress(opts.HostPort)
	}
	if err != nil {
		return opts, fmt.Errorf("temporal settings: %w", err)
	}
	return opts, nil
}

// checkAddress refuses what no server can ever answer at. A name with a scheme is gRPC's own.
func checkAddress(address string) error {
	if strings.Contains(address, "://") && !strings.HasPrefix(address, "http") {
		return nil
	}
	host, port, err := net.SplitHostPort(address)
	if n, e := strconv.Atoi(port); err == nil && (host == "" || e != nil || n < 1 || n > 65535) {
		err = errors.New("host or port is wrong")
	}
	if err != nil {
		return fmt.Errorf("TEMPORAL_ADDRESS is %q: write it as host:port, such as %s", address,
			temporalopts.DefaultAddress)
	}
	return nil
}

// connectTemporal waits until a Temporal server answers and has the namespace: a worker may be
// started before it. It says in the log what it waits for, less and less often. What no
// waiting can cure ends it at once, with an error that wraps ErrTemporalUnreachable.
func connectTemporal(ctx context.Context, opts client.Options, log *slog.Logger) (client.Client, error) {
	opts.Logger = temporalLogger(log)
	begun, pause := time.Now(), firstDialPause
	for {
		c, err := dial(ctx, opts)
		if err == nil {
			if waited := time.Since(begun); pause > firstDialPause {
				log.Info("Temporal answers", "address", opts.HostPort, "waited", waited.Round(time.Second).String())
			}
			return c, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		patience, remedy := dialAdvice(err, opts)
		if patience == 0 || patience > 0 && time.Since(begun) > patience {
			return nil, fmt.Errorf("%w at %s: %w: %s", ErrTemporalUnreachable, opts.HostPort, err, remedy)
		}
		log.Warn("waiting for Temporal", "address", opts.HostPort, "namespace", opts.Namespace,
			"waited", time.Since(begun).Round(time.Second).String(), "next", pause.String(), "error", err, "do", remedy)
		if err := clock.Sleep(ctx, pause); err != nil {
			return nil, err
		}
		pause = min(2*pause, longestDialPause)
	}
}

// dial connects once, and asks for the namespace, which a worker needs.
func dial(ctx context.Context, opts client.Options) (client.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	c, err := client.DialContext(ctx, opts)
	if err != nil {
		// The SDK does not say that a name has no address.
		if host, _, split := net.SplitHostPort(opts.HostPort); split == nil && ctx.Err() == nil {
			if _, lookup := net.DefaultResolver.LookupHost(ctx, host); lookup != nil {
				err = lookup
			}
		}
		return nil, err
	}
	if _, err = c.WorkflowService().DescribeNamespace(ctx,
		&workflowservice.DescribeNamespaceRequest{Namespace: opts.Namespace}); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// withoutLimit is the patience with a server that is away.
const withoutLimit = time.Duration(-1)

// dialAdvice says how long the cause of an error may last before waiting is of no use, 0 for one
// that does not pass, and what a person can do.
func dialAdvice(err error, opts client.Options) (patience time.Duration, remedy string) {
	text := err.Error()
	var missing *serviceerror.NamespaceNotFound
	var unknown *net.DNSError
	switch {
	case errors.As(err, &missing):
		return unknownPatience, fmt.Sprintf("create the namespace %s, or set TEMPORAL_NAMESPACE", opts.Namespace)
	case errors.As(err, &unknown) && unknown.IsNotFound:
		return unknownPatience, "see that the name is right: TEMPORAL_ADDRESS"
	case strings.Contains(text, "x509: "), strings.Contains(text, "tls: "):
		return 0, "see TEMPORAL_TLS and its certificates: the server and these settings do not agree on TLS"
	case isCode(err, codes.Unauthenticated), isCode(err, codes.PermissionDenied):
		return 0, "see TEMPORAL_API_KEY or the client certificate, and TEMPORAL_NAMESPACE"
	case isCode(err, codes.InvalidArgument), isCode(err, codes.Unimplemented),
		strings.Contains(text, "looked like an HTTP/1.1 header"):
		return 0, "see that TEMPORAL_ADDRESS is that of a Temporal server's frontend"
	}
	if strings.Contains(text, "reading server preface") {
		return withoutLimit, "if the server wants TLS, set TEMPORAL_TLS"
	}
	return withoutLimit, "start one with tablehaul-standalone, or set TEMPORAL_ADDRESS"
}

// isCode reports whether the error, or the one that it wraps, is the server's answer of that kind.
func isCode(err error, want codes.Code) bool {
	inner := errors.Unwrap(err)
	return serviceerror.ToStatus(err).Code() == want || inner != nil && serviceerror.ToStatus(inner).Code() == want
}
