package main

import (
	"context"
	"io"
	"log/slog"

	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/app"
	"github.com/tablehaul/tablehaul/internal/config"
)

// loadConfig reads the worker's configuration; it is nil where no worker is wanted.
func loadConfig(s settings, getenv func(string) string) (*config.Config, error) {
	if s.serverOnly {
		return nil, nil
	}
	return config.LoadFile(s.configFile, getenv)
}

// runWorker runs the worker against the server in our own process until ctx ends.
func runWorker(ctx context.Context, s settings, cfg *config.Config, c client.Client, getenv func(string) string, stderr io.Writer) error {
	var handler slog.Handler = slog.NewTextHandler(stderr, nil)
	if s.logJSON {
		handler = slog.NewJSONHandler(stderr, nil)
	}
	return app.RunWorker(ctx, app.WorkerOptions{Config: cfg, Client: c, Getenv: getenv, Log: slog.New(handler)})
}
