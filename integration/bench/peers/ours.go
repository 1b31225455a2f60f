package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/tablehaul/tablehaul/internal/process"
)

// ourConfig has no overlap, as the other tools have none: changes follow each other within seconds here, and each run
// would read those of the last minute again.
const ourConfig = `connections:
  shop: { dsn: "${SHOP_DSN}" }
  warehouse: { dsn: "${WAREHOUSE_DSN}" }
staging: { url: "file://%s" }
defaults: { sourceConnection: shop, targetConnection: warehouse, overlap: 0s }
tables:
  - { name: shop.orders, cursor: updated_at, tuning: { %s } }
`

// startWorker runs bin/tablehaul-worker as people do, with logins that have the documented grants, and waits until it
// takes work: people have it running all the time.
func (a *arena) startWorker(ctx context.Context) (*process.Child, error) {
	staging := filepath.Join(a.work, "staging")
	if err := os.MkdirAll(staging, 0o700); err != nil {
		return nil, err
	}
	if err := os.WriteFile(a.ConfigFile(), fmt.Appendf(nil, ourConfig, staging, a.tuning), 0o600); err != nil {
		return nil, err
	}
	logFile, err := os.Create(a.LogFile())
	if err != nil {
		return nil, err
	}
	defer logFile.Close() //nolint:errcheck // the worker has it open by itself
	cmd := exec.Command("bin/tablehaul-worker", "--config", a.ConfigFile())
	cmd.Env = append(os.Environ(), "SHOP_DSN="+a.SourceDSN(), "WAREHOUSE_DSN="+a.TargetDSN(),
		"TEMPORAL_ADDRESS="+a.Temporal.Address)
	cmd.Stdout, cmd.Stderr = logFile, logFile
	child, err := process.Start(cmd)
	if err != nil {
		return nil, fmt.Errorf("start the worker: %w", err)
	}
	if err := a.AwaitWorker(ctx); err != nil {
		return nil, errors.Join(err, child.Stop(workerStop))
	}
	return child, nil
}

// workerStop is what the worker gets to end by itself; its staged files are ours to remove.
const workerStop = 10 * time.Second

// ours runs our tool: the workflow that people start, on a worker that is up.
func (a *arena) ours(ctx context.Context, p phase) (ran, error) {
	return a.watchOurs(func() error {
		result, err := a.Sync(ctx, p.String())
		a.Say("by our own count: longest transaction %.2f s, %d chunks", result.LongestTransaction, result.Chunks)
		return err
	})
}

// watchOurs measures what the worker does. Its memory is the worker's and the Temporal server's.
func (a *arena) watchOurs(do func() error) (ran, error) {
	var r ran
	roots := append([]int{a.worker.Pid()}, temporalServers()...)
	worker, all := watchMemory(roots[0]), watchMemory(roots...)
	start := time.Now()
	err := do()
	r.seconds = time.Since(start).Seconds()
	r.workerPeak, r.peak = worker(), all()
	return r, err
}

// temporalServers are those that this process started.
func temporalServers() (pids []int) {
	for pid, p := range processes() {
		if p.parent == os.Getpid() && strings.HasPrefix("tablehaul-standalone", p.name) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// peer runs another tool once, and says what it printed if it failed.
func (a *arena) peer(ctx context.Context, t tool, p phase) (ran, error) {
	var r ran
	cmd := t.command(a, p)
	logFile, err := os.Create(filepath.Join(a.Dir, "peer.log"))
	if err != nil {
		return r, err
	}
	defer logFile.Close() //nolint:errcheck // the tool has ended by then
	cmd.Dir, cmd.Stdout, cmd.Stderr = a.work, logFile, logFile
	start := time.Now()
	child, err := process.Start(cmd)
	if err != nil {
		return r, fmt.Errorf("start it: %w", err)
	}
	memory := watchMemory(child.Pid())
	select {
	case <-child.Done():
		err = child.Err()
	case <-ctx.Done():
		_ = syscall.Kill(-child.Pid(), syscall.SIGKILL) // the group, with all that it started
		<-child.Done()
		err = ctx.Err()
	}
	r.seconds, r.peak = time.Since(start).Seconds(), memory()
	if err != nil {
		text, _ := os.ReadFile(logFile.Name())
		return r, fmt.Errorf("%w: %s", err, lastComplaint(string(text)))
	}
	return r, nil
}
