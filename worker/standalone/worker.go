package main

import (
	"context"
	"io"

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

// monitor is the worker's, which the Temporal client is made with; nil where no worker is wanted.
func monitor(cfg *config.Config) (*app.Monitor, error) {
	if cfg == nil {
		return nil, nil
	}
	return app.NewMonitor(cfg.Metrics)
}

// runWorker runs the worker against the server in our own process until ctx ends.
func runWorker(ctx context.Context, s settings, cfg *config.Config, c client.Client, m *app.Monitor,
	getenv func(string) string, stderr io.Writer,
) error {
	return app.RunWorker(ctx, app.WorkerOptions{
		Config: cfg, Client: c, Monitor: m, Getenv: getenv, Log: app.NewLog(stderr, cfg.Log, s.logJSON),
	})
}
