package app

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/metrics"
	"github.com/tablehaul/tablehaul/internal/table"
)

const reloaded = `
connections:
  shop: { dsn: "r:S3NT1NEL@tcp(127.0.0.1:1)/" }
staging: { url: "file:///tmp/x" }
defaults: { sourceConnection: shop, targetConnection: shop }
tables:
  - { name: a.one, target: b.one, cursor: updated_at }
`

// reloading is a worker's configuration in a file, and the log of what becomes of it.
type reloading struct {
	*testing.T
	file string
	live *live
	log  lockedLog
	hup  chan os.Signal
	r    *reloader
}

type lockedLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func newReloading(t *testing.T) *reloading {
	t.Helper()
	w := &reloading{T: t, file: filepath.Join(t.TempDir(), "tablehaul.yaml"), hup: make(chan os.Signal, 1)}
	w.write(reloaded)
	cfg, err := config.LoadFile(w.file, os.Getenv)
	require.NoError(t, err)
	w.live = newLive(cfg)
	w.r = &reloader{
		live: w.live, pools: newPools(w.live), monitor: &Monitor{metrics: metrics.New(&metrics.Ready{})},
		getenv: os.Getenv, log: slog.New(slog.NewTextHandler(&w.log, nil)),
		every: 5 * time.Millisecond, settle: time.Millisecond,
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.r.watch(ctx, w.file, w.hup)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return w
}

// write replaces the file as an editor does.
func (w *reloading) write(text string) {
	w.Helper()
	require.NoError(w, os.WriteFile(w.file+".new", []byte(text), 0o600))
	require.NoError(w, os.Rename(w.file+".new", w.file))
}

// change replaces a text of the file, and waits for what the log says then.
func (w *reloading) change(from, to, want string) {
	w.Helper()
	w.write(strings.Replace(reloaded, from, to, 1))
	w.await(want)
}

func (w *reloading) await(want string) {
	w.Helper()
	require.Eventually(w, func() bool { return strings.Contains(w.log.String(), want) }, time.Minute,
		time.Millisecond, "the log has no %q", want)
}

func (w *reloading) cursor() string {
	t, err := w.live.now().Table(table.Name{Schema: "a", Table: "one"})
	require.NoError(w, err)
	return t.Cursor
}

func TestAFileThatChangesIsTakenOver(t *testing.T) {
	w := newReloading(t)
	w.change("cursor: updated_at", "cursor: created_at, minLag: 5s", `changed="table a.one: cursor, minLag"`)
	require.Equal(t, "created_at", w.cursor())
	w.change("S3NT1NEL", "S3NT1NEL2", `connection shop: dsn`)
	require.NotContains(t, w.log.String(), "S3NT1NEL")
}

// A table that the file no longer has leaves no gauges, also one of a name with a *.
func TestTablesThatAreGoneHaveNoGauges(t *testing.T) {
	w := newReloading(t)
	const family = "cursor: updated_at }\n  - { name: \"a.log_*\", target: \"b.log_*\", cursor: updated_at }"
	w.change("cursor: updated_at }", family, "patterns=1")
	w.r.monitor.metrics.State(metrics.TableState{Table: "a.log_1", FreshAt: time.Now()})
	w.r.monitor.metrics.State(metrics.TableState{Table: "a.one", FreshAt: time.Now()})
	w.change("cursor: updated_at }", "cursor: created_at }", "patterns=0")
	n, err := testutil.GatherAndCount(w.r.monitor.metrics.Registerer().(prometheus.Gatherer),
		"tablehaul_freshness_lag_seconds")
	require.NoError(t, err)
	require.Equal(t, 1, n, "that of a.one")
}

// A broken file, and one that only a new worker takes over, change nothing.
func TestABrokenFileIsRefusedAsAWhole(t *testing.T) {
	w := newReloading(t)
	for to, want := range map[string]string{
		"cursor: created_at, minLagg: 5s":               "did you mean minLag?",
		"cursor: \"created_at":                          "not valid YAML",
		"cursor: created_at }\nworker: { activities: 3": "only a worker that starts takes over worker: activities",
	} {
		w.change("cursor: updated_at", to, want)
		require.Contains(t, w.log.String(), "configuration not taken over, the one in use stays")
		require.Equal(t, "updated_at", w.cursor())
	}
	require.NoError(t, os.Remove(w.file)) // a program may be replacing it
	w.change("cursor: updated_at", "cursor: created_at", `changed="table a.one: cursor"`)
}

// At SIGHUP the file is read again, and with it the secrets that other files hold.
func TestSIGHUPReadsSecretsAgain(t *testing.T) {
	w := newReloading(t)
	secret := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(secret, []byte("one\n"), 0o600))
	w.change("S3NT1NEL", "${file:"+secret+"}", "connection shop: dsn")
	require.Contains(t, w.live.now().Connections["shop"].DSN.Reveal(), ":one@")
	w.hup <- syscall.SIGHUP
	w.await("configuration read again, nothing has changed")
	require.NoError(t, os.WriteFile(secret, []byte("two\n"), 0o600))
	w.hup <- syscall.SIGHUP
	require.Eventually(t, func() bool {
		return strings.Contains(w.live.now().Connections["shop"].DSN.Reveal(), ":two@")
	}, time.Minute, time.Millisecond)
	require.NoError(t, os.WriteFile(w.file, []byte("tables: ["), 0o600))
	w.hup <- syscall.SIGHUP
	w.await("the one in use stays")
	require.Contains(t, w.live.now().Connections["shop"].DSN.Reveal(), ":two@")
}

// A file that a program writes piece by piece is not read in between: what it has for a moment may be valid.
func TestAFileThatIsStillWrittenIsNotRead(t *testing.T) {
	whole := strings.Replace(reloaded, "cursor: updated_at", "cursor: created_at", 1) +
		"  - { name: a.two, target: b.two }\n"
	var reads int
	r := &reloader{getenv: os.Getenv, settle: time.Millisecond}
	ctx := t.Context()
	stop := make(chan struct{})
	done := make(chan struct{})
	own := filepath.Join(t.TempDir(), "own.yaml")
	require.NoError(t, os.WriteFile(own, []byte(whole), 0o600))
	go func() {
		defer close(done)
		for i := 0; ; i++ {
			select {
			case <-stop:
				_ = os.WriteFile(own, []byte(whole), 0o600)
				return
			default:
				_ = os.WriteFile(own, []byte(whole[:len(whole)-i%30]), 0o600)
			}
		}
	}()
	for reads < 20 {
		content, cfg, err := r.read(ctx, own)
		reads++
		if err == nil {
			require.Len(t, cfg.Tables(), 1+bytes.Count(content, []byte("a.two")), "the content and what it gives agree")
		}
	}
	close(stop)
	<-done
	content, cfg, err := r.read(ctx, own)
	require.NoError(t, err)
	require.Equal(t, whole, string(content))
	require.Len(t, cfg.Tables(), 2)
}
