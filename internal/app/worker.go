package app

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/staging"
	_ "github.com/tablehaul/tablehaul/internal/staging/file" // file:// URLs
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/workflows"
)

// stopTimeout is how long a worker that is told to stop lets its steps end. A chunk's
// transaction takes a second and a page of the source at most five; a longer step is given up
// and begun again by another worker.
const stopTimeout = 30 * time.Second

// maxActivities bounds the steps that one worker runs at once. Each may hold a row group of a
// staged file, so this bounds its memory as well.
const maxActivities = 32

// heartbeats is how often a step's heartbeat is really sent. The SDK's default, most of the
// heartbeat timeout, would let a cancel and a wait's reason arrive a quarter of a minute late.
const heartbeats = 2 * time.Second

// WorkerOptions are what a worker needs. ConfigFile or Config is required.
type WorkerOptions struct {
	// ConfigFile is the path of tablehaul.yaml; Config is used instead where it is set.
	ConfigFile string
	Config     *config.Config
	// Getenv reads the environment: secrets of the configuration, Temporal's settings.
	Getenv func(string) string
	// Client is the Temporal client to use, of Namespace, which is "default" where it is empty;
	// nil dials by Temporal's own settings, namespace included.
	Client    client.Client
	Namespace string
	// TaskQueue is workflows.TaskQueue where it is empty.
	TaskQueue string
	// Log gets a line per step; nil discards.
	Log *slog.Logger
	// Ready is called once the worker polls; may be nil.
	Ready func()
}

// RunWorker runs a worker until ctx ends, then lets running chunks end. It returns nil after
// an orderly stop, and an error where the configuration, the staging or Temporal refuse.
func RunWorker(ctx context.Context, o WorkerOptions) error {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	cfg := o.Config
	if cfg == nil {
		var err error
		if cfg, err = config.LoadFile(o.ConfigFile, o.Getenv); err != nil {
			return err
		}
	}
	store, err := staging.Open(cfg.Staging.URL)
	if err != nil {
		return fmt.Errorf("staging.url: %w", err)
	}
	c, namespace := o.Client, cmp.Or(o.Namespace, client.DefaultNamespace)
	if c == nil {
		if c, err = DialTemporal(ctx, o.Getenv, o.Log); err != nil {
			return err
		}
		defer c.Close()
		opts, err := temporalOptions(o.Getenv)
		if err != nil {
			return err
		}
		namespace = opts.Namespace
	}
	attributes := newSearchable(c, namespace, o.Log)
	attributes.known(ctx) // adds what is missing
	pools := newPools(cfg)
	defer pools.close()

	queue := o.TaskQueue
	if queue == "" {
		queue = workflows.TaskQueue
	}
	fatal := make(chan error, 1)
	w := worker.New(c, queue, worker.Options{
		WorkerStopTimeout:                  stopTimeout,
		MaxConcurrentActivityExecutionSize: maxActivities,
		MaxHeartbeatThrottleInterval:       heartbeats,
		OnFatalError:                       func(err error) { fatal <- err },
	})
	workflows.Register(w)
	activities.Register(w, activities.New(activities.Deps{
		Settings:   func(n table.Name) (activities.Settings, error) { return settings(cfg, n) },
		Source:     pools.source,
		Target:     pools.target,
		Store:      store,
		Client:     c,
		Searchable: attributes.known,
		Log:        o.Log,
	}))
	if err := w.Start(); err != nil {
		return fmt.Errorf("start the worker: %w", err)
	}
	o.Log.Info("worker started", "taskQueue", queue, "tables", len(cfg.Tables()), "patterns", len(cfg.Patterns()))
	if o.Ready != nil {
		o.Ready()
	}
	select {
	case <-ctx.Done():
		o.Log.Info("worker stopping, running chunks end first", "atMost", stopTimeout)
		w.Stop()
		return nil
	case err := <-fatal:
		w.Stop()
		return fmt.Errorf("worker: %w", err)
	}
}

// temporalLogger adapts slog to the SDK's interface.
func temporalLogger(l *slog.Logger) sdklog.Logger { return sdklog.NewStructuredLogger(l) }
