package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"time"

	namespacepb "go.temporal.io/api/namespace/v1"
	workflowservice "go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/server/common/headers"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/tablehaul/tablehaul/internal/app"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/process"
	"github.com/tablehaul/tablehaul/internal/temporalopts"
)

// readyTimeout bounds the wait for the server's first answer; it usually takes under a
// second, and longer only while it works through what was running when it was killed.
const readyTimeout = 60 * time.Second

// minRetention is the shortest time that Temporal's API accepts.
const minRetention = time.Hour

// serve runs until ctx ends or the worker gives up.
func serve(ctx context.Context, s settings, getenv func(string) string, stdout, stderr io.Writer) (err error) {
	if s.retention < minRetention {
		return fmt.Errorf("%w: --retention must be at least %s", errUsage, minRetention)
	}
	if err := process.Yield(s.nice); err != nil {
		return fmt.Errorf("%w: --nice: %w", errUsage, err)
	}
	cfg, err := loadConfig(s, getenv) // before any server is started: mistakes in it are the likeliest
	if err != nil {
		return err
	}
	mon, err := monitor(cfg)
	if err != nil {
		return err
	}
	if s.dataDir == "" {
		s.dataDir = defaultDataDir(getenv)
	}
	process.PrivateFiles()
	dir, err := openDataDir(s.dataDir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.close()) }()

	c := serverConfig{ip: s.ip, database: dir.database, logFile: dir.log, retention: s.retention}
	if c.port, err = s.port.resolve(s.ip, "--port"); err != nil {
		return err
	}
	if c.uiPort, err = s.uiPort.resolve(s.ip, "--ui-port"); err != nil {
		return err
	}
	server, err := startServer(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.stop()) }()

	temporal, err := connect(ctx, c, mon)
	if ctx.Err() != nil {
		return nil // told to stop while starting
	}
	if err != nil {
		return fmt.Errorf("the embedded Temporal server does not answer (see %s): %w", c.logFile, err)
	}
	defer temporal.Close()
	if err := announce(s, c, dir, stdout, stderr); err != nil {
		return err
	}
	if s.readyFile != "" {
		defer func() { err = errors.Join(err, os.RemoveAll(s.readyFile)) }()
	}
	if s.serverOnly {
		<-ctx.Done()
		return nil
	}
	return runWorker(ctx, s, cfg, temporal, mon, getenv, stderr)
}

// connect waits until the server answers, and brings the namespace's retention to what was
// asked for, which may be another than at the last start.
func connect(ctx context.Context, c serverConfig, m *app.Monitor) (client.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	opts := temporalopts.At(c.address())
	opts.Namespace, opts.Logger = namespace, sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler))
	if m != nil {
		opts.MetricsHandler = m.TemporalMetrics()
	}
	for {
		temporal, err := client.DialContext(ctx, opts)
		if err == nil {
			if err = setRetention(ctx, temporal, c.retention); err == nil {
				return temporal, nil
			}
			temporal.Close()
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func setRetention(ctx context.Context, c client.Client, retention time.Duration) error {
	service := c.WorkflowService()
	d, err := service.DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: namespace})
	if err != nil {
		return fmt.Errorf("describe namespace: %w", err)
	}
	if d.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration() == retention {
		return nil
	}
	_, err = service.UpdateNamespace(ctx, &workflowservice.UpdateNamespaceRequest{
		Namespace: namespace,
		Config:    &namespacepb.NamespaceConfig{WorkflowExecutionRetentionTtl: durationpb.New(retention)},
	})
	if err != nil {
		return fmt.Errorf("set retention: %w", err)
	}
	return nil
}

// announce tells people and programs where the server is.
func announce(s settings, c serverConfig, dir *dataDir, stdout, stderr io.Writer) error {
	here := running{Address: c.address(), UIURL: c.uiURL(), PID: os.Getpid()}
	if err := writeJSON(dir.state, here); err != nil {
		return fmt.Errorf("write %s: %w", dir.state, err)
	}
	if s.readyFile != "" {
		if err := writeJSON(s.readyFile, here); err != nil {
			return fmt.Errorf("write the ready file: %w", err)
		}
	}
	fmt.Fprintf(stdout, "Temporal %s  %s  (namespace %s, closed workflows are kept %s)\nWeb UI           "+
		"%s\nDatabase         %s\nServer log       %s\n",
		headers.ServerVersion, here.Address, namespace, days(c.retention),
		temporalopts.WebAt(here.UIURL, namespace).List(), c.database, c.logFile)
	if dir.warning != "" {
		fmt.Fprintf(stderr, "warning: %s\n", dir.warning)
	}
	who := "every user and program of this machine"
	if ip := net.ParseIP(c.ip); ip == nil || !ip.IsLoopback() {
		who = "all who reach " + c.ip
	}
	fmt.Fprintf(stderr, "warning: %s can read and end workflows, start runs and move watermarks: this server asks for "+
		"no password\n", who)
	return nil
}

// days prints whole days as such: 720h0m0s says nothing to anybody.
func days(d time.Duration) string {
	if d%(24*time.Hour) != 0 {
		return d.String()
	}
	return human.Count(int64(d/(24*time.Hour)), "day")
}
