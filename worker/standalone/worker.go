package main

import (
	"context"
	"errors"
	"io"

	"go.temporal.io/sdk/client"
)

type workerConfig struct{}

// loadConfig reads the worker's configuration; it is nil where no worker is wanted.
func loadConfig(s settings, _ func(string) string) (*workerConfig, error) {
	if s.serverOnly {
		return nil, nil
	}
	return nil, errors.New("this build has no worker yet: use --server-only")
}

// runWorker runs the worker against the server in our own process until ctx ends.
func runWorker(context.Context, settings, *workerConfig, client.Client, func(string) string, io.Writer) error {
	return nil
}
