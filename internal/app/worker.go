package app

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/mask"
	"github.com/tablehaul/tablehaul/internal/table"
)

// stopTimeout is how long a worker that gets SIGTERM lets its steps end. A chunk's transaction takes a second and a
// page of the source at most five; a longer step is cancelled and begun again by another worker.
const stopTimeout = 30 * time.Second

// deadlockAfter is how long a workflow may compute before the SDK takes it for blocked. Its default, a second, may
// pass before a busy machine gives the processor to a worker, which has a low priority there.
const deadlockAfter = time.Minute

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
	// Deployment and Build make the worker a version of a Worker Deployment; both or neither.
	Deployment, Build string
	// Log gets a line per step; nil discards.
	Log *slog.Logger
	// Now is this machine's clock, time.Now where it is nil.
	Now func() time.Time
	// Monitor is what Client was made with; nil makes one, which a given Client's own metrics are not part of.
	Monitor *Monitor
	// Ready is called once the worker polls; may be nil.
	Ready func()
	// Sizes bound what steps take at once; tests lower them.
	Sizes activities.Sizes
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
	l := newLive(cfg)
	for _, w := range cfg.Warnings {
		o.Log.Warn("the configuration", "warning", w.String())
	}
	store, err := openStaging(ctx, cfg.Staging.URL, o.Log)
	if err != nil {
		return err
	}
	monitor := o.Monitor
	if monitor == nil {
		if monitor, err = NewMonitor(cfg.Metrics); err != nil {
			return err
		}
	}
	if err := monitor.start(cfg, o.Log); err != nil { // before Temporal is there: it says that it is not
		return err
	}
	defer monitor.stop()
	c, namespace, hangUp, err := o.connect(ctx, monitor)
	if err != nil {
		return err
	}
	defer hangUp()
	deployment, err := namespaceID(ctx, c, namespace)
	if err != nil {
		o.Log.Warn("staging is not swept: the namespace's id is not known", "namespace", namespace, "error", err)
	}
	attributes := newSearchable(c, namespace, o.Log)
	attributes.known(ctx) // adds what is missing
	pools := newPools(l)
	defer pools.close()
	defer pools.probeConnections(ctx, o.Log)()
	o.Monitor = monitor
	defer (&reloader{live: l, pools: pools, monitor: monitor, getenv: o.Getenv, log: o.Log}).start(ctx)()
	return serve(ctx, o, l, c, activities.Deps{
		Settings:   func(n table.Name) (activities.Settings, error) { return settings(l.now(), n) },
		MaskKey:    func(n table.Name) mask.Key { return maskKey(l.now(), n) },
		Catalog:    func() activities.Catalog { return catalog(l.now(), l.refused.Load()) },
		Source:     pools.source,
		Target:     pools.target,
		Store:      store,
		Client:     c,
		Deployment: deployment, // of the namespace; the workers' task queue is added
		Searchable: attributes.known,
		Metrics:    monitor.metrics,
		Webhook:    l.webhook,
		Log:        o.Log,
		Sizes:      o.Sizes,
	})
}

// connect returns the client of Temporal and its namespace: those of the options, or of the environment. The caller
// calls hangUp at the end.
func (o *WorkerOptions) connect(
	ctx context.Context, monitor *Monitor,
) (c client.Client, namespace string, hangUp func(), err error) {
	c, namespace, hangUp = o.Client, cmp.Or(o.Namespace, client.DefaultNamespace), func() {}
	if c == nil {
		opts, err := temporalOptions(o.Getenv)
		if err != nil {
			return nil, "", nil, err
		}
		opts.MetricsHandler, namespace = monitor.TemporalMetrics(), opts.Namespace
		if c, err = connectTemporal(ctx, opts, o.Log); err != nil {
			return nil, "", nil, err
		}
		hangUp = c.Close
	}
	if err := checkServer(ctx, c, o.Log); err != nil {
		hangUp()
		return nil, "", nil, err
	}
	return c, namespace, hangUp, nil
}

// serve takes tasks until ctx ends.
func serve(ctx context.Context, o WorkerOptions, l *live, c client.Client, deps activities.Deps) error {
	cfg := l.now()
	w, err := newWorkers(o, cfg, c, deps)
	if err != nil {
		return err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	started := o.Now()
	if err := w.start(); err != nil {
		return fmt.Errorf("start the worker: %w", err)
	}
	if err := checkClock(ctx, c, w, started, o.Now, o.Log); err != nil {
		w.stop()
		return err
	}
	defer keepSweeping(ctx, c, w, cfg.Staging.SweepAfter, o.Log)()
	defer keepScheduling(ctx, c, l, w.queue, o.Log)()
	o.Log.Info("worker started", "taskQueue", w.queue, "hostQueue", w.hostQueue, "config", cfg.File,
		"tables", len(cfg.Tables()), "patterns", len(cfg.Patterns()))
	watching, stopWatching := context.WithCancel(ctx)
	defer stopWatching()
	go (&watcher{
		monitor: o.Monitor, live: l, client: c, queue: w.queue, identity: w.identity, log: o.Log,
	}).run(watching)
	if o.Ready != nil {
		o.Ready()
	}
	select {
	case <-ctx.Done():
		o.Monitor.ready.Set(errDraining)
		o.Log.Info("worker stopping, running chunks end first", "atMost", stopTimeout)
		w.stop()
		return nil
	case err := <-w.fatal:
		w.stop()
		return fmt.Errorf("worker: %w", err)
	}
}

// temporalLogger adapts slog to the SDK's interface.
func temporalLogger(l *slog.Logger) sdklog.Logger {
	return sdklog.NewStructuredLogger(slog.New(oneLine{l.Handler()}))
}
