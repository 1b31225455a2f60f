package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/clock"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/table"
)

const (
	// lookEvery is the pause between two looks at the file.
	lookEvery = 2 * time.Second
	// settleFor is how long a file has to stay the same before it is read: a program may still write it.
	settleFor = 500 * time.Millisecond
	// settleTries bounds the looks at a file that changes all the time; the next look goes on.
	settleTries = 20
)

// A reloader takes over what the configuration's file has become: when the file changes, and at SIGHUP. It takes over
// the whole file or nothing of it, and says which in the log.
type reloader struct {
	live    *live
	pools   *pools
	monitor *Monitor
	getenv  func(string) string
	log     *slog.Logger
	// every is the pause between two looks; 0 is lookEvery. settle is that of settleFor.
	every, settle time.Duration

	// seen is the content that was taken over or refused last.
	seen []byte
}

// start begins to watch the file, where the configuration has one. The function it returns ends that.
func (r *reloader) start(ctx context.Context) (stop func()) {
	file := r.live.now().File
	if file == "" {
		return func() {}
	}
	if r.every == 0 {
		r.every, r.settle = lookEvery, settleFor
	}
	hup := make(chan os.Signal, 1)
	if !term.IsTerminal(int(os.Stdin.Fd())) { // a terminal that is closed ends what runs in it
		signal.Notify(hup, syscall.SIGHUP)
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer signal.Stop(hup)
		r.watch(ctx, file, hup)
	}()
	return func() {
		cancel()
		<-done
	}
}

func (r *reloader) watch(ctx context.Context, file string, hup <-chan os.Signal) {
	tick := time.NewTicker(r.every)
	defer tick.Stop()
	for asked := false; ; {
		r.look(ctx, file, asked)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			asked = false
		case <-hup:
			asked = true
		}
	}
}

// look reads the file where it has changed, or where a person asks for it: secrets in other files may have changed.
func (r *reloader) look(ctx context.Context, file string, asked bool) {
	content, err := os.ReadFile(file)
	if err == nil && bytes.Equal(content, r.seen) && !asked {
		return
	}
	if err != nil && !asked {
		return // a program may be replacing it
	}
	content, next, err := r.read(ctx, file)
	switch {
	case ctx.Err() != nil:
		return
	case errors.Is(err, errUnsettled) && !asked:
		return // the next look comes soon
	case err != nil:
		r.seen = content
		r.refuse(file, err)
		return
	}
	r.seen = content
	r.take(next, asked)
}

var errUnsettled = errors.New("the file changes all the time")

// read reads the file when it stays the same for a moment.
func (r *reloader) read(ctx context.Context, file string) ([]byte, *config.Config, error) {
	before, err := os.ReadFile(file)
	for range settleTries {
		if err != nil {
			return nil, nil, err
		}
		if err := clock.Sleep(ctx, r.settle); err != nil {
			return nil, nil, err
		}
		after, readErr := os.ReadFile(file)
		if readErr == nil && bytes.Equal(before, after) {
			var mode fs.FileMode
			if info, err := os.Stat(file); err == nil {
				mode = info.Mode()
			}
			cfg, err := config.LoadAs(file, bytes.NewReader(after), mode, r.getenv)
			return after, cfg, err
		}
		before, err = after, readErr
	}
	return nil, nil, errUnsettled
}

// refuse says that the configuration in use stays.
func (r *reloader) refuse(file string, err error) {
	r.note(false, "")
	r.log.Error("configuration not taken over, the one in use stays", "config", file, "error", err,
		"do", "correct the file: tablehaul config check")
}

// note keeps for metrics and for status whether the file is in use. restart names what only a worker that starts takes
// over.
func (r *reloader) note(taken bool, restart string) {
	r.monitor.metrics.ConfigRead(taken)
	if taken {
		r.live.refused.Store(nil)
		return
	}
	r.live.refused.Store(&api.RefusedConfig{Since: time.Now().UTC(), Restart: restart})
}

// take takes a configuration over, unless a part of it needs a worker that starts.
func (r *reloader) take(next *config.Config, asked bool) {
	from := r.live.now()
	changes := config.Changes(from, next)
	if late := config.NeedsRestart(changes); len(late) > 0 {
		r.note(false, texts(late))
		r.log.Error("configuration not taken over, the one in use stays", "config", next.File,
			"error", fmt.Sprintf("only a worker that starts takes over %s", texts(late)), "do", "restart the worker")
		return
	}
	r.note(true, "")
	if len(changes) == 0 {
		if asked {
			r.log.Info("configuration read again, nothing has changed", "config", next.File)
		}
		return
	}
	r.live.set(next)
	for name, conn := range from.Connections {
		if after, ok := next.Connections[name]; !ok || after != conn {
			r.pools.retire(name)
		}
	}
	r.know(next)
	r.log.Info("configuration taken over; runs that go on keep the settings that they were planned with",
		"config", next.File, "changed", texts(changes), "tables", len(next.Tables()), "patterns", len(next.Patterns()))
}

// know makes and removes the series of tables.
func (r *reloader) know(next *config.Config) {
	r.monitor.metrics.ForgetUnless(func(name string) bool { // tables of patterns, too
		n, err := table.ParseName(name)
		if err == nil {
			_, err = next.Table(n)
		}
		return err == nil
	})
	for _, t := range next.Tables() {
		r.monitor.metrics.Know(t.Name.String(), expected(t))
	}
}

func texts(all []config.Change) string {
	out := make([]string, len(all))
	for i, c := range all {
		out[i] = c.String()
	}
	return strings.Join(out, "; ")
}
