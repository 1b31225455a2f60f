package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/temporalopts"
)

// ErrTemporalUnreachable is returned where no Temporal server answers.
var ErrTemporalUnreachable = errors.New("no Temporal server answers")

// dialTimeout is how long a server that does not answer is given: a worker is started by a
// supervisor that tries again, and a person must not stare at nothing.
const dialTimeout = 10 * time.Second

// DialTemporal connects as [temporalopts.FromEnv] say. The error wraps ErrTemporalUnreachable where nothing answers.
func DialTemporal(ctx context.Context, getenv func(string) string, log *slog.Logger) (client.Client, error) {
	opts, err := temporalOptions(getenv)
	if err != nil {
		return nil, err
	}
	return dial(ctx, opts, log)
}

func temporalOptions(getenv func(string) string) (client.Options, error) {
	opts, err := temporalopts.FromEnv(getenv)
	if err != nil {
		return opts, fmt.Errorf("temporal settings: %w", err)
	}
	return opts, nil
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
