package app

import (
	"context"
	"io"
	"log/slog"

	"github.com/tablehaul/tablehaul/internal/config"
)

// NewLog is the worker's log as a configuration asks for it; forceJSON is the flag --log-json.
func NewLog(w io.Writer, c config.Log, forceJSON bool) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.Level)) // the configuration was checked; "" is info
	opts := &slog.HandlerOptions{Level: level}
	if forceJSON || c.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

// sdkFailure is the SDK's line about a step that failed. Ours says the same, with the table.
const sdkFailure = "Activity error."

// oneLine drops lines of the SDK that would be a second one about the same thing.
type oneLine struct{ slog.Handler }

func (h oneLine) Handle(ctx context.Context, r slog.Record) error {
	if r.Message == sdkFailure {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

func (h oneLine) WithAttrs(attrs []slog.Attr) slog.Handler {
	return oneLine{h.Handler.WithAttrs(attrs)}
}

func (h oneLine) WithGroup(name string) slog.Handler { return oneLine{h.Handler.WithGroup(name)} }
