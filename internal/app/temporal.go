package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
)

// ErrTemporalUnreachable is returned where no Temporal server answers.
var ErrTemporalUnreachable = errors.New("no Temporal server answers")

// dialTimeout is how long a server that does not answer is given: a worker is started by a
// supervisor that tries again, and a person must not stare at nothing.
const dialTimeout = 10 * time.Second

// DialTemporal connects by Temporal's own conventions: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE,
// TLS, API key, temporal.toml. Without any, it is 127.0.0.1:7233, where the standalone server
// listens. The error wraps ErrTemporalUnreachable where nothing answers.
func DialTemporal(ctx context.Context, getenv func(string) string, log *slog.Logger) (client.Client, error) {
	opts, err := temporalOptions(getenv)
	if err != nil {
		return nil, err
	}
	return dial(ctx, opts, log)
}

func dial(ctx context.Context, opts client.Options, log *slog.Logger) (client.Client, error) {
	if log != nil {
		opts.Logger = temporalLogger(log)
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	c, err := client.DialContext(ctx, opts)
	if err != nil {
		return nil, fmt.Errorf("%w at %s: %w: start one with tablehaul-standalone, or set TEMPORAL_ADDRESS", ErrTemporalUnreachable, opts.HostPort, err)
	}
	return c, nil
}

func temporalOptions(getenv func(string) string) (client.Options, error) {
	opts, err := envconfig.LoadClientOptions(envconfig.LoadClientOptionsRequest{EnvLookup: lookup(getenv)})
	if err != nil {
		return opts, fmt.Errorf("temporal settings: %w", err)
	}
	opts.HostPort = cmp.Or(opts.HostPort, "127.0.0.1:7233")
	opts.Namespace = cmp.Or(opts.Namespace, client.DefaultNamespace)
	return opts, nil
}

// lookup adapts getenv to envconfig's interface.
type lookup func(string) string

// LookupEnv reports an empty variable as absent, as a shell's user means it.
func (f lookup) LookupEnv(name string) (string, bool) {
	v := f(name)
	return v, v != ""
}

// Environ is the whole environment, for settings by prefix such as TEMPORAL_GRPC_META_….
func (f lookup) Environ() []string { return os.Environ() }
