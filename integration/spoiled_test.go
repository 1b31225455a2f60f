package integration_test

import (
	"context"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/app"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/staging/file"
)

// faulty is the file store with a hook after each file that it has written, by folder.
type faulty struct {
	staging.Store
	folder string
}

var hooks struct {
	sync.Mutex
	written map[string]func(path string) error
}

func init() {
	hooks.written = map[string]func(string) error{}
	staging.Register("faulty", func(u *url.URL) (staging.Store, error) {
		s, err := file.Open(u.Path)
		return faulty{s, u.Path}, err
	})
}

func (s faulty) after(key string, err error) error {
	hooks.Lock()
	f := hooks.written[s.folder]
	hooks.Unlock()
	if err != nil || f == nil {
		return err
	}
	return f(filepath.Join(s.folder, key))
}

func (s faulty) Put(ctx context.Context, key string, r io.Reader) error {
	return s.after(key, s.Store.Put(ctx, key, r))
}

func (s faulty) PutNew(ctx context.Context, key string, r io.Reader) error {
	return s.after(key, s.Store.PutNew(ctx, key, r))
}

func (s faulty) SweepTemp(older time.Duration) (int, error) {
	return s.Store.(*file.Store).SweepTemp(older)
}

// onWritten calls f for each staged file of a product that was started with faulty staging,
// once it is complete; an error of f is that of the write.
func (p *product) onWritten(f func(path string) error) {
	hooks.Lock()
	defer hooks.Unlock()
	hooks.written[p.staging()] = f
}

// startFaulty starts a product whose staging has hooks, with changes to its configuration.
func startFaulty(t *testing.T, o options, changes ...func(*config.Config)) *product {
	t.Helper()
	o.idle = true
	p := start(t, o)
	cfg, err := config.LoadFile(p.config(), os.Getenv)
	require.NoError(t, err)
	cfg.Staging.URL = strings.Replace(cfg.Staging.URL, "file:", "faulty:", 1)
	for _, change := range changes {
		change(cfg)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- app.RunWorker(ctx, app.WorkerOptions{
			Config: cfg, Getenv: os.Getenv, Client: p.client,
			TaskQueue: p.queue,
		})
	}()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-done)
	})
	return p
}

// spoil changes a file in place.
func spoil(path string, change func([]byte) []byte) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, change(b), 0o600)
}

func flipped(b []byte) []byte { b[len(b)/3] ^= 1; return b }

func half(b []byte) []byte { return b[:len(b)/2] }
