package scene

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

const workerConfig = `connections:
  shop: { dsn: "${SHOP_DSN}" }
  warehouse: { dsn: "${WAREHOUSE_DSN}" }
staging: { url: %q, shared: true }
defaults: { sourceConnection: shop, targetConnection: warehouse, overlap: 10s }
tables:
  - { name: shop.orders, cursor: updated_at%s }
%s`

// StageAt makes the next workers stage at a URL, so many of them; "" and 0 are the defaults.
func (s *Scene) StageAt(url string, workers int) { s.options.Staging, s.options.Workers = url, workers }

// Configure gives the next workers another configuration of the table: see Options.Config.
func (s *Scene) Configure(config string) { s.options.Config = config }

// SetEnv gives the next workers further variables, NAME=value each.
func (s *Scene) SetEnv(variables ...string) { s.options.Env = variables }

// StartWorker makes the target's schema again and runs the worker binary as people do, with its
// log in a file.
func (s *Scene) StartWorker(ctx context.Context) error {
	for _, q := range []string{"DROP DATABASE IF EXISTS shop", "CREATE DATABASE shop"} {
		if _, err := s.TargetDB.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	staging := s.options.Staging
	if staging == "" {
		folder := filepath.Join(s.Dir, "staging")
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return err
		}
		staging = "file://" + folder
	}
	if err := os.WriteFile(s.ConfigFile(), fmt.Appendf(nil, workerConfig, staging, s.options.Config,
		s.options.Tables), 0o600); err != nil {
		return err
	}
	logFile, err := os.Create(s.LogFile())
	if err != nil {
		return err
	}
	s.closers = append(s.closers, s.StopWorker)
	return s.startAll(logFile)
}

// startAll starts the workers by the configuration that is there.
func (s *Scene) startAll(logFile *os.File) error {
	for range max(1, s.options.Workers) {
		worker, err := s.startOne(logFile)
		if err != nil {
			return fmt.Errorf("start the worker: %w", err)
		}
		s.Say("worker: pid %d, log %s", worker.Process.Pid, s.LogFile())
		if s.Worker == nil {
			s.Worker = worker
		} else {
			s.others = append(s.others, worker)
		}
	}
	return nil
}

func (s *Scene) startOne(logFile *os.File) (*exec.Cmd, error) {
	binary := cmp.Or(s.options.Worker, "bin/tablehaul-worker")
	worker := exec.Command(binary, "--config", s.ConfigFile()) //nolint:noctx // StopWorker stops it by SIGTERM
	worker.Env = append(s.environment(), s.options.Env...)
	worker.Stdout, worker.Stderr = logFile, logFile
	return worker, worker.Start()
}

// Command is the command line, told where everything is.
func (s *Scene) Command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "bin/tablehaul", append([]string{"--config", s.ConfigFile()}, args...)...)
	cmd.Env = s.environment()
	return cmd
}

func (s *Scene) environment() []string {
	return append(os.Environ(), "SHOP_DSN="+s.SourceDSN(), "WAREHOUSE_DSN="+s.TargetDSN(),
		"TEMPORAL_ADDRESS="+s.Temporal.Address)
}

// KillWorker kills the workers, as a crash of their machine does, and starts others on the same target.
func (s *Scene) KillWorker() error {
	logFile, err := os.OpenFile(s.LogFile(), os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	for _, worker := range append([]*exec.Cmd{s.Worker}, s.others...) {
		_ = worker.Process.Kill()
		_ = worker.Wait()
	}
	s.Worker, s.others = nil, nil
	return s.startAll(logFile)
}

// workerTime bounds a worker's start.
const workerTime = 30 * time.Second

// AwaitWorker waits until the worker whose log is [Scene.LogFile] takes work.
func (s *Scene) AwaitWorker(ctx context.Context) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(workerTime); ; {
		log, err := os.ReadFile(s.LogFile())
		if err != nil {
			return fmt.Errorf("wait for the worker: %w", err)
		}
		if bytes.Contains(log, []byte("worker started")) {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("the worker does not start; its log ends with %.500s", log[max(0, len(log)-500):])
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// StopWorker ends the workers, whose running steps end first. StartWorker starts others.
func (s *Scene) StopWorker() {
	if s.Worker == nil {
		return
	}
	all := append([]*exec.Cmd{s.Worker}, s.others...)
	for _, worker := range all {
		_ = worker.Process.Signal(syscall.SIGTERM)
	}
	for _, worker := range all {
		_ = worker.Wait()
	}
	s.Worker, s.others = nil, nil
}

// ConfigFile and LogFile are the worker's.
func (s *Scene) ConfigFile() string { return filepath.Join(s.Dir, "tablehaul.yaml") }

// LogFile is where the worker's log goes.
func (s *Scene) LogFile() string { return filepath.Join(s.Dir, "worker.log") }
