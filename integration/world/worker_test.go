package world_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/process"
)

// stopGrace is above the half minute that a worker lets its steps end.
const stopGrace = 40 * time.Second

// writeConfig writes the configuration as the world has it now.
func (w *world) writeConfig() (path string, err error) {
	staging := filepath.Join(w.dir, "staging")
	if err := os.MkdirAll(staging, 0o700); err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("connections:\n")
	fmt.Fprintf(&b, "  shop: { dsn: %q }\n", w.toSource.DSN(w.source.DSN("")))
	fmt.Fprintf(&b, "  warehouse: { dsn: %q }\n", w.toTarget.DSN(w.target.DSN("")))
	if w.spare != nil {
		fmt.Fprintf(&b, "  elsewhere: { dsn: %q }\n", w.spare.DSN(""))
	}
	fmt.Fprintf(&b, "staging: { url: %q, sweepAfter: 0s }\nworker: { host: here }\n", "file://"+staging)
	fmt.Fprintf(&b, "defaults: { sourceConnection: shop, targetConnection: warehouse%s }\ntables:\n", w.defaults)
	for _, t := range w.tables {
		e := w.entries[t.name]
		fmt.Fprintf(&b, "  - { name: %s.%s, target: %s", w.schema, t.name, e.target)
		if t.cursor.column != "" && !e.whole {
			fmt.Fprintf(&b, ", cursor: %s", t.cursor.column)
		}
		if e.connection != "" {
			fmt.Fprintf(&b, ", targetConnection: %s", e.connection)
		}
		b.WriteString(e.more + " }\n")
	}
	path = filepath.Join(w.dir, "tablehaul.yaml")
	return path, os.WriteFile(path, []byte(b.String()), 0o600)
}

// startWorker starts a worker by the configuration as it is now.
func (w *world) startWorker() error {
	config, err := w.writeConfig()
	if err != nil {
		return err
	}
	binary, err := workerBinary()
	if err != nil {
		return err
	}
	log, err := os.OpenFile(w.workerLog(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the child has it
	cmd := exec.Command(binary, "--config", config, "--task-queue", w.queue, "--nice", "0")
	cmd.Env = append(os.Environ(), "TEMPORAL_ADDRESS="+w.stage.temporal.Address)
	cmd.Stdout, cmd.Stderr = log, log
	w.worker, err = process.Start(cmd)
	return err
}

// restartWorker ends the worker, as a deployment does or as a crash, and starts another.
func (w *world) restartWorker(kill bool) error {
	end := func() error { return w.worker.Stop(stopGrace) }
	if kill {
		end = w.worker.Kill
	}
	if err := end(); err != nil {
		return err
	}
	return w.startWorker()
}

func (w *world) workerLog() string { return filepath.Join(w.dir, "worker.log") }

// logTail are the worker's last lines.
func (w *world) logTail() string {
	text, err := os.ReadFile(w.workerLog())
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-15):], "\n")
}
