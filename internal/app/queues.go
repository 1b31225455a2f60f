package app

import (
	"fmt"
	"os"
	"sync"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/workflows"
)

// pingSlots is how many pings a host answers at once; an answer takes no time.
const pingSlots = 4

// workers are the pollers of one process: of the task queue that all workers serve and, where
// files are not shared, of the queues of its host.
type workers struct {
	queue string
	// hostQueue is "" where every worker sees all files.
	hostQueue string
	// identity is what Temporal shows of this process.
	identity string
	all      []worker.Worker
	// pings answers for the host, and is none of all; nil where hostQueue is "".
	pings worker.Worker
	fatal chan error
}

func newWorkers(o WorkerOptions, cfg *config.Config, c client.Client, deps activities.Deps) (*workers, error) {
	w := &workers{queue: o.TaskQueue, fatal: make(chan error, 3)}
	if w.queue == "" {
		w.queue = workflows.TaskQueue
	}
	host, err := hostOf(cfg)
	if err != nil {
		return nil, err
	}
	w.identity = fmt.Sprintf("%d@%s", os.Getpid(), host)
	if !cfg.Staging.Shared && !staging.Shared(deps.Store) {
		w.hostQueue = activities.HostQueue(w.queue, host)
	}
	if deps.Deployment != "" {
		deps.Deployment += "/" + w.queue
	}
	deps.TaskQueue, deps.HostQueue, deps.SweepAfter = w.queue, w.hostQueue, cfg.Staging.SweepAfter
	a := activities.New(deps)

	main := worker.New(c, w.queue, w.options(o, cfg.Worker))
	workflows.Register(main)
	activities.Register(main, a)
	w.all = append(w.all, main)
	if w.hostQueue == "" {
		return w, nil
	}
	opts := w.options(o, cfg.Worker)
	opts.DisableWorkflowWorker = true
	local := worker.New(c, w.hostQueue, opts)
	activities.Register(local, a)

	opts.MaxConcurrentActivityExecutionSize = pingSlots
	opts.MaxConcurrentActivityTaskPollers = 2
	w.pings = worker.New(c, activities.PingQueue(w.hostQueue), opts)
	activities.RegisterPing(w.pings, a)
	w.all = append(w.all, local)
	return w, nil
}

// hostOf is the name of the machine that has this worker's files.
func hostOf(cfg *config.Config) (string, error) {
	if cfg.Worker.Host != "" {
		return cfg.Worker.Host, nil
	}
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "", fmt.Errorf("this machine has no host name: set worker.host: %w", err)
	}
	return name, nil
}

func (w *workers) options(o WorkerOptions, tuning config.Worker) worker.Options {
	opts := worker.Options{
		Identity:                               w.identity,
		WorkerStopTimeout:                      stopTimeout,
		DeadlockDetectionTimeout:               deadlockAfter,
		MaxConcurrentActivityExecutionSize:     tuning.Activities,
		MaxConcurrentWorkflowTaskExecutionSize: tuning.WorkflowTasks,
		MaxConcurrentActivityTaskPollers:       tuning.Pollers,
		MaxConcurrentWorkflowTaskPollers:       tuning.Pollers,
		MaxHeartbeatThrottleInterval:           heartbeats,
		OnFatalError: func(err error) {
			select {
			case w.fatal <- err:
			default: // an earlier one ends the worker already
			}
		},
	}
	if o.Deployment != "" {
		opts.DeploymentOptions = worker.DeploymentOptions{
			UseVersioning: true,
			Version:       worker.WorkerDeploymentVersion{DeploymentName: o.Deployment, BuildID: o.Build},
			// Every version replays what earlier ones have begun, so nothing need stay behind.
			DefaultVersioningBehavior: workflow.VersioningBehaviorAutoUpgrade,
		}
	}
	return opts
}

func (w *workers) start() error {
	for i, one := range w.all {
		if err := one.Start(); err != nil {
			w.all, w.pings = w.all[:i], nil
			w.stop()
			return err
		}
	}
	if w.pings == nil {
		return nil
	}
	err := w.pings.Start()
	if err != nil {
		w.pings = nil
		w.stop()
	}
	return err
}

// stop lets running steps end, on all queues at once. Meanwhile the host answers pings: a run that waits for a step of
// its host would otherwise take the host for gone before the worker is back.
func (w *workers) stop() {
	var done sync.WaitGroup
	for _, one := range w.all {
		done.Go(one.Stop)
	}
	done.Wait()
	if w.pings != nil {
		w.pings.Stop()
	}
}
